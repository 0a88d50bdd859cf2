"""Places in a file of somebody else's: paths such as `runners[0].machine.IdleCount` or `runners[0]."a.b"`."""

import json
import re
from collections.abc import Iterator, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PART = re.compile(r'\.?"(?:[^"\\]|\\.)*"|\.?[^."\[]+|\[\d+\]|.', re.DOTALL)


def below(place: str, key: str) -> str:
    """Return the place of a key of the table at `place`; quoted as TOML has it where it would be read as several."""
    spelled = key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
    return f"{place}.{spelled}" if place else spelled


def place_of(location: Sequence[str | int], within: str = "") -> str:
    """Return the place that keys and indexes lead to from the place `within`."""
    for part in location:
        within = f"{within}[{part}]" if isinstance(part, int) else below(within, part)
    return within


def around(place: str) -> Iterator[str]:
    """Yield a place, then the table or list that it is in, up to the outermost one."""
    for end in reversed([part.end() for part in _PART.finditer(place)]):
        yield place[:end]
