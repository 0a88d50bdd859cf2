"""A stand-in for docker-machine: its commands, files and calls to EC2, without ever reaching a machine by SSH."""
