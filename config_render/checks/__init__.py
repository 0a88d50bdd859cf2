"""Rules that join several settings: errors, and what is legal but costly."""
