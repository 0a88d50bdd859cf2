"""Log lines and fatal ends as gitlab-runner words them; everything goes to the standard error."""

from __future__ import annotations

import re
import sys

# The real program colours its lines wherever they go: RunnerTextFormatter in log/runner_formatter.go.
_COLORS = {"": "", "WARNING": "\033[0;33m", "ERROR": "\033[31;1m", "FATAL": "\033[31;1m", "PANIC": "\033[31;1m"}
_RESET = "\033[0;m"
_PREFIX = re.compile(r"^glrt-(t[123]_)?|^t[123]_|^glrtr-")


class FatalError(Exception):
    """Ends the program with exit code 1, after a line that starts with `level`."""

    def __init__(self, message: str, level: str = "FATAL") -> None:
        super().__init__(message)
        self.level = level


class ShortTokenError(Exception):
    """A token too short to be abbreviated, at which the real program crashes."""


def say(message: str, level: str = "", **fields: object) -> None:
    """Write one line; `fields` follow in alphabetical order."""
    text, color = f"{level}: {message}" if level else message, _COLORS[level]
    pairs = "".join(f" {color}{name}{_RESET}={fields[name]}" for name in sorted(fields))
    # In one piece: several threads write.
    sys.stderr.write(f"{color}{text:<50}{_RESET} {pairs}\n")
    sys.stderr.flush()


def short_token(token: str) -> str:
    """The part of a token that may be shown; raises `ShortTokenError`."""
    prefix = _PREFIX.match(token)
    if prefix is None:
        return token[:8]
    end = prefix.end() + 9
    if len(token) < end:
        raise ShortTokenError(f"slice bounds out of range [:{end}] with length {len(token)}")
    return token[prefix.end() : end]
