"""The change since the last `pulumi up`, for the page: what is replaced first, then the rest, and config.toml."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..changes import DONE, Changes, ConfigToml, Op, Property, Resource
from ..effects import effects_of
from ..events import SECRET
from ..toml_diff import toml_diff

_SIGNS: dict[Op, str] = {"replace": "±", "delete": "−", "update": "~", "create": "+", "import": "+"}  # noqa: RUF001 - a minus
_MOST_OPEN = 12
_LONGEST_OPEN = 40


@dataclass(frozen=True)
class Step:
    """What is done with one resource."""

    resource: str
    type: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Steps:
    """All resources with which the same is done."""

    sign: str
    name: str
    steps: tuple[Step, ...]
    open: bool
    """Whether they are shown at once, and not only when somebody asks for them."""


@dataclass(frozen=True)
class DiffLine:
    """One line of a diff, and whether it is `added`, `removed`, a `place` or just `around`."""

    kind: str
    text: str


@dataclass(frozen=True)
class ConfigDiff:
    """The change of one runner's config.toml."""

    runner: str
    lines: tuple[DiffLine, ...]
    added: int
    removed: int

    @property
    def open(self) -> bool:
        """Whether it is short enough to be shown at once."""
        return len(self.lines) <= _LONGEST_OPEN


@dataclass(frozen=True)
class Change:
    """What the section about the change says."""

    headline: str
    effects: tuple[str, ...]
    groups: tuple[Steps, ...]
    configs: tuple[ConfigDiff, ...]
    errors: tuple[str, ...]
    failed: bool


def change(changes: Changes) -> Change:
    """Arrange what a preview says."""
    groups = tuple(_steps(op, changes.doing(op)) for op in DONE if changes.doing(op))
    diffs = (_config(each) for each in changes.configs if each.before != each.after)
    return Change(
        _headline(changes),
        tuple(effect.replace("**", "") for effect in effects_of(changes.resources)),
        groups,
        tuple(diff for diff in diffs if diff.lines),
        changes.of("error"),
        changes.failed,
    )


def _headline(changes: Changes) -> str:
    if changes.failed:
        return "The preview failed before its end, so this is not all there is."
    if changes.first:
        return f"The stack is new: {_counted(len(changes.doing('create')), 'resource')} to create."
    same = len(changes.doing("same"))
    if changes.nothing:
        return f"Nothing changes; {_counted(same, 'resource')} stay as they are."
    parts = [f"{len(changes.doing(op))} {name}" for op, name in DONE.items() if changes.doing(op)]
    return f"{', '.join(parts) or 'Outputs change alone'}; {same} stay as they are."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _steps(op: Op, resources: Sequence[Resource]) -> Steps:
    steps = tuple(Step(each.name, each.type, tuple(map(_detail, each.properties))) for each in resources)
    return Steps(_SIGNS[op], DONE[op], steps, op in ("replace", "delete") or len(steps) <= _MOST_OPEN)


def _detail(changed: Property) -> str:
    values = ""
    if changed.before is not None or changed.after is not None:
        values = f": {changed.before or 'nothing'} → {changed.after or 'nothing'}"
    return f"{changed.path}{values}{' (replaces it)' if changed.replaces else ''}"


def _config(config: ConfigToml) -> ConfigDiff:
    if SECRET in (config.before, config.after):
        return ConfigDiff(config.runner, (DiffLine("around", "all of it is secret"),), 0, 0)
    text = toml_diff(config.before, config.after)
    lines = tuple(DiffLine(_KINDS.get(line[:1], "around"), line) for line in text.splitlines())
    counts = [sum(line.kind == kind for line in lines) for kind in ("added", "removed")]
    return ConfigDiff(config.runner, lines, *counts)


_KINDS = {"+": "added", "-": "removed", "@": "place"}
