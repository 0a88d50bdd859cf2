"""What program, manager and AWS call the same things."""

from pathlib import PurePosixPath

KEY_PATH = PurePosixPath("/etc/gitlab-runner/worker-key")
"""The manager's private key for its workers; the public half lies beside it."""


def group_name(deployment: str, pool: str) -> str:
    """Return the name of a pool's Auto Scaling group.

    It has a slash, which no pool's name has: so no two deployments of an account have the same.
    """
    return f"{deployment}/{pool}"
