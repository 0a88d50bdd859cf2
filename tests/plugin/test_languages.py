"""Programs in other languages: those of docs/languages.md, and what is said of wrong ones before anything is made."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.cloud import LocalCloud
from tests.docs.blocks import blocks

from . import programs
from .programs import Program

TOKEN = f"glrt-{'t' * 20}"


def on_page(language: str) -> str:
    """The program of the page in a language."""
    (found,) = (each for each in blocks(language) if each.page == "docs/languages.md")
    return found.text


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The text with something else in some places, each of which it has."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def typescript(
    languages: LocalCloud, plugin: Path, sdks: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """A project of TypeScript with the SDK."""
    folder = tmp_path_factory.mktemp("typescript") / "acme"
    made = Program.create(languages, folder, plugin, {"name": "nodejs", "options": {"typescript": False}})
    programs.typescript(folder, sdks / "nodejs")
    made.configure(languages.aws_config("eu-central-1"), {"runnerToken": TOKEN})
    yield made
    made.pulumi("stack", "rm", "--yes")


TYPESCRIPT = {
    "page": on_page("typescript"),
    "refused": changed(
        on_page("typescript"),
        ('url: "https://gitlab.example.com"', 'url: config.requireSecret("url")'),
        ("maxGrowthRate: 5", "MaxGrowthRate: 5"),
        ('name: "spot"', 'name: "spot", executor: "docker"'),
    ),
    "limits": changed(on_page("typescript"), ("limit: 20", "limit: 0"), ("idleCount: 1", "idleCount: -1")),
}


@pytest.fixture(scope="module")
def told(typescript: Program) -> list[tuple[str, int]]:
    """What the compiler says of these programs, each with its name and the line; it reads the SDK once for all."""
    for name, text in TYPESCRIPT.items():
        typescript.write(f"{name}.ts", text)
    said = programs.compile_typescript(typescript.project.folder, *(f"{name}.ts" for name in TYPESCRIPT))
    found = re.findall(r"^(?:(\w+)\.ts\((\d+),\d+\): )?error", said, re.MULTILINE)
    return [(name, int(line or 0)) for name, line in found]


def preview(program: Program) -> dict[str, Any]:
    """What a preview would create, by name."""
    steps = json.loads(program.pulumi("preview", "--json").stdout)["steps"]
    return {step["urn"].rpartition("::")[2]: step["newState"] for step in steps}


def expect_the_pages_runner(steps: dict[str, Any]) -> None:
    assert steps["runner"]["type"] == "gitlab-runner-aws:index:AutoscalingRunner"
    assert "runner-manager-instance" in steps
    config = steps["runner-registration-config"]["inputs"]["stdin"]
    for line in ("concurrent = 20", "limit = 20", "IdleCount = 1", '"amazonec2-root-size=60"', "privileged = true"):
        assert line in config, config


def test_a_typescript_program(typescript: Program, told: list[tuple[str, int]]) -> None:
    assert "page" not in {name for name, _ in told}
    typescript.run_javascript("bin/page.js")

    expect_the_pages_runner(preview(typescript))


def test_a_yaml_program(languages: LocalCloud, plugin: Path, tmp_path: Path) -> None:
    (text,) = (each.text for each in blocks("yaml") if each.page == "docs/languages.md")
    program = Program.create(languages, tmp_path / "acme", plugin, "yaml", "acme-yaml")
    program.describe({**yaml.safe_load(text), "name": program.name})
    program.configure(languages.aws_config("eu-central-1"), {"runnerToken": TOKEN})

    expect_the_pages_runner(preview(program))
    program.pulumi("stack", "rm", "--yes")


def test_a_go_program(sdks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sdk"
    programs.go_module(folder, sdks / "go")
    (folder / "program").mkdir()
    (folder / "program" / "main.go").write_text(on_page("go"))

    # Without this folder's name in what is compiled, the compiler knows an SDK again that it has compiled before.
    programs.go(folder, "vet", "-trimpath", "./program")


def test_a_compiler_refuses_outputs_wrong_names_and_wrong_values_in_settings(told: list[tuple[str, int]]) -> None:
    lines = TYPESCRIPT["refused"].splitlines()
    refused = [lines[line - 1].strip().partition(":")[0] for name, line in told if name == "refused"]

    assert sorted(refused) == ["gitlab", "machine", "name"]


def test_mistakes_in_a_typescript_program_are_told_with_its_names(
    typescript: Program, told: list[tuple[str, int]]
) -> None:
    assert "limits" not in {name for name, _ in told}
    typescript.run_javascript("bin/limits.js")

    said = typescript.pulumi("preview", check=False).stdout

    assert "property settings.pools[0].limit = 0 has a problem: must be at least 1" in said
    assert "property settings.pools[0].machine.idleCount = -1 has a problem: must be at least 0" in said
