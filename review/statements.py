"""IAM policy documents as people read them: the statements that come, go and differ."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from config_render.base.problems import without_secrets

from .events import UNKNOWN, Step, plain

_DOCUMENTS = ("policy", "policyDocument", "assumeRolePolicy")
"""The properties of AWS's resources that hold a policy document."""

ALL = "all statements"
_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_ORDER = ("Effect", "Principal", "NotPrincipal", *_LISTS, "Condition")


@dataclass(frozen=True)
class StatementChange:
    """One statement of a policy that comes, goes or differs."""

    sid: str
    """Its Sid, or its number from 1 where it has none, such as `statement 1`."""
    added: tuple[str, ...]
    """What comes, such as `Action ec2:RunInstances`; all of it where the statement is new."""
    removed: tuple[str, ...]
    is_new: bool = False
    is_gone: bool = False


def statement_changes(metadata: Step) -> tuple[StatementChange, ...]:
    """Return what differs in the policy documents of one of the engine's steps.

    Of a document that is unknown before the resources that it names are there, it is only said that it differs.
    """
    old, new = (((metadata.get(state) or {}).get("inputs") or {}) for state in ("old", "new"))
    found: list[StatementChange] = []
    for name in _DOCUMENTS:
        before, after = _statements(old.get(name)), _statements(new.get(name))
        if before is not None and after is not None:
            found += _changes(before, after)
        elif plain(new.get(name)) == UNKNOWN:
            found.append(StatementChange(ALL, (UNKNOWN,), ()))
    return tuple(found)


def _statements(document: object) -> Mapping[str, Counter[str]] | None:
    """Return each statement's parts by its Sid; nothing where there is no document, None where it can't be read."""
    value = plain(document)
    if value is None:
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    statements = value.get("Statement") if isinstance(value, dict) else None
    listed = [statements] if isinstance(statements, dict) else statements
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        return None
    found: dict[str, Counter[str]] = {}
    for number, statement in enumerate(listed, 1):
        name = str(statement.get("Sid") or f"statement {number}")
        found.setdefault(name, Counter()).update(map(without_secrets, _parts(statement)))
    return found


def _parts(statement: Mapping[str, object]) -> Iterator[str]:
    """Yield what a statement says, each action, resource, principal and value of a condition by itself."""
    for key in sorted(statement.keys() - {"Sid"}, key=lambda key: (_ORDER.index(key) if key in _ORDER else 99, key)):
        yield from (f"{key} {text}" for text in _flat(statement[key]))


def _flat(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from (f"{key} {text}" for text in _flat(below))
    elif isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield str(value)


def _changes(before: Mapping[str, Counter[str]], after: Mapping[str, Counter[str]]) -> Iterable[StatementChange]:
    for sid in dict.fromkeys([*before, *after]):
        old, new = before.get(sid, Counter()), after.get(sid, Counter())
        if old != new:
            yield StatementChange(
                sid,
                tuple((new - old).elements()),
                tuple((old - new).elements()),
                is_new=sid not in before,
                is_gone=sid not in after,
            )


def lines_of(statements: Iterable[StatementChange]) -> list[str]:
    """Return statements as lines of a diff: `+` for what comes, `-` for what goes, and their Sids above."""
    lines = []
    for each in statements:
        sign = "+" if each.is_new else "-" if each.is_gone else " "
        lines.append(f"{sign} {each.sid}")
        lines += [f"{mark}   {part}" for mark, parts in (("-", each.removed), ("+", each.added)) for part in parts]
    return lines
