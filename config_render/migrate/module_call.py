"""One call of the Terraform module: what is given, on which line, and what became of it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..base.secret_texts import replace_secrets
from .findings import Findings
from .hcl import Expression, Variables
from .module_names import BEFORE_7, FIRST_WITH_OBJECTS, is_of_before_7, name_of
from .module_rest import WHY, why_left_out
from .places import below

RUNNER = "runners[0]"
"""The place of the one entry that the module's config.toml has."""
_MAPS = re.compile(r"tags|.*_(filter|rules|tags|environment_variables|schedule_config)|schedule_config")
"""Variables that are maps: what their keys are is their owners' matter."""
_OF_THREE_LEVELS = ("runner_instance.root_device_config",)
_OBJECTS = {name.rpartition(".")[0] for name in (*WHY, *BEFORE_7.values()) if "." in name}
_LONGEST_SHOWN = 60


class ModuleCall:
    """Gives out what variables say, and tells of all that is not given out as a literal value.

    Variables go by the names that they have had since 7.0 or 9.0, with a key of an object after a dot.

    Attributes:
        findings: What is to be told. Its places are variables, as they are called in the file.
        former: Whether the call is one of a release before 7.0.
        release: The first one that the call allows; None where it names none.
        settings: What is no part of config.toml, by paths such as `manager.instanceType`, each with its variable.
        invented: Paths of settings that are made of an invented value, in place of one that is asked for.
        of_group: Whether an Auto Scaling group starts the machines.
        private_workers: Whether these have no public address; the manager then has none either.
        lines: Lines by places in the module's config.toml.
        names: Variables by places in the module's config.toml.
    """

    def __init__(self, variables: Variables) -> None:
        self.findings = Findings(variables.lines, whole=True)
        self.release = variables.release
        self.former = any(map(is_of_before_7, variables.values))
        if self.release is not None:
            self.former = self.release < FIRST_WITH_OBJECTS
        self.settings: dict[str, tuple[Any, str]] = {}
        self.invented: list[str] = []
        self.of_group = False
        self.private_workers: Any = True
        self.lines: dict[str, int] = {}
        self.names: dict[str, str] = {RUNNER: "the module"}
        self._given: dict[str, tuple[str, Any]] = {}
        self._indexes: dict[str, list[int]] = {}
        """Of the items that are left of lists, by places."""
        self._called = {name: old for old, name in BEFORE_7.items()} if self.former else {}
        for name, place, value in _leaves(variables.values, former=self.former):
            if name in self._given:
                self.findings.left_out(place, f"{self._given[name][0]} says it too")
            else:
                self._given[name] = place, value
                self._called[name] = place

    def is_before(self, *release: int) -> bool:
        """Return whether the call is of a release before one of 4 to 6; one that names none counts as of the last."""
        return self.former and self.release is not None and self.release < release

    def place(self, name: str) -> str:
        """Return what a variable is called in the file, or would be."""
        return self._called.get(name, name)

    def gives(self, name: str) -> bool:
        """Return whether the call says something of a variable that was not given out yet; nothing if it is empty."""
        found = self._found(name)
        return found is not None and found[1] not in (None, "", [], {})

    def keys_of(self, table: str) -> list[str]:
        """Return the keys of an object that were not given out yet."""
        return [name.partition(".")[2] for name in self._given if name.partition(".")[0] == table and "." in name]

    def take(self, name: str, default: Any = None, becomes: str = "") -> Any:
        """Give out a variable's value, or what the module takes without one.

        Parts of it that Terraform alone knows are left out and told. `becomes` is the setting that it becomes.
        """
        is_own = name in self._given
        found = self._pop(name)
        if found is None:
            return default
        place, value = found
        if isinstance(value, Expression):
            if is_own:  # else the whole object is told, once
                self._tell(place, value, f"set {becomes} to" if becomes else "set")
            return default
        value = self._literal(place, value, becomes)
        if value in ("true", "false"):
            return value == "true"  # as Terraform makes of it
        if isinstance(default, str) and isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if type(default) is int and isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
            return int(value)
        return default if value is None else value

    def ask(
        self, name: str, path: str, example: str | float, *, needed: bool = True, form: re.Pattern[str] | None = None
    ) -> Any:
        """Give out a variable's value; ask for the setting `path` where it is no literal one, or not of the form.

        Where the call says nothing, the setting is asked for if it is needed.
        """
        found = self._pop(name)
        if found is None or found[1] in (None, ""):
            if needed:
                self.findings.want(path, example, f"{self.place(name)} is not given")
            return None
        place, value = found
        if isinstance(value, str | int | float) and (form is None or form.fullmatch(str(value))):
            return value
        self.findings.want(path, example, f"{place} {_reason(value)}")
        return None

    def ask_list(
        self, name: str, path: str, examples: Sequence[str], form: re.Pattern[str] | None = None
    ) -> list[str] | None:
        """Give out the items of a list that are literal and of the form, each once; None where the call says nothing.

        The others are asked for, as long as there are examples for so many items of `path`; else they are told.
        A single value is a list of one.
        """
        found = self._pop(name)
        if found is None or found[1] in (None, "", []):
            return None
        place, value = found
        places = [f"{place}[{index}]" for index in range(len(value))] if isinstance(value, list) else [place]
        items = list(zip(places, value if isinstance(value, list) else [value], strict=True))
        usable = [(at, each) for at, each in items if isinstance(each, str) and (form is None or form.fullmatch(each))]
        kept = list(dict.fromkeys(each for _, each in usable))
        for number, (at, each) in enumerate([item for item in items if item not in usable], len(kept)):
            if number < len(examples):
                self.findings.want(f"{path}[{number}]", examples[number], f"{at} {_reason(each)}")
            else:
                self.findings.note(at, f"{_reason(each)}; add what it becomes to {path}")
        return kept

    def set(self, path: str, value: Any, name: str) -> None:
        """Take down a setting that is no part of config.toml; an empty value is none."""
        if value not in (None, "", {}, []):
            self.settings[path] = value, self.place(name)

    def become(self, table: dict[str, Any], at: str, key: str, name: str, default: Any = None) -> None:
        """Put a variable's value under a key of a table of config.toml, whose place is `at`."""
        place = below(at, key)
        value = self.take(name, default, place.replace(RUNNER, "pools[0]"))
        self.mark(place, name)
        if value not in (None, "", [], {}):
            table[key] = value

    def mark(self, place: str, name: str) -> None:
        """Take down that what stands at a place in config.toml comes from a variable."""
        there = self.place(name)
        self.names[place.lower()] = there
        if (line := self.findings.line(there)) is not None:
            self.lines[place.lower()] = line
        for number, index in enumerate(self._indexes.get(there, ())):
            item = f"{place}[{number}]".lower()
            self.names[item] = f"{there}[{index}]"
            if (line := self.findings.line(f"{there}[{index}]")) is not None:
                self.lines[item] = line

    def leave_out(self, names: Iterable[str], why: str) -> None:
        """Tell of variables that they are left out, if they are given."""
        for name in names:
            if name in self._given:
                place, value = self._given.pop(name)
                if value is not None:
                    self.findings.left_out(place, why)

    def tell_the_rest(self) -> None:
        """Tell of all that was not given out."""
        for name, (place, value) in self._given.items():
            if name not in _OBJECTS or name in WHY:
                if why := why_left_out(name, value):
                    self.findings.left_out(place, why)
            elif isinstance(value, Expression):
                self._tell(place, value, "set")
            elif value is not None:
                self.findings.left_out(place, "it must be an object, with keys in braces")
        self._given = {}

    def _found(self, name: str) -> tuple[str, Any] | None:
        if name in self._given:
            return self._given[name]
        whole = self._given.get(name.partition(".")[0])
        return whole if whole is not None and isinstance(whole[1], Expression) else None

    def _pop(self, name: str) -> tuple[str, Any] | None:
        found = self._found(name)
        self._given.pop(name, None)
        return found

    def _literal(self, place: str, value: Any, becomes: str) -> Any:
        """Return a value without what Terraform alone knows, which is told."""
        if isinstance(value, list):
            kept = [(i, item) for i, item in enumerate(value) if not self._is_told(f"{place}[{i}]", item, becomes)]
            self._indexes[place] = [index for index, _ in kept]
            return [self._literal(f"{place}[{index}]", item, becomes) for index, item in kept]
        if isinstance(value, dict):
            return {
                key: self._literal(at, item, becomes)
                for key, item in value.items()
                if not self._is_told(at := below(place, key), item, becomes)
            }
        return value

    def _is_told(self, place: str, value: Any, becomes: str) -> bool:
        if isinstance(value, Expression):
            self._tell(place, value, f"add to {becomes}" if becomes else "add")
            return True
        return False

    def _tell(self, place: str, value: Expression, what_to_do: str) -> None:
        self.findings.note(place, f"{_known_to_terraform(value)}; {what_to_do} what it becomes")


def _reason(value: Any) -> str:
    return _known_to_terraform(value) if isinstance(value, Expression) else "has a value that can't be used"


def _known_to_terraform(value: Expression) -> str:
    text = replace_secrets(" ".join(value.text.split()), lambda _: "(hidden)")
    text = text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
    return f"is known to Terraform alone ({text})"


def _leaves(variables: Mapping[str, Any], *, former: bool) -> Iterator[tuple[str, str, Any]]:
    """Yield each variable, and each key of those that are objects: its name of today, its place, and its value."""
    for top, value in variables.items():
        name = name_of(top, None, former=former)
        if isinstance(value, dict) and not _MAPS.fullmatch(name):
            yield from _keys(top, value, former=former)
        else:
            yield name, below("", top), value


def _keys(top: str, table: Mapping[str, Any], *, former: bool) -> Iterator[tuple[str, str, Any]]:
    for key, value in table.items():
        name, place = name_of(top, key, former=former), below(below("", top), key)
        if name in _OF_THREE_LEVELS and isinstance(value, dict):
            yield from ((f"{name}.{last}", below(place, last), each) for last, each in value.items())
        else:
            yield name, place, value
