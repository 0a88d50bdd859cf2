"""Making sure that the check takes what a conversion returns: the rest is left out, asked for, or refused."""

import json
import re
from collections.abc import Callable, Collection, Iterator
from copy import copy
from typing import Any

from pydantic import ValidationError

from ..base.placeholders import TOKEN
from ..base.problems import NAMESPACE, Location, Problem
from ..base.pydantic_messages import in_words
from ..checks.parsing import problems_of
from ..settings.stack import Settings
from .findings import Findings, Wanted

_ROUNDS = 8
_PART = re.compile(r'\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?\(hidden\)')
_OTHER_TYPE = re.compile(r"(bool|dict|float|int|mapping|model|string|tuple)_type|finite_number|invalid_key")
_OF_WRONG_TYPE = ("literal_error", "value_error")
_KEPT = {"name", "limit", "token", "zones", "instanceTypes", "spot"}
"""What a pool can't be without, or what would mean something else if it were left out."""
_EXAMPLES = {"Timezone": "Europe/Berlin", "timezone": "Europe/Berlin"}

PlaceOf = Callable[[Location], str]


def fit(
    settings: dict[str, object], region: str | None, secrets: Collection[str], place_of: PlaceOf, findings: Findings
) -> None:
    """Change settings until the check takes them, once what is still to be set is set.

    Values of another type than config.toml's are refused; other values that the check refuses are left out.
    `place_of` returns where in the config.toml a setting comes from.
    """
    for location, message, value in _of_other_types(completed(settings, findings.wanted)):
        findings.refuse(place_of(location), value, message)
    for _ in range(_ROUNDS):
        if findings.problems:
            return
        problems = _problems(settings, region, secrets, findings.wanted)
        if not problems:
            return
        seen: set[Location] = set()
        # From the end of each list, so that indexes stay what they are.
        for each in reversed(problems):
            location = _location(each.path)
            if location not in seen:
                seen.add(location)
                _mend(settings, location, each.message, place_of(location), findings)
    for each in _problems(settings, region, secrets, findings.wanted):
        findings.refuse(place_of(_location(each.path)), None, each.message)


def _problems(
    settings: dict[str, object], region: str | None, secrets: Collection[str], wanted: Collection[Wanted]
) -> list[Problem]:
    complete = completed(settings, wanted)
    return problems_of(complete, region=region or "us-east-1", secrets=secrets, tokens={TOKEN: None})[1]


def completed(settings: dict[str, object], wanted: Collection[Wanted]) -> dict[str, object]:
    """Return the settings as they will be once what is asked for is set."""
    complete: dict[str, Any] = dict(settings)
    complete["manager"] = {**complete.get("manager", {}), "sshFrom": ["203.0.113.7/32"]}
    for each in wanted:
        if ":" not in each.path:
            complete = with_value(complete, _location(each.path), each.example)
    return complete


def with_value(settings: Any, location: Location, value: object) -> Any:
    """Return settings with a value at a location, and at the end of a list; what is beside it is shared, not copied."""
    part, *rest = location
    changed = copy(settings)
    if rest:
        if isinstance(changed, dict):
            changed.setdefault(part, [] if isinstance(rest[0], int) else {})
        changed[part] = with_value(changed[part], tuple(rest), value)
    elif isinstance(changed, list):
        changed.append(value)
    else:
        changed[part] = value
    return changed


def _of_other_types(settings: dict[str, object]) -> Iterator[tuple[Location, str, object]]:
    try:
        Settings.model_validate(settings)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            kind, value = each["type"], each["input"]
            if _OTHER_TYPE.fullmatch(kind) or (
                kind in _OF_WRONG_TYPE and not isinstance(value, str | list | dict | tuple)
            ):
                yield tuple(part for part in each["loc"] if part != "[key]"), in_words(each), value


def _mend(settings: dict[str, object], location: Location, message: str, place: str, findings: Findings) -> None:
    last = location[-1] if location else ""
    if last in _EXAMPLES and _remove(settings, location):
        findings.want(_path(location), _EXAMPLES[str(last)], f"{place} {message}")
        return
    while location and _may_go(location):
        if _remove(settings, location):
            findings.left_out(place, f"{_subject(location)} {message}")
            return
        location = location[:-1]
    findings.refuse(place, None, message)


def _subject(location: Location) -> str:
    match location:
        case ("pools", int(), "driver", str(option), *_):
            return option
        case _:
            return "it"


def _may_go(location: Location) -> bool:
    match location:
        case ("pools", int(), str(key), *_):
            return key not in _KEPT
        case ("manager", "fleetingPlugin", *_):
            return True
        case ("pools" | "gitlab" | "network" | "concurrent" | "manager", *_):
            return False
        case _:
            return True


def _remove(settings: Any, location: Location) -> bool:
    """Remove what is at a location; tell whether it was there."""
    *path, last = location
    found = settings
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return False
    if isinstance(found, dict) and last in found:
        del found[last]
        return True
    if isinstance(found, list) and isinstance(last, int) and last < len(found):
        del found[last]
        return True
    return False


def _location(path: str) -> Location:
    """Read a location as `path_of` spells it."""
    text = path.removeprefix(f"{NAMESPACE}:")
    parts: list[str | int] = []
    for plain, index, quoted in (found.groups() for found in _PART.finditer(text)):
        if index is not None:
            parts.append(int(index))
        else:
            parts.append(plain or ("(hidden)" if quoted is None else json.loads(quoted)))
    return tuple(parts)


def _path(location: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
