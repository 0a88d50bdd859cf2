"""Typical deployments, and what deployments.yaml says that they are made of.

`python -m tests.unit.deployments` writes that file anew. Read its difference before you commit it: each line is a
change of what people own, pay for, or let in.
"""

import math
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from components import AutoscalingRunner, AutoscalingRunnerArgs, GivenNetwork

from .conftest import TOKEN, registered_by
from .described import described

FILE = Path(__file__).with_name("deployments.yaml")
_SECRETS = {"arm": "glrt-another", "keyed": "glrt-a-third", "key": "PRIVATE"}
_WIDTH = 120

GIVEN = ("deployment", "region", "network", "settings")
"""What of a case people write; the rest is made of it."""

Described = dict[str, Any]


def cases() -> dict[str, Described]:
    """The deployments of the file by their names."""
    loaded = yaml.load(FILE.read_text(), yaml.CSafeLoader)
    return {case["deployment"]: case for case in loaded}


def told(case: Described) -> Described:
    """What the file says that a case is made of."""
    return {key: value for key, value in case.items() if key not in GIVEN}


def deployed(case: Described) -> Described:
    """Return what the settings of a case make, as `described` says it."""
    settings = case["settings"]
    token = None if {"tokenParameter", "tokenSecret"} & settings.keys() else TOKEN
    secrets = {name: text for name, text in _SECRETS.items() if f"<secret:{name}>" in str(settings)}
    args = AutoscalingRunnerArgs(
        settings=settings,
        region=case.get("region", "eu-central-1"),
        token=token,
        secrets=secrets,
        network=GivenNetwork(**case["network"]) if "network" in case else None,
    )
    return described(registered_by(lambda: AutoscalingRunner("runner", args)))


def difference(base: Described, made: Described) -> Described:
    """Return what a table has otherwise than another one, and under `without` what it lacks."""
    gone = [key for key in base if key not in made]
    changed = {
        key: difference(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in made.items()
        if key not in base or base[key] != value
    }
    return {**({"without": gone} if gone else {}), **changed}


def main() -> None:
    """Write the file anew from the settings that it has."""
    head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
    written: list[Described] = []
    base = None
    for case in cases().values():
        made = deployed(case)
        content = made if base is None else difference(base, made)
        base = base or made
        written.append({**{key: case[key] for key in GIVEN if key in case}, **content})
    FILE.write_text(head + "\n".join(_lines(written, "")) + "\n")


def _lines(value: Any, margin: str) -> Iterator[str]:
    """YAML with each part in one line that fits into one."""
    pairs = value.items() if isinstance(value, dict) else (("-", each) for each in value)
    for key, each in pairs:
        start = f"{margin}-" if key == "-" else f"{margin}{_line(key)}:"
        line = f"{start} {_line(each)}"
        if isinstance(each, str) and "\n" in each:
            yield f"{start} |" if each.endswith("\n") else f"{start} |-"
            yield textwrap.indent(each.rstrip("\n"), f"{margin}  ")
        elif isinstance(each, str | int | float | None) or (len(line) <= _WIDTH and "\n" not in line):
            yield line
        elif key == "-":
            first, *rest = _lines(each, f"{margin}  ")
            yield f"{margin}- {first.lstrip()}"
            yield from rest
        else:
            yield start
            yield from _lines(each, f"{margin}  ")


def _line(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=math.inf, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


if __name__ == "__main__":
    main()
