"""The change since the last `pulumi up`, for the page: what is replaced first, then the rest, and config.toml."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..causes import causes_of
from ..changes import DONE, Changes, ConfigToml, Op, Property, Resource
from ..effects import effects_of
from ..events import SECRET
from ..setting_changes import SET, SettingChange
from ..statements import lines_of
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
    heading: str
    """What the steps' details are."""
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
class SettingRow:
    """One setting that differs."""

    path: str
    before: str
    after: str
    where: str


@dataclass(frozen=True)
class Settings:
    """What differs in the settings of one runner."""

    runner: str
    rows: tuple[SettingRow, ...]


@dataclass(frozen=True)
class PolicyDiff:
    """What differs in the statements of one resource's IAM policy."""

    resource: str
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True)
class Change:
    """What the section about the change says."""

    headline: str
    effects: tuple[str, ...]
    settings: tuple[Settings, ...]
    groups: tuple[Steps, ...]
    policies: tuple[PolicyDiff, ...]
    configs: tuple[ConfigDiff, ...]
    errors: tuple[str, ...]
    failed: bool


def change(changes: Changes) -> Change:
    """Arrange what a preview says."""
    groups = tuple(_steps(op, changes) for op in DONE if changes.doing(op))
    diffs = (_config(each) for each in changes.configs if each.before != each.after)
    return Change(
        _headline(changes),
        tuple(effect.replace("**", "") for effect in effects_of(changes)),
        ()
        if changes.first
        else tuple(
            Settings(each.runner, tuple(map(_setting, each.changes))) for each in changes.settings if each.changes
        ),
        groups,
        tuple(
            PolicyDiff(each.name, _lines(lines_of(each.statements))) for each in changes.resources if each.statements
        ),
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


def _setting(change: SettingChange) -> SettingRow:
    if change.before == change.after == SET:
        return SettingRow(change.path, "", "changed", change.where)
    before, after = ("nothing" if each is None else each for each in (change.before, change.after))
    return SettingRow(change.path, before, after, change.where)


def _steps(op: Op, changes: Changes) -> Steps:
    steps = tuple(Step(each.name, each.type, _details(each, changes)) for each in changes.doing(op))
    goes = op in ("replace", "delete")
    heading = "Because of" if goes else "What differs"
    return Steps(_SIGNS[op], DONE[op], heading, steps, goes or len(steps) <= _MOST_OPEN)


def _details(resource: Resource, changes: Changes) -> tuple[str, ...]:
    if resource.goes:
        return tuple("".join(cause) for cause in causes_of(resource, changes))
    return tuple(map(_detail, resource.properties))


def _detail(changed: Property) -> str:
    values = ""
    if changed.before is not None or changed.after is not None:
        values = f": {changed.before or 'nothing'} → {changed.after or 'nothing'}"
    return f"{changed.path}{values}"


def _config(config: ConfigToml) -> ConfigDiff:
    if SECRET in (config.before, config.after):
        return ConfigDiff(config.runner, (DiffLine("around", "all of it is secret"),), 0, 0)
    text = toml_diff(config.before, config.after)
    lines = _lines(text.splitlines())
    counts = [sum(line.kind == kind for line in lines) for kind in ("added", "removed")]
    return ConfigDiff(config.runner, lines, *counts)


def _lines(texts: Sequence[str]) -> tuple[DiffLine, ...]:
    return tuple(DiffLine(_KINDS.get(text[:1], "around"), text) for text in texts)


_KINDS = {"+": "added", "-": "removed", "@": "place"}
