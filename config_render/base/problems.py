"""What is wrong with a stack's settings, in the words of the stack file."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

NAMESPACE = "gitlab-runner-aws"

Location = tuple[str | int, ...]
"""Keys and indexes that lead to a value, such as ("pools", 0, "limit")."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_SHOWN = 60

# Texts that need no quotes, unless they would be read as something else: 5 is not "5".
_PLAIN_VALUE = re.compile(r"[\w./:%+=@-]+")
_LITERAL = re.compile(r"true|false|null|[0-9.+-].*")

# GitLab's tokens, AWS key ids, AWS secret keys (40 characters of base64), private keys, and addresses that
# carry a user or a password.
_SECRET = re.compile(
    r"gl(agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rtr?|soat|wt)-[\w.-]+|GR1348941[\w.-]*|(AKIA|ASIA)[0-9A-Z]+"
    r"|-----BEGIN.*|://[^/\s]*@\S*|(?<![\w/+])[\w/+]{40}(?![\w/+])"
)

# What stands here is often a secret or belongs into a secret, whatever it looks like. `hide` fills it.
_NEVER_SHOWN: set[str] = set()


@dataclass(frozen=True)
class Problem:
    """One error: where it is, what stands there and what to do about it.

    Attributes:
        path: As in the stack file: `gitlab-runner-aws:pools[0].machine.IdleCount`.
        value: The value as it would be typed; None where there is none or it must not be shown.
        message: The limit that is broken and the fix; never a secret.
        line: Where it stands, as FILE:LINE, if that is known.
    """

    path: str
    value: str | None
    message: str
    line: str | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f"{self.line}: "
        shown = "" if self.value is None else f" = {self.value}"
        return printable(f"{place}{self.path}{shown}: {self.message}")


_SET_IN_CONFIG = re.compile(rf"set (it|one) with: pulumi config set --secret( --path)? {NAMESPACE}:")


def in_words_of(place: str, problem: Problem) -> Problem:
    """Say a problem as those know it whose settings stand elsewhere: `place` is there for `gitlab-runner-aws:`.

    A place that ends with a colon is a namespace of the stack's configuration; any other is one in a program, where
    secrets are arguments.
    """
    message = problem.message
    if not place.endswith(":"):
        message = _SET_IN_CONFIG.sub(r"give \1 as the argument ", message)
    path, message = (text.replace(f"{NAMESPACE}:", place) for text in (problem.path, message))
    return replace(problem, path=path, message=message)


class SettingsError(Exception):
    """Settings can't be used; its text reports all errors, a line for each.

    Attributes:
        problems: Every error that was found, as `Problem`.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        heading = f"{count} error{'' if count == 1 else 's'} in the settings; nothing was changed:"
        return "\n".join([heading, *(f"  {problem}" for problem in self.problems)])


def problem(location: Location, message: str, value: object = None) -> Problem:
    """Describe an error at `location`, showing `value` unless it is or may be a secret.

    What looks like a secret is taken out of the message too: some messages quote a part of the value.
    """
    hidden = never_shown(location)
    return Problem(path_of(location), None if hidden else shown(value), printable(without_secrets(message)))


def hide(*keys: str) -> None:
    """Never show the values of these settings, nor what is in them: they are or may be secrets."""
    _NEVER_SHOWN.update(keys)


def never_shown(location: Location) -> bool:
    """Return whether the value at `location` is or may be a secret."""
    return any(part in _NEVER_SHOWN for part in location)


def without_secrets(text: str) -> str:
    """Return a text with `(hidden)` for all that looks like a secret."""
    return _SECRET.sub("(hidden)", text)


def path_of(location: Location) -> str:
    """Spell a location as the stack file and `pulumi config --path` do."""
    path = f"{NAMESPACE}:"
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _SECRET.search(part):
            path += ".(hidden)"
        elif _PLAIN_KEY.fullmatch(part):
            path += f".{part}"
        else:
            path += f"[{json.dumps(part)}]"
    return path.replace(":.", ":", 1)


def shown(value: object) -> str | None:
    """Spell a single value in one short line; None for tables, lists and what looks like a secret."""
    if value is None or isinstance(value, dict | list | tuple):
        return None
    text = json.dumps(value, ensure_ascii=False, default=str)
    if _SECRET.search(text):
        return None
    if isinstance(value, str) and _PLAIN_VALUE.fullmatch(value) and not _LITERAL.fullmatch(value):
        text = value
    text = printable(text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def printable(text: str) -> str:
    """Keep a message on its line, in any encoding and from steering a terminal, whatever it quotes."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
