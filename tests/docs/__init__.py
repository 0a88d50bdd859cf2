"""The pages of docs/ and the README: everything in them that can be executed is."""
