"""What taskscaler keeps of its instances over a restart: a file each in a folder of the entry.

Its form is this stand-in's own; that it holds what it takes to connect, and the acquisitions, is read in provider.go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..private_files import write_private


class StateStorage:
    """The files of one entry; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        """Raises OSError where the folder can't be made."""
        self._folder = folder
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load(self, identity: str) -> dict[str, Any] | None:
        """What was kept of an instance, if anything."""
        if self._folder is None:
            return None
        try:
            kept: dict[str, Any] = json.loads((self._folder / f"{identity}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return kept

    def save(self, identity: str, **facts: Any) -> None:
        """Keep what is known of an instance."""
        if self._folder is not None:
            write_private(self._folder / f"{identity}.json", json.dumps(facts))

    def forget(self, identity: str) -> None:
        """The instance is no more."""
        if self._folder is not None:
            (self._folder / f"{identity}.json").unlink(missing_ok=True)
