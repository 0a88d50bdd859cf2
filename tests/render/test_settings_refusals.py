"""Every refusal with its exact words."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from .settings_samples import lines, stack

CASES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "settings_refusals.yaml").read_text(), yaml.CSafeLoader
)

# What YAML can't say, or not in a line.
LONG_CASES = [
    (
        stack({"machine": {"IdleScaleFactor": float("nan")}}),
        "pools[0].machine.IdleScaleFactor = NaN: must be a finite number",
    ),
    (
        stack({"docker": {"image": "\ud800"}}),
        "pools[0].docker.image: holds half a character (a lone surrogate), which no file can hold; write it anew",
    ),
    (
        stack({"docker": {"sysctls": {"\ud800": "1"}}}),
        'pools[0].docker.sysctls["\\ud800"]: holds half a character (a lone surrogate), which no file can hold; '
        "write it anew",
    ),
    (
        stack({"name": "a\nb"}),
        'pools[0].name = "a\\nb": is not a valid pool name: 1 to 32 of the letters a to z, digits and -',
    ),
    (
        stack(tags={"a": "x" * 257}),
        f"tags.a = {'x' * 57}...: has 257 characters; a tag's value has at most 256",
    ),
    (
        stack(tags={"k" * 129: "x"}),
        f"tags.{'k' * 129} = {'k' * 57}...: has 129 characters; a tag's key has 1 to 128",
    ),
    (stack(tags={f"t{n}": "x" for n in range(41)}), "tags: must have at most 40 entries"),
    (stack(labels={f"key-{n}": "x" for n in range(33)}), "labels: holds 33 labels; there may be 32"),
    (
        stack({"labels": {"own-1": "x"}}, labels={f"key-{n}": "x" for n in range(32)}),
        "pools[0].labels: makes 33 labels together with the global ones; there may be 32",
    ),
]


def settings_of(given: dict[str, Any]) -> dict[str, Any]:
    raw = deepcopy(stack(given.get("pool"), **given.get("stack", {})))
    if path := given.get("without"):
        table: Any = raw
        for part in path[:-1]:
            table = table[part]
        del table[path[-1]]
    return raw


def said(case: dict[str, Any]) -> list[str]:
    says = case["says"]
    return says if isinstance(says, list) else [says]


@pytest.mark.parametrize("case", CASES, ids=[str(case["says"]).partition(": ")[0] for case in CASES])
def test_a_mistake_is_told_with_its_place_the_limit_and_the_fix(case: dict[str, Any]) -> None:
    assert lines(settings_of(case["given"])) == said(case)


@pytest.mark.parametrize(("raw", "line"), LONG_CASES)
def test_a_mistake_that_takes_long_to_write_is_told_too(raw: dict[str, Any], line: str) -> None:
    assert lines(raw) == [line]
