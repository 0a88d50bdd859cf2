"""What looks after the manager between two runs of Pulumi, and its end."""
