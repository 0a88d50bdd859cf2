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
ALIKE = {
    text: [folder for folder in PROJECTS if (folder / "requirements.txt").read_text() == text]
    for text in [(folder / "requirements.txt").read_text() for folder in PROJECTS]
}
"""The projects by what they require, which is installed once for those that require the same."""


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


@pytest.mark.parametrize("folders", ALIKE.values(), ids=lambda each: "-".join(folder.name for folder in each))
def test_their_requirements_are_installed_as_they_stand(
    folders: list[Path], released: Mapping[str, str], tmp_path: Path
) -> None:
    (options,) = {
        tuple(yaml.safe_load((each / "Pulumi.yaml").read_text())["runtime"]["options"].items()) for each in folders
    }
    python = installed.environment(tmp_path / dict(options)["virtualenv"])
    environment = {**os.environ, **released, **NO_INDEX}
    # As pulumi install does it with the toolchain that the projects name.
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-r",
        str(folders[0] / "requirements.txt"),
    ]
    done = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    needed = {folder.name: imported(folder) for folder in folders}
    program = "".join(f"import {name}\n" for name in sorted(set().union(*needed.values())))
    run = subprocess.run([python, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert dict(options)["toolchain"] == "pip"
    assert done.returncode == 0, done.stdout + done.stderr
    assert [folder for folder, names in needed.items() if "gitlab_runner_aws" not in names] == []
    assert run.returncode == 0, run.stderr


def test_each_is_deployed_too() -> None:
    deploying = (Path(__file__).parent / "test_import_examples.py").read_text()

    assert [folder.name for folder in PROJECTS if f'example("{folder.name}", edit)' not in deploying] == []
