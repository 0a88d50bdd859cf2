"""Calls of the Terraform module: each becomes a stack that the check takes, or is refused with the reason."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_render.__main__ import main
from config_render.migrate.from_tfvars import settings_from_variables
from config_render.migrate.from_toml import UnconvertibleError
from config_render.migrate.hcl import LARGEST, Expression, Variables, read_variables
from config_render.migrate.stack_text import stack_file

from .test_migrate import after_the_head, at, errors, mutated, texts_in

CASES: list[dict[str, Any]] = yaml.load((Path(__file__).parent / "tfvars.yaml").read_text(), yaml.CSafeLoader)
CONVERTED = [case for case in CASES if "refused" not in case]
PLANTED = "glpat-Pl4ntedPl4ntedPl4nt"


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


def call(folder: Path, case: dict[str, Any], *arguments: str) -> int:
    (folder / "main.tf").write_text(case["hcl"])
    executor = ["--executor", case["executor"]] if "executor" in case else []
    return main(["from-tfvars", str(folder / "main.tf"), *executor, *arguments])


def variables(folder: Path, case: dict[str, Any]) -> Variables:
    (folder / "main.tf").write_text(case["hcl"])
    return read_variables(folder / "main.tf")


@pytest.mark.parametrize("case", CONVERTED, ids=name)
def test_a_call_becomes_a_stack_that_the_check_takes(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, case) == 0, capsys.readouterr().err
    text = capsys.readouterr().out
    (tmp_path / "Pulumi.old.yaml").write_text(json.dumps({"config": after_the_head(text)}))

    assert main(["check", str(tmp_path / "Pulumi.old.yaml")]) == 0, capsys.readouterr().err
    assert [each for each in case.get("secret", []) if each in text] == []
    assert [part for part in case.get("says", []) if part not in text] == []
    assert [part for part in case.get("silent", []) if part in text.partition("\nconfig:")[0]] == []
    config = yaml.load(text, yaml.CSafeLoader)["config"]
    assert config.get("aws:region") == case.get("region")
    settings = {key.rpartition(":")[2]: value for key, value in config.items()}
    expected = case["becomes"]
    assert {path: at(settings, path) for path in expected} == expected


@pytest.mark.parametrize("case", [case for case in CASES if "refused" in case], ids=name)
def test_what_is_no_such_call_is_refused_with_the_reason(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "Pulumi.old.yaml"

    assert call(tmp_path, case, "--output", str(output)) == 2
    file = str(tmp_path / "main.tf")
    assert capsys.readouterr().err == f"{file}{case['refused'].replace('FILE', file)}\n"
    assert not output.exists()


def test_one_of_several_calls_is_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = 'source = "cattle-ops/gitlab-runner/aws"\n  runner_gitlab = {{ url = "https://gitlab.example.com/{}" }}\n'
    hcl = "".join(f'module "{each}" {{\n  {body.format(each)}}}\n' for each in ("a", "b"))

    assert call(tmp_path, {"hcl": hcl}, "--module", "b") == 0
    assert "https://gitlab.example.com/b" in capsys.readouterr().out
    assert call(tmp_path, {"hcl": hcl}, "--module", "c") == 2
    assert "has no such module c; it has a, b" in capsys.readouterr().err


def test_the_call_of_a_copy_is_taken_where_it_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hcl = 'module "a" { source = "./runner" }\nmodule "b" {\n  source = "../runner"\n  kms_key_id = 1\n}\n'

    assert call(tmp_path, {"hcl": hcl}) == 2
    assert "or with --module the call of a copy: a, b" in capsys.readouterr().err
    assert call(tmp_path, {"hcl": hcl}, "--module", "b") == 0
    assert "kms_key_id (line 4)" in capsys.readouterr().out


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a = " + b"[" * 5000 + b"]" * 5000, b"a" * (LARGEST + 1), b"= =\x00"])
def test_a_file_that_is_something_else_is_refused_within_seconds(
    text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.tf").write_bytes(text)
    assert main(["from-tfvars", str(tmp_path / "main.tf")]) == 2
    assert capsys.readouterr().err.startswith(str(tmp_path / "main.tf"))


def test_an_expression_is_told_and_never_taken_for_a_value(tmp_path: Path) -> None:
    found = variables(tmp_path, {"hcl": 'a = var.x\nb = "x-${var.y}"\nc = ["ok", var.z]\nd = "$${literal}"\ne = -1\n'})

    assert found.values == {
        "a": Expression("var.x"),
        "b": Expression('"x-${var.y}"'),
        "c": ["ok", Expression("var.z")],
        "d": "${literal}",
        "e": -1,
    }


def variants() -> Iterator[tuple[int, str, str, Any]]:
    """Each variable of each major release, or each key of one that is an object: release, variable, place, value."""
    listed = yaml.load((Path(__file__).parent / "module_variables.yaml").read_text(), yaml.CSafeLoader)
    for releases, samples in listed.items():
        for major in range(int(releases[0]), int(releases[-1]) + 1):
            for variable, sample in samples.items():
                if isinstance(sample, dict):
                    yield from ((major, variable, f"{variable}.{key}", {key: each}) for key, each in sample.items())
                else:
                    yield major, variable, variable, sample


BESIDE: dict[str, dict[str, Any]] = {
    "runners_off_peak_periods": {"runners_off_peak_idle_count": 1},
    "runner_worker_docker_autoscaler_asg.enable_mixed_instances_policy": {
        "runner_worker_docker_autoscaler_asg": {"types": ["m5.large", "m6i.large"]}
    },
    "subnet_ids_gitlab_runner": {"subnet_id_runners": "subnet-0bbbbbbb"},
    "runner_role.role_profile_name": {"runner_role": {"create_role_profile": False}},
    "runner_worker_cache.bucket": {"runner_worker_cache": {"create": False}},
}
"""What a variable needs beside it to mean something."""


@pytest.mark.parametrize(
    ("major", "executor"),
    [
        *((major, "docker+machine") for major in range(4, 10)),
        *((major, "docker-autoscaler") for major in range(7, 10)),  # which is there since 7.11
    ],
)
def test_each_variable_of_each_release_is_converted_or_named_with_its_line(major: int, executor: str) -> None:
    kind = {"runners_executor": executor} if major < 7 else {"runner_worker": {"type": executor}}
    count = 0
    without = outcome(Variables(kind, release=(major,)))
    for _, variable, place, value in [each for each in variants() if each[0] == major]:
        base = {**kind, **BESIDE.get(place, {})}
        whole = {**base, variable: {**base.get(variable, {}), **value} if isinstance(value, dict) else value}
        if whole == base:
            continue
        before = outcome(Variables(base, release=(major,))) if place in BESIDE else without
        text = outcome(Variables(whole, {variable.lower(): 7, place.lower(): 8}, (major,)))
        said, made = (each.partition("\nconfig:")[::2] for each in (text, before))
        named = f"{place} (line 8)" in text or f"{variable} (line 7)" in text or "main.tf:8" in text
        assert "no release of the module" not in text, (place, text)
        assert named or said[1] != made[1], (place, text)
        count += 1
    assert count > 100


@pytest.mark.parametrize("case", CONVERTED, ids=name)
def test_a_secret_is_a_placeholder_or_left_out_wherever_it_stands(case: dict[str, Any], tmp_path: Path) -> None:
    base = variables(tmp_path, case)
    planted = 0
    for path in texts_in(base.values):
        values = deepcopy(dict(base.values))
        table: Any = values
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = f"{table[path[-1]]} {PLANTED}"
        assert PLANTED not in outcome(replace(base, values=values)), path
        planted += 1
    assert planted > 5


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_variables_end_in_a_traceback(count: int, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311
    bases = [variables(tmp_path, case) for case in CONVERTED]
    converted = 0
    for number in range(count):
        base = bases[number % len(bases)]
        text = outcome(replace(base, values=mutated(dict(base.values), chance)))
        converted += "\nconfig:" in text
        if "\nconfig:" in text and number % 10 == 0:
            assert errors(text) == []
    assert converted > count // 4


def outcome(given: Variables) -> str:
    try:
        return stack_file(settings_from_variables(given), "main.tf")
    except UnconvertibleError as error:
        return str(error)
