"""The shipped JSON schema is that of the models, and takes what they take."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config_render.files.schema import stack_schema

from .settings_samples import stack

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config_render" / "stack.schema.json"
SCHEMA = stack_schema()
STACK_FILES = [*ROOT.glob("Pulumi.*.yaml"), ROOT / "examples" / "guide.yaml"]


def test_the_shipped_schema_is_up_to_date() -> None:
    assert json.loads(SHIPPED.read_text()) == SCHEMA, "run: make schema"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_shipped_stack_files_name_it_and_fit(file: Path) -> None:
    text = file.read_text()
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    assert (file.parent / named[1]).resolve() == SHIPPED
    validator = jsonschema.Draft202012Validator(SCHEMA)
    errors = [error.message for error in validator.iter_errors(yaml.safe_load(text))]
    # What these two leave for a person, or for `make up`, to set.
    left = {"Pulumi.dev.yaml": ["manager"], "Pulumi.local.yaml": ["gitlab"]}.get(file.name, [])
    assert errors == [f"'gitlab-runner-aws:{key}' is a required property" for key in left]


@pytest.mark.parametrize(
    "pool",
    [
        {"limit": 0},
        {"limit": "3"},
        {"machine": {"IdleCount": -1}},
        {"machine": {"IdelCount": 1}},
        {"spot": {"maxPrice": "cheap"}},
        {"docker": {"pull_policy": "sometimes"}},
        {"docker": {"memory": "much"}},
        {"driver": {"amazonec2-root-size": 4}},
        {"driver": {"amazonec2-metadata-token": "none"}},
        {"kubernetes": {}},
    ],
)
def test_it_refuses_mistakes_while_they_are_typed(pool: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)

    def in_file(raw: dict[str, Any]) -> dict[str, Any]:
        return {"config": {f"gitlab-runner-aws:{key}": value for key, value in raw.items()}}

    assert validator.is_valid(in_file(stack()))
    assert not validator.is_valid(in_file(stack(pool)))


def test_every_setting_of_ours_is_described() -> None:
    ours = {key: value for key, value in SCHEMA["$defs"]["Pool"]["properties"].items() if re.search("[A-Z]", key)}
    top = {key: value for key, value in SCHEMA["properties"]["config"]["properties"].items() if key != "aws:region"}

    undescribed = [key for key, value in {**ours, **top}.items() if "description" not in value]
    assert undescribed == []
