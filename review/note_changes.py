"""The parts of the note that say what changes and why: settings, resources, permissions."""

from collections.abc import Callable, Iterable, Sequence

from .causes import Quoted, Sentence, causes_of, values_of
from .changes import DONE, Changes, Op, Resource
from .markdown import FOLD_FROM, block, code, folded, table
from .setting_changes import SET, SettingChange
from .statements import lines_of

_STEP = "command:remote:Command"
_FED = {"connection": "connection", "stdin": "input", "create": "command"}
"""What people call the properties of a step on the manager."""


def settings(changes: Changes, most: int | None) -> Iterable[str]:
    """Yield the settings that differ, at most `most` of each runner."""
    if changes.failed or changes.first:
        return
    for each in changes.settings:
        title = "Settings" if len(changes.settings) == 1 else f"Settings of {code(each.runner)}"
        if each.changes:
            yield f"#### {title}\n\n{_settings_table(each.changes, most)}"
        elif not changes.nothing:
            yield f"#### {title}\n\n{_NONE if each.known else _UNKNOWN}"


_NONE = "No setting changed: the program, its packages or existing resources did."
_UNKNOWN = (
    "The state does not hold the settings of the last `pulumi up` yet, so that changed ones can't be listed; the next "
    "`pulumi up` stores them."
)


def _settings_table(changed: Sequence[SettingChange], most: int | None) -> str:
    with_place = any(each.where for each in changed)
    headings = ["setting", "before", "after", *(["where"] if with_place else [])]
    rows = [
        [code(each.path), *_before_and_after(each), *([code(each.where) if each.where else ""] if with_place else [])]
        for each in changed[:most]
    ]
    text = table(headings, rows)
    if (more := len(changed) - len(rows)) > 0:
        text += f"\n\nand {more:,} more"
    return folded(f"{len(changed)} settings", text) if len(changed) >= FOLD_FROM else text


def _before_and_after(change: SettingChange) -> list[str]:
    if change.before == change.after == SET:
        return ["", "changed"]
    return ["-" if each is None else "set" if each == SET else code(each) for each in (change.before, change.after)]


def resources(changes: Changes) -> Iterable[str]:
    """Yield what is done with which resource, that which interrupts most first."""
    going = [*changes.doing("replace"), *changes.doing("delete")]
    if going:
        rows = [[*_cells(each), DONE[each.op], _why(each, changes)] for each in going]
        yield f"#### Replaced or deleted\n\n{table(['resource', 'what', '', 'because of'], rows)}"
    moved = [each.name.removesuffix("life") for each in going if each.name.endswith("-registration-life")]
    yield _listed(changes, "update", ["resource", "what", "what differs"], lambda each: _differences(each, moved))
    yield _listed(changes, "create", ["resource", "what"])
    yield _listed(changes, "import", ["resource", "what"])


def _listed(
    changes: Changes, op: Op, headings: list[str], more: Callable[[Sequence[Resource]], str] | None = None
) -> str:
    """List the resources with which `op` is done, all steps on the manager in one row."""
    every = changes.doing(op)
    if not every:
        return ""
    steps = [each for each in every if each.type == _STEP]
    groups = [*([each] for each in every if each.type != _STEP), *([steps] if steps else [])]
    rows = [
        [*(_cells(each[0]) if len(each) == 1 else _folded_cells(each)), *([more(each)] if more else [])]
        for each in groups
    ]
    text = table(headings, rows)
    return (
        folded(f"{len(every)} {DONE[op]}", text)
        if len(rows) >= FOLD_FROM
        else f"#### {DONE[op].capitalize()}\n\n{text}"
    )


def _cells(resource: Resource) -> list[str]:
    return [code(resource.name), _kind(resource.type)]


def _folded_cells(steps: Sequence[Resource]) -> list[str]:
    names = ", ".join(code(each.name) for each in steps)
    return [f"<details><summary>{len(steps)} steps</summary>{names}</details>", "steps on the manager"]


def _differences(resources: Sequence[Resource], moved: Sequence[str]) -> str:
    if resources[0].type != _STEP:
        return ", ".join(_marked(values_of(each)) for each in resources[0].properties)
    if moved and all(each.name.startswith((*moved,)) for each in resources):
        return "they run on the new host"
    return ", ".join(dict.fromkeys(_FED.get(one.path, code(one.path)) for each in resources for one in each.properties))


def _kind(type_: str) -> str:
    """Say what a resource is: `aws ec2 Instance` of `aws:ec2/instance:Instance`."""
    if type_ == _STEP:
        return "step on the manager"
    parts = [part.partition("/")[0] for part in type_.split(":")]
    return code(" ".join(part for part in parts if part != "index"))


def _why(resource: Resource, changes: Changes) -> str:
    return ", ".join(map(_marked, causes_of(resource, changes)))


def _marked(sentence: Sentence) -> str:
    return "".join(code(part) if isinstance(part, Quoted) else part for part in sentence)


def permissions(changes: Changes, most: int | None) -> str:
    """Return the statements of IAM policies that come, go and differ."""
    shown = [(each, lines_of(each.statements)) for each in changes.resources if each.statements]
    if not shown:
        return ""
    blocks = [(each, block("\n".join(lines), "diff", most)) for each, lines in shown]
    text = "\n\n".join(f"{code(each.name)}, {_kind(each.type)}:\n\n{diff}" for each, diff in blocks)
    count = sum(len(each.statements) for each, _ in shown)
    title = f"{count} IAM statement{'' if count == 1 else 's'}"
    is_short = sum(len(lines) for _, lines in shown) < 2 * FOLD_FROM and not changes.first
    return f"#### Permissions\n\n{text if is_short else folded(title, text)}"
