"""What the program and the tool on the manager agree on. Both import it, so it needs nothing of either."""
