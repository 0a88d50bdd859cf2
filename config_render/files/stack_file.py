"""Reading settings from a file: a `Pulumi.<stack>.yaml`, or the settings alone, with the line of each value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..base.input_file import UnreadableFileError
from ..base.other_settings import EXTENDS, SECRETS
from ..base.placeholders import TOKENS
from ..base.problems import NAMESPACE, Problem, path_of
from ..settings.runner import Executor
from .layers import Layer, Place, in_settings, shared
from .project import as_settings, without_defaults
from .yaml_file import read_yaml

_REGION = "aws:region"
_AWS = ("profile", "endpoints")


@dataclass(frozen=True)
class StackFile:
    """What a file says about a stack, not checked yet."""

    settings: Mapping[str, Any]
    """By names without the namespace, merged with those of the files that it extends; no tokens or secrets."""
    own: Collection[str]
    """Names of the settings that are in the file itself."""
    region: str | None
    aws: Mapping[str, Any]
    """pulumi-aws's own settings `profile` and `endpoints`, where they are set: as whom and where AWS is asked."""
    secrets: Collection[str]
    """Names of the further secrets."""
    tokens: Collection[str]
    """Which of the secret settings `placeholders.TOKENS` are there."""
    problems: Collection[Problem]
    """Secrets that stand there in the clear, and what is wrong with the files that it extends."""
    places: Mapping[str, Place] = field(repr=False)
    """Where values stand, by their paths; lines are counted from 1."""
    is_stack: bool
    """Whether it is a `Pulumi.<stack>.yaml`, in which each setting's name begins with the namespace."""

    def with_line(self, problem: Problem, name: str) -> Problem:
        """Say where in the file, which is called `name`, or in one that it extends, a problem's value stands."""
        folder = Path(name).parent
        if problem.line is not None:
            return replace(problem, line=str(folder / problem.line))
        place = self.place_of(problem.path)
        file = str(folder / place.file) if place and place.file else name
        return replace(problem, line=file if place is None else f"{file}:{place.line}")

    def place_of(self, path: str) -> Place | None:
        """Return the place of a value or, where there is none, of the nearest table around it."""
        while path not in self.places and path:
            path = path[: max(path.rfind("."), path.rfind("["), path.rfind(":"), 0)]
        return self.places.get(path)


def with_executor(file: StackFile, executor: Executor) -> StackFile:
    """Return a file as if it gave all pools an executor."""
    settings = {**file.settings, "executor": executor}
    if isinstance(pools := settings.get("pools"), list):
        settings["pools"] = [
            {key: value for key, value in pool.items() if key != "executor"} if isinstance(pool, dict) else pool
            for pool in pools
        ]
    return replace(file, settings=settings)


def read_stack_file(path: Path) -> StackFile:
    """Read a file, and those that it extends. Raises UnreadableFileError."""
    content, lines = read_yaml(path)
    if not isinstance(content, dict):
        raise UnreadableFileError(f"{path}: holds no table of settings")
    is_stack = isinstance(content.get("config"), dict)
    given: dict[str, object] = content["config"] if is_stack else content
    prefix = f"{NAMESPACE}:" if is_stack else ""
    settings = {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}
    places = {path_of(at): Place(line) for at, line in (in_settings(lines) if is_stack else lines).items() if at}
    if (at := ("config", _REGION) if is_stack else (_REGION,)) in lines:
        places[_REGION] = Place(lines[at])
    region = given.get(_REGION)
    settings.pop(_REGION, None)
    names, tokens, problems = _secrets(settings)
    own = frozenset(settings)
    layer, mistaken = shared(settings.pop(EXTENDS, []), path.parent)
    if is_stack:
        settings = without_defaults(as_settings(settings), keep=own if layer.settings else ())
    merged = layer.under(Layer(settings, places))
    return StackFile(
        settings=merged.settings,
        own=own,
        region=None if region is None else str(region),
        aws={name: given[key] for name in _AWS if (key := f"aws:{name}") in given},
        secrets=names,
        tokens=tokens,
        problems=[*problems, *mistaken],
        places=merged.places,
        is_stack=is_stack,
    )


def _secrets(settings: dict[str, object]) -> tuple[list[str], list[str], list[Problem]]:
    """Take secrets and tokens out of settings; return their names and what is wrong with them."""
    given = settings.pop(SECRETS, None)
    secrets = given if isinstance(given, dict) else {}
    names = list(secrets)
    clear = [(SECRETS, name) for name in names if not _is_encrypted(secrets[name])]
    tokens = {name: settings.pop(name) for name in TOKENS if name in settings}
    token = [(name,) for name, value in tokens.items() if not _is_encrypted(value)]
    problems = [
        Problem(path_of(place), None, "stands there in clear text; make a new one and set it with --secret")
        for place in [*token, *clear]
    ]
    if given is not None and not isinstance(given, dict):
        problems.append(Problem(path_of((SECRETS,)), None, "must be a table of secrets by their names"))
    return names, [*tokens], problems


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and "secure" in value
