"""Where the parts of a running local cloud are."""

import json
import os
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = "addresses.json"
KEY = "alias/secrets"
"""The emulated AWS's key for secrets of stacks, where it has one."""


@cache
def aws_client(endpoint: str, service: str, region: str = "eu-central-1") -> Any:
    """A boto3 client of an emulated account; it takes 20 ms to make one, and all threads may have the same."""
    import boto3

    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return boto3.client(service, region_name=region, endpoint_url=endpoint, **keys)


@dataclass(frozen=True)
class Addresses:
    """URLs and ports on loopback, and the process that serves them."""

    pid: int
    aws: str
    gitlab: str
    gitlab_https: str
    gitlab_authority: str
    """Whom to trust for that: the text of a certificate."""
    mirror: str
    ssh_port: int
    control: str
    """The Unix socket on which plugins are started."""
    real: dict[str, str]
    """The versions of the real programs in use, by name; of the others there are stand-ins."""

    def save(self, folder: Path) -> None:
        """Write them to `folder`; whoever waits for the file never sees a half of it."""
        scratch = folder / f"{_FILE}.new"
        scratch.write_text(json.dumps(asdict(self)))
        scratch.rename(folder / _FILE)

    @staticmethod
    def load(folder: Path) -> "Addresses | None":
        """Return what `save` wrote, or None where no local cloud runs from `folder`."""
        try:
            addresses = Addresses(**json.loads((folder / _FILE).read_text()))
            os.kill(addresses.pid, 0)
        except (FileNotFoundError, ProcessLookupError):
            return None
        return addresses

    @staticmethod
    def remove(folder: Path) -> None:
        """Forget them: the local cloud has stopped."""
        (folder / _FILE).unlink(missing_ok=True)
