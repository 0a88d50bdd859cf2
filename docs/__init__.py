"""The pages, and how Sphinx makes a site of them."""
