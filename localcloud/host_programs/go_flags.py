"""The command line as Go's `flag` package and codegangsta/cli read it, for the stand-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


class Flag(NamedTuple):
    """One flag; `kind` is "string", "bool", "int", "float" or "list" (a list's flag may be repeated)."""

    name: str
    kind: str = "string"
    short: str = ""
    env: str = ""
    default: Any = None


class Parsed:
    """The values of all flags (their defaults included), which ones were given, and the other arguments."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.given: set[str] = set()
        self.rest: list[str] = []


class UsageError(Exception):
    """The command line is refused, in the words of Go's `flag` package."""


def parse(flags: Iterable[Flag], arguments: Sequence[str], environment: Mapping[str, str]) -> Parsed:
    """Read `arguments` up to the first that is no flag; raises `UsageError`.

    An environment variable counts as given; the command line wins over it.
    """
    by_name: dict[str, Flag] = {}
    parsed = Parsed()
    for flag in flags:
        by_name[flag.name] = flag
        if flag.short:
            by_name[flag.short] = flag
        parsed.values[flag.name] = list(flag.default or []) if flag.kind == "list" else flag.default
        if environment.get(flag.env):
            _set_from_environment(parsed, flag, environment[flag.env])
    seen: set[str] = set()
    remaining = list(arguments)
    while remaining:
        word = remaining[0]
        if len(word) < 2 or not word.startswith("-"):
            break
        del remaining[0]
        if word == "--":
            break
        _take(word, remaining, by_name, parsed, seen)
    parsed.rest = remaining
    return parsed


def reordered(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command with the words before its first flag put last, as codegangsta/cli does."""
    first = next((index for index, word in enumerate(arguments) if word.startswith("-")), 0)
    return [*arguments[first:], *arguments[:first]]


def _take(word: str, remaining: list[str], by_name: Mapping[str, Flag], parsed: Parsed, seen: set[str]) -> None:
    name, equals, text = word[2 if word.startswith("--") else 1 :].partition("=")
    flag = by_name.get(name)
    if flag is None:
        raise UsageError(f"flag provided but not defined: -{name}")
    if not equals:
        if flag.kind == "bool":
            text = "true"
        elif remaining:
            text = remaining.pop(0)
        else:
            raise UsageError(f"flag needs an argument: -{name}")
    if flag.kind == "list":
        earlier = parsed.values[flag.name] if flag.name in seen else []
        parsed.values[flag.name] = [*earlier, text]
    else:
        parsed.values[flag.name] = _convert(flag.kind, name, text)
    seen.add(flag.name)
    parsed.given.add(flag.name)


def _set_from_environment(parsed: Parsed, flag: Flag, text: str) -> None:
    value = text.split(",") if flag.kind == "list" else _convert(flag.kind, flag.name, text)
    parsed.values[flag.name] = value
    parsed.given.add(flag.name)


def _convert(kind: str, name: str, text: str) -> Any:
    if kind == "bool":
        if text not in (*_TRUE, *_FALSE):
            raise UsageError(f'invalid boolean value "{text}" for -{name}: parse error')
        return text in _TRUE
    numbers = {"int": int, "float": float}
    if kind not in numbers:
        return text
    try:
        return numbers[kind](text)
    except ValueError:
        raise UsageError(f'invalid value "{text}" for flag -{name}: parse error') from None
