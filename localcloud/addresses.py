"""Where the parts of a running local cloud are."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "addresses.json"


@dataclass(frozen=True)
class Addresses:
    """URLs and ports on loopback, and the process that serves them."""

    pid: int
    aws: str
    gitlab: str
    mirror: str
    ssh_port: int
    control: str
    """The Unix socket on which plugins are started."""

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
