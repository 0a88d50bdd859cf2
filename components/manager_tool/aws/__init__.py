"""AWS, asked with the manager's own rights."""
