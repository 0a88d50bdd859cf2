"""docker-autoscaler: the Auto Scaling groups of pools, and what the manager may do to them."""
