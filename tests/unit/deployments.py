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

from components import AutoscalingRunner, AutoscalingRunnerArgs

from .conftest import TOKEN, registered_by
from .described import described

FILE = Path(__file__).with_name("deployments.yaml")
_SECRETS = {"arm": "glrt-another", "key": "PRIVATE"}
_WIDTH = 120

Described = dict[str, Any]


def cases() -> dict[str, Described]:
    """The deployments of the file by their names."""
    loaded = yaml.load(FILE.read_text(), yaml.CSafeLoader)
    return {case["deployment"]: case for case in loaded}


def deployed(settings: dict[str, Any]) -> Described:
    """Return what settings make, as `described` says it."""
    token = None if {"tokenParameter", "tokenSecret"} & settings.keys() else TOKEN
    secrets = {name: text for name, text in _SECRETS.items() if f"<secret:{name}>" in str(settings)}
    args = AutoscalingRunnerArgs(settings=settings, region="eu-central-1", token=token, secrets=secrets)
    return described(registered_by(lambda: AutoscalingRunner("runner", args)))


def difference(base: Described, made: Described) -> Described:
    """Return what a deployment has otherwise than another one: what is not in that at all, and what is different."""
    changed = {key: value for key, value in made.items() if key != "resources" and value != base[key]}
    old, new = base["resources"], made["resources"]
    without = [title for title in old if title not in new]
    resources = {title: each for title, each in new.items() if old.get(title) != each}
    return {**changed, **({"without": without} if without else {}), "resources": resources}


def main() -> None:
    """Write the file anew from the settings that it has."""
    head = "".join(line for line in FILE.read_text().splitlines(keepends=True) if line.startswith("#"))
    told, base = [], None
    for name, case in cases().items():
        made = deployed(case["settings"])
        content = made if base is None else difference(base, made)
        base = base or made
        told.append({"deployment": name, "settings": case["settings"], **content})
    FILE.write_text(head + "\n".join(_lines(told, "")) + "\n")


def _lines(value: Any, margin: str) -> Iterator[str]:
    """YAML with each part in one line that fits into one."""
    pairs = value.items() if isinstance(value, dict) else (("-", each) for each in value)
    for key, each in pairs:
        start = f"{margin}-" if key == "-" else f"{margin}{_line(key)}:"
        line = f"{start} {_line(each)}"
        if isinstance(each, str) and "\n" in each:
            yield f"{start} |" if each.endswith("\n") else f"{start} |-"
            yield textwrap.indent(each.rstrip("\n"), f"{margin}  ")
        elif isinstance(each, str | int | float | None) or (len(line) <= _WIDTH and "\\n" not in line):
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
