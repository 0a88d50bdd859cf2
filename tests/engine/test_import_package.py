"""What is in the wheel, what others may import from it, and what its build refuses."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import components
import hatch_build
from localcloud.cloud import ROOT

from . import installed

# What other programs rely on. Taking one away, or another meaning, is a change for CHANGELOG.md.
PUBLIC = [
    "AutoscalingRunner",
    "AutoscalingRunnerArgs",
    "Cache",
    "CacheArgs",
    "CacheSettings",
    "ExistingResources",
    "GivenNetwork",
    "IdentitySettings",
    "ManagerSettings",
    "NetworkSettings",
    "PoolDict",
    "Problem",
    "Settings",
    "SettingsDict",
    "SettingsError",
    "StackSettings",
    "parse",
    "read_stack",
    "stack_outputs",
]
PROGRAM = """
import pulumi
from gitlab_runner_aws import AutoscalingRunner, AutoscalingRunnerArgs, Cache, CacheArgs, CacheSettings
from gitlab_runner_aws import PoolDict, SettingsDict, parse, read_stack
from gitlab_runner_aws.dicts import MachineDict
from gitlab_runner_aws.config_render import CreatedResources, render

settings = parse({"gitlab": {"url": "https://gitlab.example.com"}}, region="eu-central-1")
args = AutoscalingRunnerArgs(settings=settings, token=pulumi.Output.from_input("token"))
runner = AutoscalingRunner("ci", args, pulumi.ResourceOptions(protect=True))
address: pulumi.Output[str] = runner.manager_address
bucket: pulumi.Output[str] = Cache("builds", CacheArgs(settings=CacheSettings())).bucket_name
concurrent: int = settings.concurrent
token: "pulumi.Output[str] | None" = read_stack().token
machine: MachineDict = {"IdleCount": 1}
pool: PoolDict = {"name": "linux", "limit": 10, "machine": machine}
table: SettingsDict = {"gitlab": {"url": "https://gitlab.example.com"}, "manager": {}, "pools": [pool]}
AutoscalingRunnerArgs(settings=table)
AutoscalingRunnerArgs(settings=pulumi.Config().require_object("runner"))
parse(table)
"""
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def run(python: Path, program: str, folder: Path) -> str:
    result = subprocess.run([python, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_wheel_has_one_package_with_types_in_which_the_managers_tool_is_as_it_is_here(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        assert {name.split("/")[0] for name in names} == {
            "gitlab_runner_aws",
            f"gitlab_runner_aws-{PROJECT['version']}.dist-info",
        }
        assert "gitlab_runner_aws/py.typed" in names
        assert "gitlab_runner_aws/config_render/stack.schema.json" in names
        assert [name for name in names if name.endswith(".pyc")] == []
        components = ROOT / "components"
        tool = sorted((components / "manager_tool").rglob("*.py"))
        assert tool
        for path in tool:
            assert content.read(f"gitlab_runner_aws/{path.relative_to(components)}") == path.read_bytes()
        modules = [ast.parse(content.read(name)) for name in names if name.endswith(".py")]
    absolute = {
        (node.module or "").split(".")[0]
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.level == 0
    }
    assert not absolute & {"components", "config_render", "planning", "review", "localcloud", "tests"}


def test_the_public_surface(consumer: Path, tmp_path: Path) -> None:
    assert [*components.__all__] == PUBLIC
    program = "import json, gitlab_runner_aws; from gitlab_runner_aws import *; print(json.dumps(sorted(dir())))"
    assert {*PUBLIC} <= {*json.loads(run(consumer, program, tmp_path))}


def test_folders_of_the_same_names_in_another_project_change_nothing(consumer: Path, tmp_path: Path) -> None:
    for folder in hatch_build.HOMES:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("raise ImportError('this is the other project\\'s own')\n")
    run(consumer, "from gitlab_runner_aws import *", tmp_path)


def test_the_renderer_alone_loads_no_pulumi(consumer: Path, tmp_path: Path) -> None:
    program = "import sys, gitlab_runner_aws.config_render; print('pulumi' in sys.modules, 'botocore' in sys.modules)"
    assert run(consumer, program, tmp_path).split() == ["False", "False"]


def test_the_hook_for_pre_commit_checks_stack_files_of_other_repositories(consumer: Path, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    python, *arguments = shlex.split(hook["entry"])
    good = Path(shutil.copy(ROOT / "examples" / "stacks" / "Pulumi.gpu.yaml", tmp_path))
    wrong = Path(shutil.copy(good, tmp_path / "Pulumi.wrong.yaml"))
    wrong.write_text(wrong.read_text().replace("limit: 6", "limit: many"))
    files = [str(path) for path in (good, wrong) if re.search(hook["files"], path.name)]
    call = [str(consumer), *arguments, *files]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (python, len(files), done.returncode) == ("python", 2, 2)
    assert f"{wrong}:12: gitlab-runner-aws:pools[0].limit = many" in done.stderr
    assert [
        name for name in ("Pulumi.yaml", "shared.yaml", "x.Pulumi.dev.yaml") if re.search(hook["files"], name)
    ] == []


def test_a_program_of_others_is_type_checked_against_it(consumer: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    wrong = (
        "runner.no_such_output\nAutoscalingRunnerArgs(settings=settings, no_such_argument=1)\nparse(1)\n"
        'AutoscalingRunnerArgs(settings={"gitlab": {"url": ""}, "manager": {"sshForm": []}, "pools": []})\n'
        'table = {"gitlab": {"url": ""}, "manager": {"sshForm": []}, "pools": []}\n'
    )
    (tmp_path / "wrong.py").write_text(PROGRAM + wrong)
    # The AWS provider's classes take mypy minutes, and are no part of what is public here.
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-pulumi_aws.*]\nfollow_imports = skip\n")

    programs = ["program.py", "wrong.py", str(ROOT / "new-project" / "__main__.py")]
    command = [sys.executable, "-m", "mypy", "--python-executable", str(consumer), *programs]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout

    assert "program.py" not in found
    assert 'Extra key "sshForm" for TypedDict "ManagerSettingsDict"' in found
    assert "Found 5 errors in 1 file (checked 3 source files)" in found


def test_it_is_installed_from_git_too(tmp_path: Path) -> None:
    python = installed.environment(tmp_path / "venv")
    installed.install(python, "--no-deps", f"git+file://{ROOT}")
    ask = "from importlib.metadata import version; import gitlab_runner_aws; print(version('gitlab-runner-aws'))"
    assert run(python, ask, tmp_path).strip()


def test_what_it_needs_is_what_is_pinned_and_tested() -> None:
    pins = dict(line.split("==") for line in (ROOT / "requirements.in").read_text().splitlines())
    needed = [Requirement(text) for text in PROJECT["dependencies"]]
    assert {canonicalize_name(each.name) for each in needed} == {canonicalize_name(name) for name in pins}
    for each in needed:
        assert each.specifier.contains(pins[canonicalize_name(each.name)])
        assert each.specifier.contains(metadata.version(each.name))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from config_render import parse\n", "from gitlab_runner_aws.config_render import parse\n"),
        (
            "if 1:\n    from components.network.vpc import NewVpc\n",
            "if 1:\n    from gitlab_runner_aws.network.vpc import NewVpc\n",
        ),
        (
            "from .config_render import x\nimport config_renderer\n",
            "from .config_render import x\nimport config_renderer\n",
        ),
    ],
)
def test_imports_between_folders_are_rewritten(text: str, expected: str) -> None:
    assert hatch_build.rewritten(text, "x.py") == expected


@pytest.mark.parametrize(
    "text",
    [
        "import config_render",
        "import json, review.note",
        "from  config_render import parse",
        'import_module("planning.prices")',
        'importlib.util.find_spec("review")',
    ],
)
def test_an_import_that_cant_be_rewritten_ends_the_build(text: str) -> None:
    with pytest.raises(ValueError, match=r"x\.py:1: write it as `from FOLDER import \.\.\.`"):
        hatch_build.rewritten(text, "x.py")


def test_a_release_has_the_version_that_the_changelog_begins_with(tmp_path: Path) -> None:
    assert hatch_build.version_mistake(ROOT) is None

    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "pyproject.toml").open("r+") as file:
        text = file.read().replace(f'version = "{PROJECT["version"]}"', 'version = "9.9.9"')
        file.seek(0)
        file.write(text)
    error = f"version = 9.9.9: CHANGELOG.md begins with {PROJECT['version']}; make them the same"
    assert error in str(hatch_build.version_mistake(tmp_path))
