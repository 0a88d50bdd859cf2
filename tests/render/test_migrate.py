"""config.toml as others write it: each kind becomes a stack that the check takes, or is refused with its place."""

import json
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
from config_render.settings.runner import Executor

CASES: list[dict[str, Any]] = yaml.load((Path(__file__).parent / "config_tomls.yaml").read_text(), yaml.CSafeLoader)
CONVERTED = [case for case in CASES if "refused" not in case]
REFUSED = [case for case in CASES if "refused" in case]


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


def convert(case: dict[str, Any]) -> str:
    text, executor = case["toml"], case.get("executor")
    return stack_file(settings_from_toml(Source(tomllib.loads(text), lines_of(text)), executor), "config.toml")


def after_the_head(text: str) -> dict[str, Any]:
    """The stack's settings once the commands in the head were executed."""
    config: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)["config"]
    for command in re.findall(r"^#   (pulumi config set .*)$", text, re.MULTILINE):
        words = shlex.split(command, comments=True)[3:]
        secret, is_float = "--secret" in words, "float" in words
        key, *value = [word for word in words if not word.startswith("--") and word != "float"]
        namespace, _, path = key.rpartition(":")
        parts = [int(each) if each.isdigit() else each for each in re.findall(r"[\w-]+", path)]
        whole = f"{namespace}:{parts.pop(0)}"
        put(config, [whole, *parts], {"secure": "x"} if secret else as_pulumi_reads(value[0], is_float=is_float))
    return config


def as_pulumi_reads(text: str, *, is_float: bool) -> str | float:
    return float(text) if is_float else int(text) if text.isdigit() else text


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
    text = convert(case)
    (tmp_path / "Pulumi.old.yaml").write_text(yaml.safe_dump({"config": after_the_head(text)}))

    assert main(["check", str(tmp_path / "Pulumi.old.yaml")]) == 0, capsys.readouterr().err
    assert [each for each in case.get("secret", []) if each in text] == []
    assert [each for each in case.get("says", []) if each not in text] == []
    settings = {key.rpartition(":")[2]: value for key, value in yaml.load(text, yaml.CSafeLoader)["config"].items()}
    assert {path: at(settings, path) for path in case.get("becomes", {})} == case.get("becomes", {})


def at(settings: Any, path: str) -> Any:
    for part in re.findall(r"[\w-]+", path):
        is_index = part.isdigit() and isinstance(settings, list)
        settings = next(iter(settings[int(part) :]), None) if is_index else settings.get(part)
    return settings


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_what_no_stack_can_say_is_refused_with_its_place_and_line(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnconvertibleError) as caught:
        convert(case)

    assert str(caught.value).splitlines() == case["refused"]
    assert [each for each in case.get("secret", []) if each in str(caught.value)] == []


@pytest.mark.parametrize(
    "case", [CASES[0], *(each for each in CONVERTED if "docker-autoscaler" in each["case"])], ids=name
)
def test_a_secret_is_a_placeholder_wherever_it_stands(case: dict[str, Any]) -> None:
    base = tomllib.loads(case["toml"])
    planted = "glpat-Pl4ntedPl4ntedPl4nt"
    found = 0
    for path in texts_in(base):
        content = deepcopy(base)
        table = content
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = f"{table[path[-1]]} {planted}"
        try:
            text = stack_file(settings_from_toml(Source(content), case.get("executor")), "config.toml")
        except UnconvertibleError as error:
            text = str(error)
        assert planted not in text, path
        found += 1
    assert found == len(list(texts_in(base))) > 2


RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "localcloud" / "recordings" / "docker_autoscaler_keys.json").read_text()
)["keys"]
SAMPLES: dict[str, Any] = {
    "executor": "docker-autoscaler",
    "plugin": "aws:1.0.1",
    "region": "eu-west-1",
    "username": "admin",
    "plugin_config": {"name": "x"},
    "connector_config": {"username": "admin"},
    "policy": [{"periods": ["* 9 * * *"], "idle_count": 1}],
    "periods": ["* 9 * * *"],
    "timezone": "Europe/Berlin",
    "protocol": "ssh",
    "os": "linux",
    "dir": "/var/lib/x",
    "max_instances": 100,
    "limit": 1,
    "preemptive_mode": False,  # what docker+machine does not do beside idle machines
}
BY_TYPE = {"bool": True, "int": 3, "duration": "90s", "float": 0.5, "[]float64": [0.5, 2.5], "table": {"enabled": True}}
OF_DOCKER_MACHINE = {
    "max_use_count": "MaxBuilds",
    "policy": "autoscaling",
    "connector_config": "amazonec2-ssh-user",
    "username": "amazonec2-ssh-user",
    "protocol_port": "amazonec2-ssh-port",
    "use_external_addr": "amazonec2-use-private-address",
    "periods": "Periods",
    "timezone": "Timezone",
    "idle_count": "IdleCountMin",
    "idle_time": "IdleTime",
    "scale_factor": "IdleScaleFactor",
    "scale_factor_limit": "IdleCount",
}
"""What docker+machine calls keys of docker-autoscaler."""


@pytest.mark.parametrize("executor", ["docker-autoscaler", "docker+machine"])
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: f"{each['section']}.{each['key']}")
def test_no_key_of_docker_autoscaler_vanishes_without_a_word(recorded: dict[str, Any], executor: Executor) -> None:
    key, section = recorded["key"], recorded["section"]
    by_type = (value for start, value in BY_TYPE.items() if recorded["type"].startswith(start))
    sample = SAMPLES[key] if key in SAMPLES else next(by_type, "some text")
    policy = {"periods": ["* 8 * * *"], "idle_count": 1, "scale_factor": 0.5}
    entry: dict[str, Any] = {"executor": "docker-autoscaler", "url": "https://gitlab.example.com", "limit": 40}
    content = {"concurrent": 40, "runners": [{**entry, "autoscaler": {"policy": [policy]}}]}
    into: Any = content
    for part in [] if section == "(global)" else section.split("."):
        into = into.setdefault(part, {})
        into = into[0] if isinstance(into, list) else into
    into[key] = sample

    found = settings_from_toml(Source(content), executor)
    notes = [re.sub(r"\[\d\]", "", note) for note in found.notes]
    told = any(f"{section}.{key}" in note for note in notes)
    told = told or any(re.search(rf"{section}\b[^.].*left out", note) for note in notes)  # its whole table
    if executor == "docker+machine":
        kept = key == "executor" or OF_DOCKER_MACHINE.get(key, key) in dict(pairs_in(found.settings))
    else:
        kept = any(name == key and holds(value, sample) for name, value in pairs_in(found.settings))
    assert told or kept, found


def test_what_is_left_out_is_reported_in_the_order_of_the_file() -> None:
    keys = [
        *("update_interval", "instance_acquire_timeout", "shutdown_deletion_interval"),
        *("deletion_retry_interval", "update_interval_when_expecting"),
    ]
    entry: dict[str, Any] = {"executor": "docker-autoscaler", "url": "https://gitlab.example.com", "limit": 4}
    entry["autoscaler"] = {**dict.fromkeys(keys, "1m"), "policy": [{"periods": ["* * * * *"], "idle_count": 1}]}

    notes = settings_from_toml(Source({"concurrent": 4, "runners": [entry]}), "docker+machine").notes

    (note,) = [each for each in notes if "update_interval" in each]
    assert re.findall(r"autoscaler\.(\w+)", note) == keys[:3], note


def pairs_in(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from pairs_in(each)


def holds(value: Any, sample: Any) -> bool:
    """Return whether a setting says what a sample does, beside defaults that were written down."""
    if isinstance(sample, dict):
        return isinstance(value, dict) and all(holds(value.get(key), each) for key, each in sample.items())
    if isinstance(sample, list):
        return isinstance(value, list) and all(any(holds(one, each) for one in value) for each in sample)
    return bool(value == sample)


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

ODD_KEYS = [
    "",
    " ",
    "a b",
    "a[b",
    "[",
    "]",
    "a]",
    "[0]",
    "a.b",
    ".",
    'a"b',
    '"',
    "'",
    "a\nb",
    "\\",
    "é",
    "machine.IdleCount",
]

MACHINE = """MachineDriver = "amazonec2"
MachineName = "x-%s"
MachineOptions = ["amazonec2-region=eu-west-1", "amazonec2-vpc-id=vpc-0a1b2c3d", "amazonec2-subnet-id=subnet-0a"]
"""


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
                odd = chance.choice([key.upper(), key[1:], f"{key}s", "password", "token", *ODD_KEYS])
                table[odd] = table[key]
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


@pytest.mark.parametrize("count", [500, pytest.param(2500, marks=pytest.mark.slow)])
def test_no_valid_toml_ends_in_a_traceback_and_what_is_converted_passes_the_check(count: int) -> None:
    chance = random.Random(20)  # noqa: S311
    contents = [tomllib.loads(case["toml"]) for case in CASES]
    converted = 0
    executors: tuple[Executor | None, ...] = (None, "docker-autoscaler", "docker+machine")
    for number in range(count):
        content = mutated(contents[number % len(contents)], chance)
        try:
            found = settings_from_toml(Source(content), executors[number // len(contents) % 3])
        except UnconvertibleError:
            continue
        if number % 10 == 0:
            text = stack_file(found, "config.toml")
            assert "pa55w0rd" not in text
            assert "glpat-0123456789abcdefghij" not in text
            assert errors(text) == [], content
        converted += 1
    assert converted > count // 5


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_that_toml_quotes_is_told_with_its_own_line(key: str) -> None:
    quoted = json.dumps(key, ensure_ascii=False)
    tables = ["", "[[runners]]", "[runners.docker]", "[runners.machine]"]
    text = "".join(f"{table}\n{quoted} = [1,\n2]\n" for table in tables) + MACHINE
    (note,) = [
        each
        for each in settings_from_toml(Source(tomllib.loads(text), lines_of(text))).notes
        if each.endswith("passes over what it does not know") and quoted in each
    ]
    places = ["", "runners[0].", "runners[0].docker.", "runners[0].machine."]
    lines = [text[: found.start()].count("\n") + 1 for found in re.finditer(rf"^{re.escape(quoted)} =", text, re.M)]
    assert note.partition(": becomes")[0] == ", ".join(
        f"{place}{quoted} (line {line})" for place, line in zip(places, lines, strict=True)
    )


def errors(text: str) -> list[str]:
    config = after_the_head(text)
    raw = {key.rpartition(":")[2]: value for key, value in config.items()}
    region, secrets = raw.pop("region"), raw.pop("secrets", {})
    tokens = {"token": None} if "token" in raw else {}
    return [str(each) for each in problems_of(raw, region=region, secrets=secrets, tokens=tokens)[1]]
