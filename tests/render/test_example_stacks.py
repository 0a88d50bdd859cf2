"""The stack files to start from have neither mistakes nor warnings, and editors accept them."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from config_render.__main__ import main
from config_render.schema import stack_schema
from config_render.stack_file import read_stack_file

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "stacks"
FILES = sorted(FOLDER.glob("Pulumi.*.yaml"))
SCHEMA = jsonschema.Draft202012Validator(stack_schema())


def test_there_is_one_for_each_kind() -> None:
    kinds = {file.name.split(".")[1] for file in FILES}

    assert kinds == {"prod", "private-network", "gpu", "arm64", "docker-in-docker", "air-gapped"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_has_neither_mistakes_nor_warnings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--strict", str(file)]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == f"{file}: no mistakes\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_editors_accept_it(file: Path) -> None:
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())

    assert named
    assert (file.parent / named[1]).resolve() == ROOT / "config_render" / "stack.schema.json"
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(file.read_text()))] == []


def test_prod_has_twelve_pools_over_what_all_environments_share() -> None:
    settings = read_stack_file(FOLDER / "Pulumi.prod.yaml").settings

    assert len(settings["pools"]) == 12
    assert settings["tags"] == {"team": "platform", "service": "ci", "environment": "prod"}
    assert settings["cache"] == {"expireDays": 30, "uploadRole": True}
