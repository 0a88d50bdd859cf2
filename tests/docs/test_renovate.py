"""What Renovate finds in this repository, and, by the preset, in those of users.

The keys: https://docs.renovatebot.com/configuration-options/ and https://docs.renovatebot.com/modules/manager/regex/
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config_render.settings.programs import DockerMachineProgram, FleetingPlugin, GitlabRunnerProgram

from ..released_tag import REPOSITORY, SITE, TAG
from .blocks import ROOT, blocks

OWN: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text())
PRESET_FILE = ROOT / "renovate" / "stack-files.json"
PRESET: dict[str, Any] = json.loads(PRESET_FILE.read_text())
TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}
MANAGER = {
    "type": "object",
    "properties": {
        "customType": {"const": "regex"},
        "description": TEXT,
        # Between slashes it is an expression, otherwise a glob.
        "managerFilePatterns": {"type": "array", "items": {"type": "string", "pattern": "^/.+/$"}, "minItems": 1},
        "matchStrings": {"type": "array", "items": {"type": "string", "pattern": r"\(\?<currentValue>"}, "minItems": 1},
        "depNameTemplate": TEXT,
        "datasourceTemplate": {"enum": ["docker", "git-tags", "gitlab-releases"]},
        "registryUrlTemplate": TEXT,
        "extractVersionTemplate": {"type": "string", "pattern": r"\(\?<version>"},
        "versioningTemplate": {"type": "string", "pattern": "^regex:"},
    },
    "required": ["customType", "description", "managerFilePatterns", "matchStrings", "datasourceTemplate"],
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "properties": {"description": TEXT, "matchPackageNames": TEXTS, "groupName": TEXT},
    "additionalProperties": False,
}
CONFIGURATION = {
    "type": "object",
    "properties": {
        "$schema": TEXT,
        "description": TEXT,
        "extends": TEXTS,
        "pip-compile": {"type": "object", "properties": {"managerFilePatterns": TEXTS}, "additionalProperties": False},
        "pip_requirements": {
            "type": "object",
            "properties": {"enabled": {"type": "boolean"}},
            "additionalProperties": False,
        },
        "customManagers": {"type": "array", "items": MANAGER},
        "packageRules": {"type": "array", "items": RULE},
        "registryAliases": {"type": "object", "additionalProperties": TEXT},
    },
    "additionalProperties": False,
}
SETTINGS = {
    "gitlabRunner": "gitlab-org/gitlab-runner",
    "dockerMachine": "gitlab-org/ci-cd/docker-machine",
    "fleetingPlugin": "gitlab-org/fleeting/plugins/aws",
}
SAMPLES = """
{gitlabRunner: {version: 19.3.0}, dockerMachine: {version: '0.16.2-gitlab.48'}, fleetingPlugin: {version: 1.1.0}}
---
gitlab-runner-aws:manager:
  gitlabRunner:
    url: https://mirror.example.com/gitlab-runner
    sha256: 0f
    version: "19.2.1"
  dockerMachine:
    fork: gitlab
    version: 0.16.2-gitlab.47
---
manager:
  gitlabRunner: {url: https://mirror.example.com/gitlab-runner}
  docker: {version: 28.2.2}
  dockerMachine: {sha256: 0f, fork: cki, version: 0.16.2-gitlab.19-cki.5}
  fleetingPlugin:
    version: 1.0.0
"""


def expression(text: str) -> re.Pattern[str]:
    """Return an expression that RE2, which Renovate has, understands as well as Python."""
    assert not re.search(r"\(\?[=!]|\(\?<[=!]|\\[1-9]", text), "RE2 has neither lookaround nor references"
    return re.compile(text.replace("(?<", "(?P<"))


def found(manager: dict[str, Any], text: str) -> list[str]:
    """Return the versions that a manager finds in a file."""
    (pattern,) = manager["matchStrings"]
    return [match["currentValue"] for match in expression(pattern).finditer(text)]


def reads(manager: dict[str, Any], name: str) -> bool:
    """Return whether a manager reads a file of this name."""
    return any(expression(pattern.strip("/")).search(name) for pattern in manager["managerFilePatterns"])


def managers(configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each.get("depNameTemplate", ""): each for each in configuration["customManagers"]}


def versions(value: object, key: str) -> Iterator[str]:
    """Yield the versions that tables under a key have, of GitLab's fork only."""
    if isinstance(value, dict):
        own = value.get(key)
        if isinstance(own, dict) and "version" in own and own.get("fork") != "cki":
            yield str(own["version"])
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from versions(each, key)


@pytest.mark.parametrize("configuration", [OWN, PRESET], ids=["own", "preset"])
def test_its_keys_are_renovates(configuration: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(CONFIGURATION).validate(configuration)


@pytest.mark.parametrize("key", SETTINGS)
def test_a_version_in_a_stack_file_is_found_and_no_other(key: str) -> None:
    manager = managers(PRESET)[SETTINGS[key]]
    on_pages = [block.text for block in blocks("yaml")]
    texts = [*(path.read_text() for path in (ROOT / "examples" / "stacks").glob("*.yaml")), *on_pages, SAMPLES]

    expected = [[*versions([*yaml.safe_load_all(text)], key)] for text in texts]
    assert [found(manager, text) for text in texts] == expected
    assert len(expected[-1]) == 2


@pytest.mark.parametrize("key", SETTINGS)
def test_it_reads_stack_files_and_what_they_share(key: str) -> None:
    manager = managers(PRESET)[SETTINGS[key]]

    for name in ("Pulumi.prod.yaml", "infra/Pulumi.dev.yml", "shared.yaml", "shared-eu.yaml"):
        assert reads(manager, name)
    for name in ("Pulumi.yaml", "values.yaml", "unshared.yaml", "Pulumi.prod.yaml.bak"):
        assert not reads(manager, name)


def test_the_order_of_docker_machines_versions_is_known() -> None:
    for configuration in (OWN, PRESET):
        order = expression(
            managers(configuration)[SETTINGS["dockerMachine"]]["versioningTemplate"].removeprefix("regex:")
        )
        match = order.match(DockerMachineProgram().release)
        assert match
        assert match["build"] == DockerMachineProgram().release.rpartition(".")[2]
        assert not order.match("0.16.2-gitlab.19-cki.5")


def test_the_package_is_found_in_pyproject_toml() -> None:
    manager = managers(PRESET)["gitlab-runner-aws"]
    (text,) = (block.text for block in blocks("toml") if "git+https" in block.text)

    assert found(manager, text) == [TAG]
    match = expression(manager["matchStrings"][0]).search(text)
    assert match
    assert match["packageName"] == f"{SITE}/{REPOSITORY}"
    assert reads(manager, "pyproject.toml")


def test_the_page_names_the_preset() -> None:
    (text,) = (block.text for block in blocks("json") if "local>" in block.text)
    shown = json.loads(text)

    jsonschema.Draft202012Validator(CONFIGURATION).validate(shown)
    preset = f"local>{REPOSITORY}//{PRESET_FILE.relative_to(ROOT).with_suffix('')}#{TAG}"
    assert preset in shown["extends"]


def test_the_defaults_of_this_repository_are_found_where_they_are() -> None:
    files = {
        str(path.relative_to(ROOT)): path.read_text()
        for path in (*(ROOT / "templates").iterdir(), ROOT / "config_render" / "settings" / "programs.py")
    }
    versions = {
        name: [version for path, text in files.items() if reads(manager, path) for version in found(manager, text)]
        for name, manager in managers(OWN).items()
    }

    pulumi = re.search("^pulumi==(.+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert pulumi
    assert versions == {
        "": [pulumi[1]],
        SETTINGS["gitlabRunner"]: [GitlabRunnerProgram().version],
        SETTINGS["dockerMachine"]: [DockerMachineProgram().release],
        SETTINGS["fleetingPlugin"]: [FleetingPlugin().version],
    }


# Renovate runs the command in the first lines again, with these options alone:
# https://docs.renovatebot.com/modules/manager/pip-compile/
@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_each_locked_file_says_how_it_is_made(path: Path) -> None:
    (pattern,) = OWN["pip-compile"]["managerFilePatterns"]
    command = re.match(r"(?:#.*\n)+?#    (.+)\n", path.read_text())

    assert expression(pattern.strip("/")).search(path.name)
    assert command
    assert command[1].split() == [
        *("uv", "pip", "compile", "--universal", "--python-version=3.11", "--generate-hashes"),
        f"--output-file={path.name}",
        path.with_suffix(".in").name,
    ]
