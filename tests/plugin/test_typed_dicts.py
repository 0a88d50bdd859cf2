"""The types of settings that programs write as dicts: what mypy lets through is right, and what it refuses is wrong."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import mypy.api
import pytest

import components
from config_render.files.stack_file import read_stack_file
from plugin.names import models
from plugin.typed_dicts import stub

ROOT = Path(__file__).parents[2]
STUB = Path(components.__file__).with_name("dicts.pyi")
EXAMPLES = sorted((ROOT / "examples" / "stacks").glob("Pulumi.*.yaml"))

WRONG = """
from dicts import DriverOptionsDict, PoolDict, SettingsDict

pool: PoolDict = {"name": "linux", "limit": 1, "limmit": 2}
pool = {"name": "linux", "limit": "many"}
pool = {"name": "linux", "limit": 1, "executor": "docker"}
pool = {"name": "linux"}
pool = {"name": "linux", "limit": 1, "machine": {"IdleCount": 1, "autoscaling": [{"Periods": "* * * * * * *"}]}}
settings: SettingsDict = {"gitlab": {"url": "https://gitlab.com"}, "manager": {}, "pools": [{"nam": "linux"}]}
options: DriverOptionsDict = {"amazonec2-root-size": "60"}
"""
ERRORS = [
    'Extra key "limmit" for TypedDict "PoolDict"',
    '"limit" has type "int"',
    'TypedDict item "executor" has type',
    'Missing key "limit" for TypedDict "PoolDict"',
    '"Periods" has type "list[str]"',
    'Missing keys ("name", "limit") for TypedDict "PoolDict"',
    'Extra key "nam" for TypedDict "PoolDict"',
    '"amazonec2-root-size" has type "int"',
]


def test_the_shipped_stub_is_made_of_the_models() -> None:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"]
    formatted = subprocess.run(command, input=stub(), cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert formatted == STUB.read_text(), "run: make schema"


def test_every_table_has_a_type_with_all_its_keys() -> None:
    tables: dict[str, set[str]] = {}
    for node in ast.parse(STUB.read_text()).body:
        match node:
            case ast.ClassDef(name=name, bases=[ast.Name(id=base)]):
                named = {ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)}
                tables[name] = named | tables.get(base, set())
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[_, ast.Dict(keys=keys)])):
                tables[name] = {ast.literal_eval(key) for key in keys if key}

    assert {name: keys for name, keys in tables.items() if not name.startswith("_")} == {
        f"{model.__name__}Dict": {*model.known_keys()} for model in models()
    }


@pytest.mark.slow
def test_mypy_takes_the_settings_of_all_examples_and_refuses_mistakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(STUB, tmp_path)  # beside the package mypy would read all of pulumi_aws
    examples = "".join(f"settings = {read_stack_file(path).settings!r}\n" for path in EXAMPLES)
    (tmp_path / "right.py").write_text(f"from dicts import SettingsDict\n\nsettings: SettingsDict\n{examples}")
    (tmp_path / "wrong.py").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    found, failure, _ = mypy.api.run(["--strict", "--config-file=", "--no-error-summary", "right.py", "wrong.py"])

    assert failure == ""
    assert len(EXAMPLES) > 5
    lines = [line for line in found.splitlines() if ": error:" in line]
    assert [line for line in lines if not line.startswith("wrong.py:")] == []
    assert len(lines) == len(ERRORS), found
    for line, error in zip(lines, ERRORS, strict=True):
        assert error in line
