"""Reading settings from a file: a `Pulumi.<stack>.yaml`, or the settings alone, with the line of each value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .parsing import SECRETS
from .placeholders import TOKENS
from .problems import NAMESPACE, Location, Problem, path_of
from .yaml_file import UnreadableFileError, read_yaml

_REGION = "aws:region"


@dataclass(frozen=True)
class StackFile:
    """What a file says about a stack, not checked yet."""

    settings: Mapping[str, Any]
    """By their names less the namespace; neither tokens nor secrets are among them."""
    region: str | None
    secrets: Collection[str]
    """Names of the further secrets."""
    tokens: Collection[str]
    """Which of the secret settings `placeholders.TOKENS` are there."""
    problems: Collection[Problem]
    """Secrets that stand there in the clear."""
    lines: Mapping[str, int] = field(repr=False)
    """Lines of values, counted from 1, by their paths."""
    is_stack: bool
    """Whether it is a `Pulumi.<stack>.yaml`, in which each setting's name begins with the namespace."""

    def with_line(self, problem: Problem, name: str) -> Problem:
        """Say where in the file, which is called `name`, a problem's value stands."""
        line = self.line_of(problem.path)
        return replace(problem, line=name if line is None else f"{name}:{line}")

    def line_of(self, path: str) -> int | None:
        """Return the line of a value or, where there is none, of the nearest table around it."""
        while path not in self.lines and path:
            path = path[: max(path.rfind("."), path.rfind("["), path.rfind(":"), 0)]
        return self.lines.get(path)


def read_stack_file(path: Path) -> StackFile:
    """Read a file. Raises UnreadableFileError."""
    content, lines = read_yaml(path)
    if not isinstance(content, dict):
        raise UnreadableFileError(f"{path}: holds no table of settings")
    is_stack = isinstance(content.get("config"), dict)
    given: dict[str, Any] = content["config"] if is_stack else content
    prefix, at = (f"{NAMESPACE}:", ("config",)) if is_stack else ("", ())
    settings = {key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)}
    region = given.get(_REGION)
    settings.pop(_REGION, None)
    region = None if region is None else str(region)
    secrets = settings.pop(SECRETS, None)
    names = list(secrets) if isinstance(secrets, dict) else []
    clear = [(SECRETS, name) for name in names if not _is_encrypted(secrets[name])]
    tokens = {name: settings.pop(name) for name in TOKENS if name in settings}
    token = [(name,) for name, value in tokens.items() if not _is_encrypted(value)]
    problems = [
        Problem(path_of(place), None, "stands there in clear text; make a new one and set it with --secret")
        for place in [*token, *clear]
    ]
    if secrets is not None and not isinstance(secrets, dict):
        problems.append(Problem(path_of((SECRETS,)), None, "must be a table of secrets by their names"))
    return StackFile(settings, region, names, [*tokens], problems, _by_path(lines, at, prefix), is_stack)


def _by_path(lines: Mapping[Location, int], at: Location, prefix: str) -> dict[str, int]:
    """Lines by the paths that problems have."""
    found = {}
    for location, line in lines.items():
        if location[: len(at)] == at and len(location) > len(at):
            first, *rest = location[len(at) :]
            name = str(first)
            if name == _REGION:
                found[_REGION] = line
            elif name.startswith(prefix):
                found[path_of((name.removeprefix(prefix), *rest))] = line
    return found


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and "secure" in value
