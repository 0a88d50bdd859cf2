"""The tables of the settings as a program writes them, by name: `PoolDict`, `MachineDict`, ... dicts.pyi has them.

A program needs no more than dicts when it runs. Their keys and values are checked with all other settings.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if not name.endswith("Dict"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return dict[str, Any]
