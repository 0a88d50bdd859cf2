"""What the installation has told of docker-autoscaler, for the steps after it and for the end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TypedDict, cast

from ...contract.documents import Installation
from ...host import STAGED, load, write

_FILE = STAGED / "autoscaler.json"


class Known(TypedDict):
    """As `FleetingPlugin` and `Installation` have it, of the last deployment that had such pools."""

    region: str
    key: str
    folder: str
    jobSeconds: int


def remember(spec: Installation) -> None:
    """Take it down. Without such pools it stays: their groups may still have instances."""
    if "plugin" in spec:
        plugin = spec["plugin"]
        kept: Known = {
            "region": plugin["region"],
            "key": plugin["key"],
            "folder": plugin["folder"],
            "jobSeconds": spec["jobSeconds"],
        }
        write(_FILE, json.dumps(kept))


def known() -> Known | None:
    """Return it; None where no pool ever had the executor."""
    return cast("Known | None", load(_FILE) or None)


def forget() -> None:
    """Remove plugins and key: the runner's life here has ended."""
    kept = known()
    if kept:
        shutil.rmtree(kept["folder"], ignore_errors=True)
        for name in (kept["key"], f"{kept['key']}.pub"):
            Path(name).unlink(missing_ok=True)
