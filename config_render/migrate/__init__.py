"""From what somebody else's program or hand set up to a stack's settings, without its secrets."""
