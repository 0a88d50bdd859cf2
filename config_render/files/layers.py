"""What several stacks share, written once: files whose settings a stack file extends.

Tables are merged key by key and pools by their names. Any other value, and any other list, overrides the one below as
a whole. The stack file overrides all files, and a later file an earlier one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..base.input_file import UnreadableFileError
from ..base.other_settings import EXTENDS, SECRETS
from ..base.placeholders import TOKENS
from ..base.problems import NAMESPACE, Location, Problem, path_of
from .yaml_file import read_yaml

_POOLS = "pools"
_MOST_FILES, _LONGEST_NAME = 20, 200


@dataclass(frozen=True)
class Place:
    """Where a value stands."""

    line: int
    file: str = ""
    """Name of the file, from the stack file's folder; none for the stack file itself."""


@dataclass(frozen=True)
class Layer:
    """Settings, by their names without the namespace, and where they stand, by the paths that problems have."""

    settings: Mapping[str, object] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict, repr=False)

    def under(self, above: "Layer") -> "Layer":
        """Return `above` over this one."""
        settings = {key: value for key, value in above.settings.items() if key != _POOLS}
        merged = _merged(self.settings, settings)
        places = dict(above.places)
        if _POOLS in above.settings:
            merged[_POOLS], indexes = _pools(self.settings.get(_POOLS), above.settings[_POOLS])
            places = {_moved(path, indexes): place for path, place in places.items()}
        return Layer(merged, {**self.places, **places})


def shared(names: object, folder: Path) -> tuple[Layer, list[Problem]]:
    """Return what the files hold that the setting `extends` names, and what is wrong with them.

    `folder` is that of the stack file; the files are in it or below it.
    """
    layer, problems = Layer(), list[Problem]()
    if not isinstance(names, list):
        return layer, [_told((EXTENDS,), f"must be a list of files, such as [shared.yaml]; {_SET_ONE}", names)]
    if len(names) > _MOST_FILES:
        return layer, [_told((EXTENDS,), f"lists {len(names)} files; at most {_MOST_FILES}", names)]
    for index, name in enumerate(names):
        if reason := _unfit(name, names[:index], folder):
            problems.append(_told((EXTENDS, index), reason, name))
            continue
        try:
            found, errors = _read(name, folder / name)
        except UnreadableFileError as error:
            line, reason = _parted(str(error).removeprefix(f"{folder / name}"))
            problems.append(replace(_told((EXTENDS, index), reason, name), line=line and f"{name}:{line}"))
            continue
        layer = layer.under(found)
        problems += errors
    return layer, problems


_SET_ONE = f"pulumi config set --path '{NAMESPACE}:{EXTENDS}[0]' shared.yaml"


def _parted(reason: str) -> tuple[str | None, str]:
    """Return the line that a reason begins with, if any, and the rest of it."""
    found = re.match(":([0-9]+): ", reason)
    return (found[1], reason[found.end() :]) if found else (None, reason.lstrip(": "))


def _told(location: Location, reason: str, value: object) -> Problem:
    return Problem(path_of(location), value[:_LONGEST_NAME] if isinstance(value, str) else None, reason)


def _unfit(name: object, earlier: Sequence[object], folder: Path) -> str | None:
    if not isinstance(name, str) or not name:
        return "must be a file's name, such as shared.yaml"
    if name in earlier:
        return "is named twice; name each file once"
    if Path(name).is_absolute():
        return "is an absolute path; name it as seen from the stack file's folder"
    try:
        is_inside = (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        # Symbolic links in a circle are a RuntimeError up to Python 3.12.
        return "is not a file that can be found: its name, or a symbolic link in it, leads nowhere"
    if not is_inside:
        return "is outside of the stack file's folder; keep what stacks share in it, or below it"
    return None


def _read(name: str, path: Path) -> tuple[Layer, list[Problem]]:
    """Read one file. Raises UnreadableFileError."""
    content, lines = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise UnreadableFileError(f"{path}: holds no settings; write them under config:, as in a stack file")
    settings, problems = dict[str, object](), list[Problem]()
    for key, value in content["config"].items():
        setting = key.removeprefix(f"{NAMESPACE}:")
        if reason := _misplaced(setting, is_ours=setting != key):
            where = f"{name}:{lines['config', key]}"
            problems.append(Problem(path_of((setting,)) if setting != key else key, None, reason, where))
        else:
            settings[setting] = value
    places = {path_of(at): Place(line, name) for at, line in in_settings(lines).items()}
    return Layer(settings, places), problems


def in_settings(lines: Mapping[Location, int]) -> dict[Location, int]:
    """Return lines by where their values stand in the settings of a stack file."""
    prefix = f"{NAMESPACE}:"
    return {
        (str(at[1]).removeprefix(prefix), *at[2:]): line
        for at, line in lines.items()
        if len(at) > 1 and at[0] == "config" and str(at[1]).startswith(prefix)
    }


def _misplaced(setting: str, *, is_ours: bool) -> str | None:
    if not is_ours:
        return f"is in a shared file, which holds settings of {NAMESPACE} alone; set it in each stack file"
    if setting in (*TOKENS, SECRETS):
        return f"is in a shared file; set it in each stack: pulumi config set --secret {NAMESPACE}:{setting}"
    return "is in a shared file; name all files in the stack file" if setting == EXTENDS else None


def _over(below: object, above: object) -> object:
    return _merged(below, above) if isinstance(below, dict) and isinstance(above, dict) else above


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    return {**below, **{key: _over(below[key], value) if key in below else value for key, value in above.items()}}


def _pools(below: object, above: object) -> tuple[object, Mapping[int, int]]:
    """Return pools merged by name, those from below first, and where each of `above` is among them."""
    if not isinstance(below, list) or not isinstance(above, list):
        return above, {}
    names = {pool["name"]: index for index, pool in enumerate(below) if isinstance(pool, dict) and _named(pool)}
    result, indexes = list(below), dict[int, int]()
    for index, pool in enumerate(above):
        known = names.pop(pool["name"], None) if isinstance(pool, dict) and _named(pool) else None
        indexes[index] = len(result) if known is None else known
        if known is None:
            result.append(pool)
        else:
            result[known] = _over(result[known], pool)
    return result, indexes


def _named(pool: Mapping[str, object]) -> bool:
    return isinstance(pool.get("name"), str)


def _moved(path: str, indexes: Mapping[int, int]) -> str:
    start = f"{NAMESPACE}:{_POOLS}["
    if not path.startswith(start):
        return path
    index, _, rest = path.removeprefix(start).partition("]")
    if not index.isdecimal():
        return path  # of a table in the place of the list
    return f"{start}{indexes.get(int(index), int(index))}]{rest}"
