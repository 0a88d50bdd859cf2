"""The executor docker+machine: entries of a pool, options of its driver, rights that it needs."""
