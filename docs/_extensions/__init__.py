"""What writes the reference."""
