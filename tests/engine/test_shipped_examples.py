"""Each example project as somebody copies it: its requirements, unchanged, are what its program needs."""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from localcloud.cloud import ROOT

from ..released_tag import NO_INDEX, publish
from . import installed

PROJECTS = sorted(path.parent for path in (ROOT / "examples" / "projects").glob("*/Pulumi.yaml"))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return publish(tmp_path_factory.mktemp("gitlab"))


def imported(folder: Path) -> set[str]:
    """The packages that a project's modules import, less its own."""
    trees = [ast.parse(path.read_text()) for path in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name for name in names if not (folder / name.partition(".")[0]).exists()}


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: str(folder.name))
def test_its_requirements_are_installed_as_they_stand(
    folder: Path, released: Mapping[str, str], tmp_path: Path
) -> None:
    runtime = yaml.safe_load((folder / "Pulumi.yaml").read_text())["runtime"]
    python = installed.environment(tmp_path / runtime["options"]["virtualenv"])
    environment = {**os.environ, **released, **NO_INDEX}
    # As pulumi install does it with the toolchain that the project names.
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "-r", str(folder / "requirements.txt")]
    done = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    program = "".join(f"import {name}\n" for name in sorted(imported(folder)))
    run = subprocess.run([python, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert runtime["options"]["toolchain"] == "pip"
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gitlab_runner_aws" in program
    assert run.returncode == 0, run.stderr


def test_each_is_deployed_too() -> None:
    deploying = (Path(__file__).parent / "test_import_examples.py").read_text()

    assert [folder.name for folder in PROJECTS if f'example("{folder.name}", edit)' not in deploying] == []
