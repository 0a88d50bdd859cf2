"""The week of a pool: which numbers of waiting machines hold when."""
