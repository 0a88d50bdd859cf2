"""Pulumi.yaml declares each setting as the models have it, and makes none compulsory."""

import json
from typing import Any

import pytest
import yaml

from config_render import problems_of
from config_render.base.other_settings import EXTENDS, OTHER_SETTINGS
from config_render.files.project import as_settings, as_yaml, declared, without_defaults
from localcloud.cloud import ROOT

from .settings_samples import REGION, TOKEN, stack

NAMESPACE = "gitlab-runner-aws:"
TEXT = (ROOT / "Pulumi.yaml").read_text()
CONFIG: dict[str, dict[str, Any]] = yaml.load(TEXT, yaml.CSafeLoader)["config"]
SCHEMA = json.loads((ROOT / "config_render" / "stack.schema.json").read_text())


def schema_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["properties"]["config"]["properties"][f"{NAMESPACE}{name}"]
    reference = found.get("$ref", "").rpartition("/")[2]
    return {**SCHEMA["$defs"].get(reference, {}), **found}


def test_it_is_up_to_date() -> None:
    assert TEXT.endswith(f"\n{as_yaml()}"), "run: make schema"


def test_it_has_all_settings_with_the_types_and_descriptions_of_the_schema() -> None:
    settings = {key for key in SCHEMA["properties"]["config"]["properties"] if key.startswith(NAMESPACE)}
    assert {f"{NAMESPACE}{name}" for name in CONFIG} == settings

    for name, declaration in CONFIG.items():
        schema = schema_of(name)
        # The engine decrypts a secret before it looks at its type.
        wanted = "string" if "enum" in schema or "secure" in schema.get("properties", {}) else schema["type"]
        assert (declaration["type"], declaration["description"]) == (wanted, schema["description"]), name
        assert ("items" in declaration) == (wanted == "array"), name


def test_a_default_of_the_models_is_the_engines_too() -> None:
    defaults = {name: schema_of(name)["default"] for name in CONFIG if "default" in schema_of(name)}

    assert defaults == {name: CONFIG[name]["default"] for name in defaults}
    assert {"concurrent", "check_interval", "preflight"} <= defaults.keys()


def test_what_the_engine_fills_in_is_as_good_as_nothing() -> None:
    filled = {name: declaration["default"] for name, declaration in CONFIG.items()}
    settings, _ = problems_of(stack(), token=TOKEN, region=REGION)
    given, problems = problems_of({**without_defaults(filled), **stack()}, token=TOKEN, region=REGION)

    assert without_defaults(filled) == {}
    assert (given, problems) == (settings, [])
    assert without_defaults({"concurrent": 10, "tags": {}}, keep=["tags"]) == {"tags": {}}
    assert without_defaults({"check_interval": False}) == {"check_interval": False}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("concurrent", "5", 5),
        ("concurrent", "many", "many"),
        ("tokenParameter", "5", "5"),
        ("user", "true", "true"),
        ("log_level", "null", "null"),
        ("network", '{"zones":["a"]}', {"zones": ["a"]}),
        ("pools", "[]", []),
        ("concurent", "5", 5),
    ],
)
def test_texts_of_the_engine_are_read_by_the_types_of_their_settings(name: str, text: str, value: Any) -> None:
    found = as_settings({name: text})[name]

    assert (found, type(found)) == (value, type(value))


def test_secrets_and_shared_files_are_declared_though_no_model_holds_them() -> None:
    assert {*OTHER_SETTINGS} == {"token", "registrationToken", "accessToken", "secrets", EXTENDS}
    assert {*OTHER_SETTINGS} <= declared().keys()
