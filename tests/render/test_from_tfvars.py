"""Calls of the Terraform module: each becomes a stack that the check takes, or is refused with the reason."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_render.__main__ import main
from config_render.migrate.from_tfvars import settings_from_variables
from config_render.migrate.from_toml import UnconvertibleError
from config_render.migrate.hcl import LARGEST, Expression, read_variables
from config_render.migrate.module_lists import BEFORE_7, ELSEWHERE
from config_render.migrate.stack_text import stack_file

from .test_migrate import after_the_head, at, mutated

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "tfvars.yaml").read_text())
CONVERTED = [case for case in CASES if "refused" not in case]
PLANTED = "glpat-Pl4ntedPl4ntedPl4nt"


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


def call(folder: Path, case: dict[str, Any], *arguments: str) -> int:
    (folder / "main.tf").write_text(case["hcl"])
    executor = ["--executor", case["executor"]] if "executor" in case else []
    return main(["from-tfvars", str(folder / "main.tf"), *executor, *arguments])


def variables(folder: Path, case: dict[str, Any]) -> dict[str, Any]:
    (folder / "main.tf").write_text(case["hcl"])
    return read_variables(folder / "main.tf")


@pytest.mark.parametrize("case", CONVERTED, ids=name)
def test_a_call_becomes_a_stack_that_the_check_takes(
    case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, case) == 0, capsys.readouterr().err
    text = capsys.readouterr().out
    (tmp_path / "Pulumi.old.yaml").write_text(yaml.safe_dump({"config": after_the_head(text)}))

    assert main(["check", str(tmp_path / "Pulumi.old.yaml")]) == 0, capsys.readouterr().err
    assert [each for each in case.get("secret", []) if each in text] == []
    assert [part for part in case.get("says", []) if part not in text] == []
    settings = {key.rpartition(":")[2]: value for key, value in yaml.safe_load(text)["config"].items()}
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


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a = " + b"[" * 5000 + b"]" * 5000, b"a" * (LARGEST + 1), b"= =\x00"])
def test_a_file_that_is_something_else_is_refused_within_seconds(
    text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.tf").write_bytes(text)
    assert main(["from-tfvars", str(tmp_path / "main.tf")]) == 2
    assert capsys.readouterr().err.startswith(str(tmp_path / "main.tf"))


def test_an_expression_is_told_and_never_taken_for_a_value(tmp_path: Path) -> None:
    found = variables(tmp_path, {"hcl": 'a = var.x\nb = "x-${var.y}"\nc = ["ok", var.z]\nd = "$${literal}"\ne = -1\n'})

    assert found == {
        "a": Expression("var.x"),
        "b": Expression('"x-${var.y}"'),
        "c": ["ok", Expression("var.z")],
        "d": "${literal}",
        "e": -1,
    }


def test_of_each_variable_that_has_no_counterpart_it_is_told_what_to_do() -> None:
    for each in ELSEWHERE:
        given = {"runner_gitlab": {"url": "https://gitlab.example.com"}}
        table, _, key = each.partition(".")
        given[table] = {**given.get(table, {}), key or "something": "x"}
        notes = settings_from_variables(given).notes
        assert any(note.startswith(table) and ": left out; " in note for note in notes), (each, notes)


def test_old_names_lead_to_new_ones() -> None:
    assert set(BEFORE_7) & set(BEFORE_7.values()) == set()


@pytest.mark.parametrize("case", CONVERTED, ids=name)
def test_a_secret_is_a_placeholder_or_left_out_wherever_it_stands(case: dict[str, Any], tmp_path: Path) -> None:
    base = variables(tmp_path, case)
    planted = 0
    for key, value in base.items():
        for inner in value if isinstance(value, dict) else [None]:
            text = value[inner] if isinstance(value, dict) else value
            if isinstance(text, str):
                given = {
                    **base,
                    key: {**value, inner: f"{text} {PLANTED}"} if inner is not None else f"{text} {PLANTED}",
                }
                assert PLANTED not in outcome(given), (key, inner)
                planted += 1
    assert planted > 5


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_variables_end_in_a_traceback(count: int, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311
    bases = [variables(tmp_path, case) for case in CONVERTED]
    converted = sum("config:" in outcome(mutated(bases[number % len(bases)], chance)) for number in range(count))
    assert converted > count // 4


def outcome(given: dict[str, Any]) -> str:
    try:
        return stack_file(settings_from_variables(given), "main.tf")
    except UnconvertibleError as error:
        return str(error)
