"""The stack files to start from have neither errors nor warnings, and editors accept them."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from config_render.__main__ import main
from config_render.files.checked_file import checked
from config_render.files.stack_file import read_stack_file
from config_render.render.capacity import as_lines, capacities

from .settings_samples import jobs_at_once

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "stacks"
FILES = sorted(FOLDER.glob("Pulumi.*.yaml"))
SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "config_render" / "stack.schema.json").read_text()))


def test_there_is_one_for_each_kind() -> None:
    kinds = {file.name.split(".")[1] for file in FILES}

    assert kinds == {"prod", "private-network", "gpu", "arm64", "docker-in-docker", "air-gapped", "docker-autoscaler"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_has_neither_mistakes_nor_warnings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--strict", str(file)]) == 0, capsys.readouterr().err
    told = capsys.readouterr().out.splitlines()
    assert told == [f"{file}: no errors", *as_lines(capacities(checked(file)[1]))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_editors_accept_it(file: Path) -> None:
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text())

    assert named
    assert (file.parent / named[1]).resolve() == ROOT / "config_render" / "stack.schema.json"
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(file.read_text()))] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_its_pools_run_as_many_jobs_at_once_as_their_limits_say(file: Path) -> None:
    _, settings = checked(file)
    assert jobs_at_once(settings) == sum(pool.limit for pool in settings.pools)
    assert capacities(settings)[-1].jobs == min(settings.concurrent, jobs_at_once(settings))


def test_prod_has_twelve_pools_over_what_all_environments_share() -> None:
    settings = read_stack_file(FOLDER / "Pulumi.prod.yaml").settings

    assert len(settings["pools"]) == 12
    assert len({pool["token"] for pool in settings["pools"]}) == 12
    assert settings["tags"] == {"team": "platform", "service": "ci", "environment": "prod"}
    assert settings["cache"] == {"expireDays": 30, "uploadRole": True}
