"""AWS as whoever the manager is."""

from __future__ import annotations

from .api import Aws, Credentials


def account(region: str, secrets: dict[str, str]) -> Aws:
    """Return a region, asked as the stack's user where it has made one, else with the instance profile."""
    keys = (secrets.get("awsAccessKeyId", ""), secrets.get("awsSecretAccessKey", ""))
    return Aws(region, Credentials(*keys) if all(keys) else None)
