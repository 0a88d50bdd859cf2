"""config.toml line by line: what changes, under the name of the runner and the section that it is in."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

_CONTEXT = 3
_RUNNER = "[[runners]]"
_SECTION = re.compile(r"\[+(?P<name>[^\[\]]+)\]+$")
_NAME = re.compile(r'name = "(?P<name>.*)"$')

_Step = tuple[str, int, int, int, int]
"""What is done with a range of the old lines and a range of the new ones, as `SequenceMatcher.get_opcodes` has it."""


def toml_diff(before: str | None, after: str | None) -> str:
    """Return the lines that differ, with some around them, as ```` ```diff ```` shows them; empty if none do."""
    old, new = ((text or "").splitlines() for text in (before, after))
    if before is None or after is None:
        sign = "+" if before is None else "-"
        return "\n".join(f"{sign} {line}".rstrip() for line in (new if before is None else old))
    groups = _Known(_joined(_steps(old, new))).get_grouped_opcodes(_CONTEXT)
    return "\n".join(line for group in groups for line in _group(group, old, new))


class _Known(SequenceMatcher[str]):
    """Groups steps that are known already."""

    def __init__(self, steps: list[_Step]) -> None:
        super().__init__()
        self._steps = steps

    def get_opcodes(self) -> Any:
        return self._steps


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[_Step]:
    """Compare runner by runner: the lines of many runners are so alike that all together take seconds."""
    olds, news = _parts(old), _parts(new)
    old_names, new_names = (
        [_name(lines[start:end]) for start, end in parts] for lines, parts in ((old, olds), (new, news))
    )
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old_names, new_names, autojunk=False).get_opcodes():
        if tag == "equal":
            for (i, i_end), (j, j_end) in zip(olds[i1:i2], news[j1:j2], strict=True):
                inside = SequenceMatcher(None, old[i:i_end], new[j:j_end], autojunk=False)
                yield from ((kind, i + a, i + b, j + c, j + d) for kind, a, b, c, d in inside.get_opcodes())
        else:
            (i, i_end), (j, j_end) = _range(olds, i1, i2, len(old)), _range(news, j1, j2, len(new))
            yield tag, i, i_end, j, j_end


def _parts(lines: Sequence[str]) -> list[tuple[int, int]]:
    """The ranges of what stands before the runners, and of each runner."""
    starts = [0, *(number for number, line in enumerate(lines) if line == _RUNNER and number)]
    return list(zip(starts, [*starts[1:], len(lines)], strict=True))


def _name(lines: Sequence[str]) -> str:
    if not lines or lines[0] != _RUNNER:
        return ""
    return next((line for line in lines if _NAME.match(line)), _RUNNER)


def _range(parts: Sequence[tuple[int, int]], first: int, end: int, length: int) -> tuple[int, int]:
    start = parts[first][0] if first < len(parts) else length
    return start, parts[end - 1][1] if end > first else start


def _joined(steps: Iterator[_Step]) -> list[_Step]:
    """Make one of two that follow each other and do the same, as grouping wants them."""
    joined: list[_Step] = []
    for step in steps:
        if joined and joined[-1][0] == step[0] == "equal":
            joined[-1] = ("equal", joined[-1][1], step[2], joined[-1][3], step[4])
        else:
            joined.append(step)
    return joined


def _group(group: Sequence[_Step], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    yield f"@@ line {group[0][3] + 1}{_place(new, group[0][3])} @@"
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            yield from (f"  {line}".rstrip() for line in old[i1:i2])
        else:
            yield from (f"- {line}" for line in old[i1:i2])
            yield from (f"+ {line}" for line in new[j1:j2])


def _place(lines: Sequence[str], start: int) -> str:
    """Say in which runner and section a line stands."""
    section = ""
    for line in reversed(lines[:start]):
        if not section and (found := _SECTION.match(line)):
            section = found["name"]
        if section and (named := _NAME.match(line)):
            inside = "" if section == "runners" else f", {section}"
            return f', runner "{named["name"]}"{inside}'
    return f", {section}" if section else ""
