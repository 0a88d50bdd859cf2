"""What a change of settings does, as docs/changes.md says it and as the engine plans it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from localcloud.cloud import ROOT

PAGE = ROOT / "docs" / "changes.md"
_ROW = re.compile(r"\| `(?P<change>[^`]+)` \| (?P<plan>[^|]+) \| (?P<effect>[^|]+) \|")
_MOST_NAMES = 4
NOTHING = "nothing"
UNINTERRUPTED = "nothing is interrupted"
_STEPS = {"create": "makes", "update": "changes", "replace": "**replaces**", "delete": "deletes"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    change: str
    """YAML of the settings' paths and the values that they get; mostly of one."""
    plan: str
    effect: str

    def settings(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """The values by their paths; `ids` stand in for the made-up ones of the page, such as `vpc-0ours`."""
        text = self.change
        for made_up, real in ids.items():
            text = text.replace(made_up, real)
        return dict(yaml.safe_load(text))

    @property
    def tables(self) -> set[str]:
        """The settings' tables that it is about."""
        return {path.partition(".")[0] for path in self.settings({})}

    @property
    def named(self) -> dict[str, set[str]] | None:
        """What is done with which resources, as `done_by` returns it; None where the plan does not name them all."""
        found: dict[str, set[str]] = {}
        for part in [] if self.plan == NOTHING else self.plan.split("; "):
            step, _, names = part.partition(" ")
            found[step] = {*names.split(", ")}
        return None if " more" in self.plan else found

    @property
    def resources(self) -> set[str]:
        """The resources that the plan names."""
        return set().union(*(self.named or {}).values())


def rows() -> list[Row]:
    """All lines of the table in docs/changes.md."""
    return [Row(*(text.strip() for text in found.groups())) for found in _ROW.finditer(PAGE.read_text())]


def planned_together() -> list[list[Row]]:
    """All lines, those together that one preview can tell apart: of different tables, and about different resources.

    Whoever interrupts jobs, or does more than the page names, is alone.
    """
    groups: list[list[Row]] = []
    for row in sorted(rows(), key=lambda row: len(row.resources), reverse=True):
        fitting = (group for group in groups if all(_apart(row, other) for other in group))
        if (group := next(fitting, None)) is not None:
            group.append(row)
        else:
            groups.append([row])
    return groups


def _apart(row: Row, other: Row) -> bool:
    named = row.named is not None and other.named is not None
    uninterrupted = row.effect == other.effect == UNINTERRUPTED
    return named and uninterrupted and not row.tables & other.tables and not row.resources & other.resources


def with_setting(settings: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return settings with one more or another value; `pools.` means the first pool."""
    first, _, rest = path.partition(".")
    if not rest:
        return {**settings, first: value}
    below = settings.get(first, {})
    if isinstance(below, list):
        return {**settings, first: [with_setting(below[0], rest, value), *below[1:]]}
    return {**settings, first: with_setting(below, rest, value)}


def done_by(steps: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Say what the engine is about to do with which resources, by the names that these have less the component's."""
    done: dict[str, set[str]] = {}
    for step in steps:
        token, _, name = step["urn"].partition("::")[2].partition("::")[2].rpartition("$")[2].partition("::")
        if step["op"] in _STEPS and not token.startswith(("gitlab-runner-aws:", "pulumi:")):
            done.setdefault(_STEPS[step["op"]], set()).add(name.removeprefix("runner-"))
    return done


def plan_of(steps: Sequence[Mapping[str, Any]]) -> str:
    """Say that in a line, as the page does."""
    done = done_by(steps)
    parts = [f"{step} {_listed(done[step])}" for step in _STEPS.values() if step in done]
    return "; ".join(parts) or NOTHING


def _listed(names: set[str]) -> str:
    shown = sorted(names)
    more = len(shown) - _MOST_NAMES
    return ", ".join(shown[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
