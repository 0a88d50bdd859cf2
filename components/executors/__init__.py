"""What each executor needs of AWS, a package for each."""
