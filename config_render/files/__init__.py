"""Files of settings: read with the line of each value, laid over each other, described by a schema."""
