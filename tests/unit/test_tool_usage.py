"""What somebody reads who calls the tool on the manager by hand."""

import sys

import pytest

from components.manager_tool import program


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["manager-tool", *arguments])
    return program.main()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["watch", "--help"], ["install", "-h"]])
def test_help_names_what_people_and_deployments_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert call(monkeypatch, *arguments) == 0

    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("usage: manager-tool watch [--dry-run]\n")
    assert [step for step in program.STEPS if step not in said.out] == []
    assert max(map(len, said.out.splitlines())) <= 110


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "usage: manager-tool watch"),
        (["wach"], "manager-tool: there is no step wach; see manager-tool --help"),
        (["watch", "--dryrun"], "manager-tool: watch takes nothing but --dry-run, not --dryrun; see"),
    ],
)
def test_another_call_changes_nothing_and_is_told_how(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.setattr("components.manager_tool.program.take_variables", lambda: pytest.fail("it began"))

    assert call(monkeypatch, *arguments) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(told)
