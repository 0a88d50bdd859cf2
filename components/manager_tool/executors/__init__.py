"""What each executor needs on the manager, a package for each."""
