"""The page of a stack: one HTML file that shows what its settings come to, without network and JavaScript."""
