"""The schema of the Pulumi package: made from the models, whole, and shipped as it is made."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import plugin
from config_render.settings.driver import DriverOptions
from plugin.names import TOKEN, camel, keys_of, models
from plugin.schema import package_schema

SCHEMA = package_schema()
TYPES: dict[str, Any] = {name.rpartition(":")[2]: each for name, each in SCHEMA["types"].items()}
RESOURCE: dict[str, Any] = SCHEMA["resources"][TOKEN]
NOT_SETTINGS = {"Connection", "ConnectionProxy", "ExistingNetwork"}


def test_the_shipped_one_is_made_of_the_models() -> None:
    shipped = Path(plugin.__file__).with_name("schema.json")

    assert json.loads(shipped.read_text()) == SCHEMA, "run: make schema"


def test_it_has_every_setting() -> None:
    for model in models():
        assert TYPES[model.__name__]["properties"].keys() == keys_of(model).keys(), model
    objects = {name for name, each in TYPES.items() if each["type"] == "object"}
    assert objects - NOT_SETTINGS == {model.__name__ for model in models()}


def test_it_has_every_option_of_the_driver() -> None:
    dashed = [key for key in DriverOptions.known_keys() if "-" in key]

    assert len(dashed) > 40
    assert {camel(key) for key in dashed} < TYPES["DriverOptions"]["properties"].keys()


def test_the_names_that_may_be_looked_up_in_a_stack_file_are_in_the_descriptions() -> None:
    assert TYPES["Machine"]["properties"]["idleCount"]["description"].endswith("In stack files: `IdleCount`")


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield a type and the types in it."""
    yield value
    for inner in (value.get("items"), value.get("additionalProperties"), *value.get("oneOf", ())):
        if isinstance(inner, dict):
            yield from parts(inner)


def test_all_settings_are_plain() -> None:
    """An editor refuses an Output where only a plain value does."""
    for name, table in TYPES.items():
        for key, value in table.get("properties", {}).items() if name not in NOT_SETTINGS else ():
            for part in parts(value):
                assert part.get("plain") or part == {"$ref": "pulumi.json#/Any"}, (name, key)
    assert RESOURCE["inputProperties"]["settings"]["plain"]


def test_ids_of_a_network_may_be_outputs_and_its_zones_are_plain() -> None:
    network = TYPES["ExistingNetwork"]["properties"]

    assert not network["vpcId"].get("plain")
    assert network["subnetIds"]["plain"]
    assert not network["subnetIds"]["additionalProperties"].get("plain")
    assert not RESOURCE["inputProperties"]["network"].get("plain")


@pytest.mark.parametrize("name", ["token", "registrationToken", "accessToken"])
def test_tokens_are_secret(name: str) -> None:
    assert RESOURCE["inputProperties"][name]["secret"]


def test_the_way_to_the_manager_is_secret() -> None:
    assert RESOURCE["properties"]["connection"]["secret"]


def test_choices_are_named() -> None:
    assert TYPES["PoolExecutor"]["enum"] == [
        {"name": "DockerMachine", "value": "docker+machine"},
        {"name": "DockerAutoscaler", "value": "docker-autoscaler"},
    ]
    for name, each in TYPES.items():
        names = [choice["name"] for choice in each.get("enum", ())]
        assert len({*names}) == len(names), name


def test_what_is_required_is() -> None:
    assert TYPES["Settings"]["required"] == ["gitlab", "manager", "pools"]
    assert RESOURCE["requiredInputs"] == ["settings"]


def test_no_default_is_sent_by_an_sdk() -> None:
    """What is left out stays out: the program fills it in, and a preview's note shows what was given."""
    for table in TYPES.values():
        assert all("default" not in each for each in table.get("properties", {}).values())
