"""docker+machine: what the manager may do to EC2."""
