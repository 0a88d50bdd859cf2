"""Rules that join several settings: mistakes, and what is legal but costly."""
