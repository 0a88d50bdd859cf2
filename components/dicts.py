"""Types of the settings that a program writes as dicts: `SettingsDict`, `PoolDict`, ... dicts.pyi has their keys.

Type checkers and editors read that file. When a program runs each is a plain dict, which the component checks.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if not name.endswith("Dict"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return dict[str, Any]
