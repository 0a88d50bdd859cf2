"""How much settings may hold: what is far beyond any stack is refused before every rule looks at all of it."""

from collections.abc import Collection

from .problems import Location

MOST_VALUES = 500_000
_MOST_POOLS = 20_000
_MOST_ENTRIES = 5_000
_MOST_OF: dict[str | int, int] = {"pools": _MOST_POOLS, "zones": 100, "instanceTypes": 100}
"""A pool has an entry for each zone and type."""

_Place = tuple[str | int, "_Place | None"]


def too_much(content: Collection[object]) -> tuple[Location, str] | None:
    """Return where tables or lists hold more than they may, and what; None where all is well.

    A value that holds itself counts as one without end.
    """
    waiting: list[tuple[Collection[object], _Place | None]] = [(content, None)]
    total = 0
    while waiting:
        value, place = waiting.pop()
        size, most = len(value), _MOST_OF.get(place[0], _MOST_ENTRIES) if place else _MOST_ENTRIES
        if size > most:
            return _location(place), f"holds {size} {'keys' if isinstance(value, dict) else 'entries'}; at most {most}"
        total += size
        if total > MOST_VALUES:
            return (), f"holds more than {MOST_VALUES} keys and values"
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [(each, (key, place)) for key, each in inner if isinstance(each, dict | list | tuple)]
    return None


def _location(place: _Place | None) -> Location:
    parts: list[str | int] = []
    while place:
        part, place = place
        parts.append(part if isinstance(part, int) else str(part))
    return tuple(reversed(parts))
