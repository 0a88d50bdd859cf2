"""What docker-machine keeps on disk: a folder with `config.json` for each machine; `files` writes what is in it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-.]*")


class MachineMissingError(Exception):
    """No machine of this name is known here."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'Docker machine "{name}" does not exist. Use "docker-machine ls" to list machines. '
            'Use "docker-machine create" to add a new one.'
        )


class MachineDamagedError(Exception):
    """A machine has a folder, but no `config.json` that can be read."""


class Store:
    """The folder of all machines: MACHINE_STORAGE_PATH, or .docker/machine in the home folder."""

    def __init__(self, folder: str = "") -> None:
        self.folder = Path(folder or Path(os.environ.get("HOME", "/")) / ".docker" / "machine")

    def machine_folder(self, name: str) -> Path:
        """Where a machine's files are."""
        return self.folder / "machines" / name

    def names(self) -> list[str]:
        """All folders of machines, in alphabetical order; what can be read of them is another question.

        Source: `Filestore.List` in libmachine/persist/filestore.go of docker/machine.
        """
        machines = self.folder / "machines"
        return sorted(path.name for path in machines.glob("*/") if not path.name.startswith("."))

    def exists(self, name: str) -> bool:
        """Whether there is such a machine."""
        return (self.machine_folder(name) / "config.json").exists()

    def load(self, name: str) -> dict[str, Any]:
        """A machine's `config.json`. Raises `MachineMissingError` and `MachineDamagedError`."""
        path = self.machine_folder(name) / "config.json"
        if not NAME.fullmatch(name) or not path.parent.is_dir():
            raise MachineMissingError(name)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found, dict) and isinstance(found.get("Driver"), dict):
                return found
        except FileNotFoundError:
            raise MachineDamagedError(f"open {path}: no such file or directory") from None
        except ValueError:
            pass
        raise MachineDamagedError("Error getting migrated host: unexpected end of JSON input")

    def remove(self, name: str) -> None:
        """Forget a machine; a name that none can have is left alone, as it might lead out of the folder."""
        import shutil  # here, as no other command needs it

        if NAME.fullmatch(name):
            shutil.rmtree(self.machine_folder(name), ignore_errors=True)
