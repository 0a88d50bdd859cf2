"""The page of a stack, as HTML and in a real browser."""
