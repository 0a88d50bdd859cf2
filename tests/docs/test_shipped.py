"""What is shipped works as shipped: each default of the CI component, and each target of make, as a person gets it.

Both are walked: whatever comes new has no check yet, and fails until it has one.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from review.policy import POLICIES
from tests.engine import test_preview_defaults
from tests.review.ci_project import included

from ..checkout import copy_checkout
from .blocks import ROOT, blocks

TEMPLATES = sorted((ROOT / "templates").glob("*.yml"))
INPUTS: dict[str, dict[str, Any]] = {
    name: given
    for path in TEMPLATES
    for name, given in next(yaml.safe_load_all(path.read_text()))["spec"]["inputs"].items()
}
DEFAULTS = {name: given["default"] for name, given in INPUTS.items() if "default" in given}
STAGES = [".pre", "build", "test", "deploy", ".post"]
"""Those of a pipeline that names none."""


def _cli_defaults() -> Mapping[str, str]:
    command = [sys.executable, "-m", "review", "job", "--help"]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, env={"COLUMNS": "500"}).stdout
    return dict(re.findall(r"--([a-z-]+) [A-Z]+\s+[^\n]*; by default (\S+)$", text, re.MULTILINE))


def _is_of_this_engine(image: str) -> bool:
    """The image's CLI is the version that everything is tested with."""
    (pinned,) = re.findall(r"^pulumi==(\S+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    return image.startswith("pulumi/pulumi-python:") and Version(image.rpartition(":")[2]) == Version(pinned)


CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "folder": lambda value: (ROOT / value / "Pulumi.yaml").exists(),
    "shared-files": lambda value: all(any(ROOT.glob(pattern)) for pattern in value if pattern != "**/shared*.yaml"),
    "image": _is_of_this_engine,
    # With these two a job is run: test_preview_defaults.py.
    "prepare": lambda value: value == ["pulumi install"],
    "review": lambda value: value == "",
    "cache-paths": lambda value: "$CI_PROJECT_DIR/.cache/pip" in TEMPLATES[0].read_text() and value == [".cache/"],
    "policies": lambda value: value == ",".join(POLICIES),
    # A pack is the user's own; test_pipeline.py runs jobs with packs and without.
    "policy-packs": lambda value: value == "",
    "label-prefix": lambda value: value == _cli_defaults()["label-prefix"],
    "token-variable": lambda value: value == _cli_defaults()["token-variable"],
    # Nobody's role is known; test_pipeline.py runs a job with one and without.
    "preview-role": lambda value: value == "",
    "up-role": lambda value: value == "",
    "id-token-audience": lambda value: value == "$CI_SERVER_URL",
    "preview-stage": lambda value: value in STAGES,
    "up": lambda value: value is True,
    "up-stage": lambda value: value in STAGES,
    "resource-group": bool,
    "job-prefix": lambda value: f"`{value}-preview`" in (ROOT / "docs" / "merge-requests.md").read_text(),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_is_right_where_it_is_used(name: str) -> None:
    assert CHECKS[name](DEFAULTS[name]), DEFAULTS[name]


def overridden() -> set[str]:
    """The inputs that tests give to the component, besides those that have no default."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("prepare", "include"):
                found |= {str(keyword.arg).replace("_", "-") for keyword in node.keywords}
            elif isinstance(node, ast.Dict):
                found |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)} & INPUTS.keys()
    return found & DEFAULTS.keys()


def test_what_tests_override_is_run_with_its_default_as_well() -> None:
    assert {"prepare", "review"} <= overridden()
    # This run gives what has no default, and nothing else.
    assert "prepare_with(project)" in Path(test_preview_defaults.__file__).read_text()
    assert included("dev")["include"][0]["inputs"].keys() == INPUTS.keys() - DEFAULTS.keys()


MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()
IN_TESTS = {
    "job": "tests/engine/test_local_commands.py",
    "status": "tests/engine/test_local_commands.py",
    "help": "tests/docs/test_repository.py",
    "check": "tests/docs/test_repository.py",
    "docs": "tests/docs/test_site.py",
    "release": "tests/docs/test_release.py",
}
"""Which test does the same as the recipe."""
NOT_RUN = {
    "bench": "takes minutes, and is for a machine that does nothing else",
    "docs-links": "asks the internet",
    "mutants": "takes minutes; what it asks is how strong tests/unit is",
    "fuzz": "runs at random; tests/properties runs what it does",
    "real": "fetches the vendors' programs; tests/contract/test_fetching_real_programs.py does so from a mirror",
    "lock": "asks a package index for what is new; tests/unit/test_requirements.py holds what it writes",
    "shell": "is for a person at a terminal",
    "stop": "is a part of make down",
}
HERE = ("schema", "clean")


def on_pages() -> set[str]:
    """The targets that pages' commands call, which the tests of the pages run."""
    commands = "\n".join(block.text for block in blocks("sh") if block.not_run is None)
    return {*re.findall(r"^make ([a-z-]+)", commands, re.MULTILINE)}


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_is_run_somewhere(target: str) -> None:
    assert target in on_pages() | {*IN_TESTS, *NOT_RUN, *HERE}
    assert all((ROOT / path).exists() for path in IN_TESTS.values())


@pytest.mark.parametrize("target", TARGETS)
def test_all_that_a_recipe_calls_is_there(target: str) -> None:
    command = ["make", "--no-print-directory", "-o", ".venv/.ready", "-n", target]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    called = re.findall(r"python (?:-m )?([\w./]+)", planned.stdout)

    assert planned.returncode == 0, planned.stderr
    assert [each for each in called if not (ROOT / each).exists() and not has_module(each)] == []


def has_module(name: str) -> bool:
    # uv is for `make lock` alone; whoever's environment is older has it not yet.
    return name in (ROOT / "requirements-dev.in").read_text() if name == "uv" else find_spec(name) is not None


@pytest.mark.parametrize("target", HERE)
def test_a_target_does_in_a_clone_what_it_says(target: str, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    copy_checkout(clone)
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    before = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file() and ".venv" not in path.parts}
    command = ["make", "--no-print-directory", "-o", ".venv/.ready", f"RUN={sys.executable}", target]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    changed = [path for path in before if not path.exists() or path.read_bytes() != before[path]]
    assert changed == []
    if target == "clean":
        assert not (clone / ".venv").exists()
    shutil.rmtree(clone)
