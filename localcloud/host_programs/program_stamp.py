"""What the download mirror puts into a program beside its code: its version and the recorded facts it needs."""

from __future__ import annotations

import json
import pkgutil
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def stamp() -> dict[str, Any]:
    """The stamp of this program; it exists in a downloaded program only, not in the repository."""
    data = pkgutil.get_data(__package__, "stamp.json")
    if data is None:
        raise FileNotFoundError("stamp.json")
    return dict(json.loads(data))
