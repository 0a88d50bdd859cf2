"""Runs on the manager, as root: installs the runner, joins config.toml with its secrets, takes it down again.

The distribution's own Python runs it, 3.9 or newer, with the standard library and what the bundle takes along. Its
steps can be repeated at any time: each one replaces whole files by renaming, and leaves alone what is in place until
the new has been checked.
"""
