"""The recordings of real programs and services."""

import json
from pathlib import Path
from typing import Any

_RECORDINGS = Path(__file__).parents[2] / "localcloud" / "recordings"


def recording(name: str) -> Any:
    """Load one recording by its name, without .json."""
    return json.loads((_RECORDINGS / f"{name}.json").read_text())
