"""Stand-in for pulumi-command: what its calls fail with."""


class CommandError(Exception):
    """The text is the one that the person sees, worded as the real provider words it."""
