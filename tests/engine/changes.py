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


def rows() -> list[Row]:
    """All lines of the table in docs/changes.md."""
    return [Row(*(text.strip() for text in found.groups())) for found in _ROW.finditer(PAGE.read_text())]


def with_setting(settings: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return settings with one more or another value; `pools.` means the first pool."""
    first, _, rest = path.partition(".")
    if not rest:
        return {**settings, first: value}
    below = settings.get(first, {})
    if isinstance(below, list):
        return {**settings, first: [with_setting(below[0], rest, value), *below[1:]]}
    return {**settings, first: with_setting(below, rest, value)}


def plan_of(steps: Sequence[Mapping[str, Any]]) -> str:
    """Say what the engine is about to do, by the names that resources have less the component's."""
    done: dict[str, list[str]] = {}
    for step in steps:
        token, _, name = step["urn"].partition("::")[2].partition("::")[2].rpartition("$")[2].partition("::")
        if step["op"] in _STEPS and not token.startswith(("gitlab-runner-aws:", "pulumi:")):
            done.setdefault(step["op"], []).append(name.removeprefix("runner-"))
    parts = [f"{_STEPS[kind]} {_listed(names)}" for kind, names in sorted(done.items(), key=_place)]
    return "; ".join(parts) or "nothing"


def _place(item: tuple[str, list[str]]) -> int:
    return list(_STEPS).index(item[0])


def _listed(names: list[str]) -> str:
    shown = sorted(set(names))
    more = len(shown) - _MOST_NAMES
    return ", ".join(shown[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
