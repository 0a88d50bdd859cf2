"""config.toml line by line: what changes, under the name of the runner and the section that it stands in."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_CONTEXT = 3
_MANY = 3_000
"""Lines of both files."""
_SECTION = re.compile(r"\[+(?P<name>[^\[\]]+)\]+$")
_NAME = re.compile(r'name = "(?P<name>.*)"$')


def toml_diff(before: str | None, after: str | None) -> str:
    """Return the lines that differ, with some around them, as ```` ```diff ```` shows them; empty if none do."""
    old, new = ((text or "").splitlines() for text in (before, after))
    if before is None or after is None:
        sign = "+" if before is None else "-"
        return "\n".join(f"{sign} {line}".rstrip() for line in (new if before is None else old))
    # The short cut past lines that are frequent makes longer differences; without it, long files take seconds.
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > _MANY)
    return "\n".join(line for group in matcher.get_grouped_opcodes(_CONTEXT) for line in _group(group, old, new))


def _group(group: Sequence[tuple[str, int, int, int, int]], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
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
