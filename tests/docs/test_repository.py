"""What people type around the pages: help, mistaken calls, colours, hooks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .blocks import ROOT

MODULES = ("config_render", "localcloud", "review")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("module", MODULES)
def test_help_names_the_program_and_says_what_each_command_does(module: str) -> None:
    done = run(sys.executable, "-m", module, "--help", COLUMNS="100")
    commands = re.findall(r"^    ([a-z][a-z-]+)(?: +(\S.*))?$", done.stdout, re.MULTILINE)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: python -m {module} [-h] COMMAND ...\n")
    assert commands
    assert [name for name, about in commands if not about and f"    {name}\n            " not in done.stdout] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_mistaken_call_ends_with_2_and_one_line_that_begins_with_the_program(module: str) -> None:
    done = run(sys.executable, "-m", module, "nonsense")

    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"usage: .*\npython -m {module}: error: [^\n]*'nonsense'[^\n]*\n", done.stderr, re.DOTALL)


@pytest.mark.parametrize("module", MODULES)
def test_there_are_no_colours_even_for_a_terminal_that_is_said_to_have_them(module: str) -> None:
    done = run(sys.executable, "-m", module, "--help", NO_COLOR="1", FORCE_COLOR="", TERM="xterm-256color")

    assert "\x1b" not in done.stdout


def test_make_alone_says_what_there_is() -> None:
    done = run("make", "--no-print-directory")  # as a person calls it, not from another make
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert done.returncode == 0
    assert targets
    assert {f"make {name}" for name in targets[1].split()} == {line.split("  ")[0] for line in done.stdout.splitlines()}


def test_the_hooks_are_those_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = (ROOT / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]

    assert [hook["entry"].removeprefix(".venv/bin/").removeprefix("python -m ") for hook in hooks] == [
        line.removesuffix(" .") for line in re.findall(r"\$\((?:RUN\) -m |VENV\)/bin/)(.*)", recipe)
    ]


def test_the_hooks_stop_a_commit_that_is_not_formatted(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".pre-commit-config.yaml").write_text((ROOT / ".pre-commit-config.yaml").read_text())
    (tmp_path / "some.py").write_text("x   =  1\n")
    script = (
        "git init -q . && git add some.py .pre-commit-config.yaml && .venv/bin/python -m pre_commit run ruff-format"
    )
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "some.py" in done.stdout
