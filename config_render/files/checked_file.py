"""A stack file read and checked, or what a person has to read instead."""

from collections.abc import Sequence
from pathlib import Path

from ..base.placeholders import TOKENS
from ..base.problems import NAMESPACE, Problem
from ..checks.parsing import problems_of
from ..settings.stack import Settings
from .stack_file import StackFile, read_stack_file


class UnusableError(Exception):
    """What a person has to read instead of an answer."""


def checked(path: Path) -> tuple[StackFile, Settings]:
    """Return a file and its settings. Raises UnusableError with every error, UnreadableFileError."""
    file = read_stack_file(path)
    return file, settings_of(path, file)


def settings_of(path: Path, file: StackFile) -> Settings:
    """Return the settings of a file that was read from a path. Raises UnusableError with every error."""
    settings, problems = check(file)
    if settings is None or problems:
        raise UnusableError(table(path, file, problems, "error"))
    return settings


def check(file: StackFile) -> tuple[Settings | None, list[Problem]]:
    """Return a file's settings, unless they could not be read, and all errors in it."""
    tokens = dict.fromkeys(file.tokens)
    settings, problems = problems_of(file.settings, region=file.region, secrets=file.secrets, tokens=tokens)
    # Tokens may be set elsewhere; what the file says of them is among the file's own problems.
    elsewhere = {f"{NAMESPACE}:{name}" for name in TOKENS}
    return settings, [*file.problems, *(each for each in problems if each.path not in elsewhere)]


def table(path: Path, file: StackFile, problems: Sequence[Problem], what: str) -> str:
    """Write problems a line each, in the order of the files, as `FILE:LINE: PATH = VALUE: what to do`."""

    def place(problem: Problem) -> tuple[str, int]:
        found = file.place_of(problem.path)
        return (found.file, found.line) if found else ("", 0)

    rows = [str(file.with_line(problem, str(path))) for problem in sorted(problems, key=place)]
    if not file.is_stack:
        rows = [row.replace(f"{NAMESPACE}:", "", 1) for row in rows]
    return "\n".join([*rows, f"{len(rows)} {what}{'' if len(rows) == 1 else 's'}"])
