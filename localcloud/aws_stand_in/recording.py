"""Stand-in for pulumi-aws: what is recorded of the real provider, in the form in which the stand-in asks for it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .properties import Properties, without_nulls

_FOLDER = Path(__file__).parent.parent / "recordings"
FILE = _FOLDER / "aws_provider_behaviour.json"
DOCUMENTED = _FOLDER / "aws_provider_documented.json"
"""The same of the few types that nobody recorded, as the provider's documentation has it."""

_PART = re.compile(r"; (?=[\w\[\].]+: )")
"""One recorded change may be of several properties."""

_NOTE = re.compile(r" \[[A-Za-z][^\[\]]*\]$")


@dataclass(frozen=True)
class Part:
    """One property's part of a recorded change; the values are the recording's texts, None where absent."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Behaviour:
    """How one resource type behaves; property paths look like `rules[].expiration`."""

    inputs: frozenset[str]
    required: frozenset[str]
    replaces: frozenset[str]
    updates: frozenset[str]
    sticky: frozenset[str]
    """Optional and computed: taking them out of the program is no difference, the old value stays."""
    ignored: frozenset[str]
    """Nested properties whose change is no difference."""
    secret_outputs: frozenset[str]
    unknown_when_created: frozenset[str]
    unknown_until_updated: Mapping[str, frozenset[str]]
    """Outputs that a change of a property makes unknown, by property."""
    applied: tuple[Mapping[str, Any], ...]
    tagged: bool
    """It has tags by key, over which the provider's default tags go; not so a group's, which is a list."""

    def defaults(self, inputs: Properties) -> Properties:
        """Outputs that had one and the same value in every recorded case that did not set them."""
        seen: dict[str, list[Any]] = {}
        for case in self.applied:
            for key, value in case["outputs"].items():
                if key not in case["inputs"]:
                    seen.setdefault(key, []).append(without_nulls(value))
        return {
            key: values[0]
            for key, values in seen.items()
            if key not in inputs and "<" not in json.dumps(values[0]) and values.count(values[0]) == len(values)
        }


def parts(change: str) -> list[Part]:
    """Take a recorded change apart, e.g. `domain: "vpc" -> (absent)`."""
    found = []
    for text in _PART.split(_NOTE.sub("", change)):
        path, _, values = text.partition(": ")
        before, _, after = values.partition(" -> ")
        found.append(Part(path, *(None if value == "(absent)" else value for value in (before, after))))
    return found


@cache
def contents() -> dict[str, Any]:
    """The whole recording."""
    loaded: dict[str, Any] = json.loads(FILE.read_text())
    loaded["resources"] |= json.loads(DOCUMENTED.read_text())["resources"]
    return loaded


@cache
def behaviour(token: str) -> Behaviour:
    """What is recorded for the resource type `token`; KeyError when nothing is."""
    entry = contents()["resources"][token]
    unknown = frozenset[str]().union(*(case["unknown_in_first_preview"] for case in entry["applied"]))
    inputs = frozenset(entry["inputs"])
    kept, changed = _removals(entry)
    until_updated: dict[str, frozenset[str]] = {}
    for change in entry["changes"]:
        for part in parts(change["change"]):
            names = until_updated.get(part.path, frozenset()) | frozenset(change.get("unknown_until_done", ()))
            until_updated[part.path] = names
    return Behaviour(
        inputs=inputs,
        required=frozenset(entry["required_inputs"]),
        replaces=frozenset(entry["replaces_on"]),
        updates=frozenset(entry["updates_in_place"]),
        sticky=((unknown & inputs) | kept) - changed,
        ignored=_ignored(entry),
        secret_outputs=frozenset(entry.get("secret_outputs", ())),
        unknown_when_created=unknown,
        unknown_until_updated=until_updated,
        applied=tuple(entry["applied"]),
        tagged="tags" in inputs and any("tagsAll" in (*case["outputs"], *case["null"]) for case in entry["applied"]),
    )


def _removals(entry: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Properties whose removal was no difference, and those whose removal was one."""
    kept: set[str] = set()
    changed: set[str] = set()
    for change in entry["changes"]:
        pieces = parts(change["change"])
        for part in pieces:
            if part.after is not None:
                continue
            if change["result"] == "replace" and part.path in entry["replaces_on"]:
                (changed if part.path in change["because"] else kept).add(part.path)
            elif change["result"] == "none":
                kept.add(part.path)
            elif len(pieces) == 1:
                changed.add(part.path)
    return frozenset(kept), frozenset(changed)


def _ignored(entry: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        part.path
        for change in entry["changes"]
        if change["result"] == "none"
        for part in parts(change["change"])
        if "." in part.path and None not in (part.before, part.after)
    )
