"""docker-autoscaler on the manager: its plugin and key, its Auto Scaling groups, and the way over to it."""
