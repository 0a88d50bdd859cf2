"""The executor docker-autoscaler: policies of a pool, its Auto Scaling group, the user data of its machines."""
