"""What is installed on the manager, and the service that runs it."""
