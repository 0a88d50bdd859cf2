"""config.toml as others write it: each kind becomes a stack that the check takes, or is refused with its place."""

import random
import re
import shlex
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_render import problems_of
from config_render.__main__ import main
from config_render.migrate.from_toml import UnconvertibleError, settings_from_toml
from config_render.migrate.source import Source, lines_of
from config_render.migrate.stack_text import stack_file

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "config_tomls.yaml").read_text())
CONVERTED = [case for case in CASES if "refused" not in case]
REFUSED = [case for case in CASES if "refused" in case]


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


def convert(text: str) -> str:
    return stack_file(settings_from_toml(Source(tomllib.loads(text), lines_of(text))), "config.toml")


def after_the_head(text: str) -> dict[str, Any]:
    """The stack's settings once the commands in the head were executed."""
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    for command in re.findall(r"^#   (pulumi config set .*)$", text, re.MULTILINE):
        words = shlex.split(command, comments=True)[3:]
        secret, is_float = "--secret" in words, "float" in words
        key, *value = [word for word in words if not word.startswith("--") and word != "float"]
        namespace, _, path = key.rpartition(":")
        parts = [int(each) if each.isdigit() else each for each in re.findall(r"\w+", path)]
        whole = f"{namespace}:{parts.pop(0)}"
        put(config, [whole, *parts], {"secure": "x"} if secret else float(value[0]) if is_float else value[0])
    return config


def put(table: Any, path: list[Any], value: Any) -> None:
    first, *rest = path
    if not rest:
        if isinstance(table, list):
            table.insert(first, value)
        else:
            table[first] = value
        return
    if isinstance(table, dict):
        table.setdefault(first, [] if isinstance(rest[0], int) else {})
    put(table[first], rest, value)


@pytest.mark.parametrize("case", CONVERTED, ids=name)
def test_a_file_of_others_becomes_a_stack_that_the_check_takes(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = convert(case["toml"])
    (tmp_path / "Pulumi.old.yaml").write_text(yaml.safe_dump({"config": after_the_head(text)}))

    assert main(["check", str(tmp_path / "Pulumi.old.yaml")]) == 0, capsys.readouterr().err
    assert [each for each in case.get("secret", []) if each in text] == []
    assert [each for each in case.get("says", []) if each not in text] == []
    settings = {key.rpartition(":")[2]: value for key, value in yaml.safe_load(text)["config"].items()}
    assert {path: at(settings, path) for path in case.get("becomes", {})} == case.get("becomes", {})


def at(settings: Any, path: str) -> Any:
    for part in re.findall(r"[\w-]+", path):
        is_index = part.isdigit() and isinstance(settings, list)
        settings = next(iter(settings[int(part) :]), None) if is_index else settings.get(part)
    return settings


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_what_no_stack_can_say_is_refused_with_its_place_and_line(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnconvertibleError) as caught:
        convert(case["toml"])

    assert str(caught.value).splitlines() == case["refused"]
    assert [each for each in case.get("secret", []) if each in str(caught.value)] == []


def test_a_secret_is_a_placeholder_wherever_it_stands() -> None:
    base = tomllib.loads(CASES[0]["toml"])
    planted = "glpat-Pl4ntedPl4ntedPl4nt"
    found = 0
    for path in texts_in(base):
        content = deepcopy(base)
        table = content
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = f"{table[path[-1]]} {planted}"
        try:
            text = stack_file(settings_from_toml(Source(content)), "config.toml")
        except UnconvertibleError as error:
            text = str(error)
        assert planted not in text, path
        found += 1
    assert found > 20


def texts_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_in(item, (*path, key))


ODD: list[Any] = [
    *("", "x", "a,b", "%s", "=", "<secret:x>", "\x7f\u2028\x00", "-1", "a\nb", "€" * 300, "glpat-0123456789abcdefghij"),
    *(0, -1, 2**63, 10**30, 0.5, float("nan"), float("inf"), True, False, [], {}, [[]], [{}], ["x", 1], {"x": "y"}),
    *({"a.b": {"c": [1]}}, [None] * 0, "https://user:pa55w0rd@example.com/ci/", [""], {"": ""}, "amazonec2-tags=,,"),
]


def mutated(content: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A config.toml with some of its keys gone, spelled otherwise, doubled, or with other values."""
    content = deepcopy(content)
    for _ in range(chance.randint(1, 4)):
        tables = list(tables_in(content))
        table = chance.choice(tables)
        if not table:
            continue
        key = chance.choice(list(table)) if isinstance(table, dict) else chance.randrange(len(table))
        match chance.randrange(5):
            case 0:
                table[key] = deepcopy(chance.choice(ODD))
            case 1:
                del table[key]
            case 2 if isinstance(table, dict) and isinstance(key, str):
                table[chance.choice([key.upper(), key[1:], f"{key}s", "password", "token", "a b"])] = table[key]
            case 3:
                other = chance.choice(tables)
                inner = deepcopy(table[key])
                if isinstance(other, dict):
                    other[key if isinstance(key, str) else "x"] = inner
                else:
                    other.append(inner)
            case _:
                table[key] = [deepcopy(table[key])] if chance.random() < 0.5 else {"x": deepcopy(table[key])}
    return content


def tables_in(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from tables_in(item)


@pytest.mark.parametrize("count", [500, pytest.param(5000, marks=pytest.mark.slow)])
def test_no_valid_toml_ends_in_a_traceback_and_what_is_converted_passes_the_check(count: int) -> None:
    chance = random.Random(20)  # noqa: S311
    contents = [tomllib.loads(case["toml"]) for case in CASES]
    converted = 0
    for number in range(count):
        content = mutated(contents[number % len(contents)], chance)
        try:
            found = settings_from_toml(Source(content))
        except UnconvertibleError:
            continue
        if number % 10 == 0:
            text = stack_file(found, "config.toml")
            assert "pa55w0rd" not in text
            assert "glpat-0123456789abcdefghij" not in text
            assert mistakes(text) == [], content
        converted += 1
    assert converted > count // 5


def mistakes(text: str) -> list[str]:
    config = after_the_head(text)
    raw = {key.rpartition(":")[2]: value for key, value in config.items()}
    region, secrets = raw.pop("region"), raw.pop("secrets", {})
    tokens = {"token": None} if "token" in raw else {}
    return [str(each) for each in problems_of(raw, region=region, secrets=secrets, tokens=tokens)[1]]
