"""Runs on the manager, as root: installs the runner, joins config.toml with its secrets, takes it down again.

Standard library only, Python 3.9 or newer: the distribution's own runs it. Its steps can be repeated at any time: each
one replaces whole files by renaming, and leaves alone what is in place until the new has been checked.
"""
