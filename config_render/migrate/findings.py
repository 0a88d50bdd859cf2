"""What a conversion finds: reasons to refuse, secrets, what is still to be set, and what a person should know."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from ..base.problems import NAMESPACE, Problem, never_shown, printable, shown, without_secrets
from ..base.secret_texts import holds_secret, names_a_secret, replace_secrets
from .places import around

_Found = TypeVar("_Found")
_MOST_PLACES = 3
_REDUNDANT = re.compile(r"(; |, or |, and )leave (it|this|that) out$|; leave it out, and (?=\w)")


@dataclass(frozen=True)
class Wanted:
    """A setting that config.toml does not have, or not in a form that can be used."""

    path: str
    """Within the namespace, such as `network.subnetIds[0]`; or `aws:region`."""
    example: str | float
    """A value that would pass the check."""
    why: str

    @property
    def command(self) -> str:
        if ":" in self.path:
            return f"pulumi config set {self.path} {self.example}"
        kind = " --type float" if isinstance(self.example, float) else ""
        return f"pulumi config set --path{kind} '{NAMESPACE}:{self.path}' {shlex.quote(str(self.example))}"


class Findings:
    """Collects what is found. A place is a path in the config.toml, such as `runners[0].machine.IdleCount`.

    `whole` tells whether notes name all places that they hold for, however many these are.
    """

    def __init__(
        self, lines: Mapping[str, int], names: Mapping[str, str] | None = None, *, whole: bool = False
    ) -> None:
        self._most_places = None if whole else _MOST_PLACES
        self.problems: list[Problem] = []
        self.wanted: list[Wanted] = []
        self.moved: dict[str, str] = {}
        """Where keys stand that are read as if they stood elsewhere, by that place."""
        self._lines, self._names = lines, names or {}
        self._notes: dict[str, list[str]] = {}
        self._secrets: dict[tuple[str, str], tuple[str, str]] = {}
        """Names and places by the name that was wished for and the secret itself."""

    @property
    def secrets(self) -> dict[str, str]:
        """The places of the secrets by their names."""
        return {name: self.located(place) for name, place in self._secrets.values()}

    @property
    def notes(self) -> list[str]:
        """What a person should know, what holds for several places once."""
        return [
            f"{_joined(list(dict.fromkeys(places)), self._most_places)}: {message}"
            for message, places in self._notes.items()
        ]

    def line(self, place: str) -> int | None:
        """Return the line of a place, or of the table that it would be in."""
        return _nearest(self._lines, self.moved.get(place, place))

    def located(self, place: str) -> str:
        """Return a place with its line, fit for one line of text."""
        line = self.line(place)
        where = self.moved.get(place, place)
        clean = printable(replace_secrets(_nearest(self._names, where) or where, lambda _: "(hidden)"))
        return clean if line is None or place.startswith("line ") else f"{clean} (line {line})"

    def refuse(self, place: str, value: object, message: str) -> None:
        """Take down why there is no stack for the config.toml."""
        key = place.rpartition(".")[2]
        hidden = never_shown(tuple(re.findall(r"[\w-]+", place))) or names_a_secret(key)
        hidden = hidden or (isinstance(value, str) and holds_secret(value))
        line = self.line(place)
        path = printable(replace_secrets(_nearest(self._names, place) or place, lambda _: "(hidden)"))
        self.problems.append(
            Problem(path, None if hidden else shown(value), message, None if line is None else str(line))
        )

    def note(self, place: str, message: str) -> None:
        """Take down what is otherwise in the stack, and why."""
        self._notes.setdefault(printable(without_secrets(message)), []).append(self.located(place))

    def left_out(self, place: str, why: str) -> None:
        """Take down that what stands at a place is not in the stack, and why."""
        self.note(place, f"left out; {_REDUNDANT.sub('; ', why).removesuffix('; ')}")

    def want(self, path: str, example: str | float, why: str) -> None:
        """Take down a setting that is still to be set; `why` begins with a place."""
        place, space, rest = why.partition(" ")
        colon = ":" if place.endswith(":") else ""
        if all(each.path != path for each in self.wanted):
            located = f"{self.located(place.removesuffix(':'))}{colon}"
            self.wanted.append(Wanted(path, example, printable(f"{located}{space}{without_secrets(rest)}")))

    def secret(self, wish: str, secret: str, place: str) -> str:
        """Return the placeholder of a secret, the same one for the same secret. `wish` is a name that would suit."""
        wish = re.sub(r"[^A-Za-z0-9_]", "_", wish).strip("_") or "secret"
        wish = (wish if wish[0].isalpha() else f"s_{wish}")[:60]
        if (wish, secret) not in self._secrets:
            taken = {name for name, _ in self._secrets.values()}
            name, count = wish, 1
            while name in taken:
                count += 1
                name = f"{wish}{count}"
            self._secrets[wish, secret] = (name, place)
        return f"<secret:{self._secrets[wish, secret][0]}>"

    def main_token(self, token: str, place: str, name: str) -> None:
        """Take down the token that all pools share."""
        self._secrets[name, token] = (name, place)

    def without_secrets(self, text: str, wish: str, place: str) -> str:
        """Return a text with placeholders for the secrets in it."""
        return replace_secrets(text, lambda secret: self.secret(wish, secret, place))


def _nearest(table: Mapping[str, _Found], place: str) -> _Found | None:
    """Return what a table has of a place or, without that, of what is around it."""
    return next((table[each] for each in around(place.lower()) if each in table), None)


def _joined(places: list[str], most: int | None) -> str:
    more = 0 if most is None else len(places) - most
    return ", ".join(places) if more <= 1 else f"{', '.join(places[:most])} and {more} more"
