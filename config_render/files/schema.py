"""A JSON schema of stack files, made from the models, for editors that complete and check YAML."""

from typing import Any

from ..base.other_settings import EXTENDS, OTHER_SETTINGS, SECRETS
from ..base.placeholders import TOKENS
from ..base.problems import NAMESPACE
from ..base.regions import REGIONS
from ..settings.stack import Settings

_ENCRYPTED = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def stack_schema() -> dict[str, Any]:
    """Return the schema of a `Pulumi.<stack>.yaml`."""
    definitions = tables()
    settings = definitions.pop(Settings.__name__)
    own = {f"{NAMESPACE}:{key}": value for key, value in settings["properties"].items()}
    shapes: dict[str, dict[str, object]] = {
        **dict.fromkeys(TOKENS, _ENCRYPTED),
        SECRETS: {"type": "object", "additionalProperties": _ENCRYPTED},
        EXTENDS: {"type": "array", "items": {"type": "string"}},
    }
    for key, (_, description) in OTHER_SETTINGS.items():
        own[f"{NAMESPACE}:{key}"] = {**shapes[key], "description": description}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of gitlab-runner-aws",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"aws:region": {"enum": sorted(REGIONS)}, **own},
                # The files that are extended may have them.
                "if": {"not": {"required": [f"{NAMESPACE}:{EXTENDS}"]}},
                "then": {"required": [f"{NAMESPACE}:{key}" for key in settings["required"]]},
                # Other packages' settings stand there too.
                "patternProperties": {f"^(?!{NAMESPACE}:)": {}},
                "additionalProperties": False,
            }
        },
        "$defs": definitions,
    }


def tables() -> dict[str, dict[str, Any]]:
    """Return the JSON schemas of all tables of the settings, by the names of their models."""
    settings = Settings.model_json_schema(by_alias=True)
    found = {**settings.pop("$defs"), Settings.__name__: settings}
    for table in found.values():
        _tidy(table)
    return found


def _tidy(table: dict[str, Any]) -> None:
    """Leave out what pydantic writes for itself, and keys that are there only to be refused."""
    properties: dict[str, Any] = table.get("properties", {})
    for key in [key for key, value in properties.items() if "refused" in value]:
        del properties[key]
    for value in properties.values():
        value.pop("title", None)
        if value.get("default", ...) is None:
            del value["default"]
        choices = [choice for choice in value.get("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1:
            del value["anyOf"]
            value.update(choices[0])
    for key in ("extra", "driver"):
        properties.get(key, {}).pop("default", None)
