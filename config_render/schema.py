"""A JSON schema of stack files, made from the models, for editors that complete and check YAML."""

from typing import Any

from .models.settings import Settings
from .parsing import SECRETS
from .placeholders import ACCESS_TOKEN, REGISTRATION_TOKEN, TOKEN
from .problems import NAMESPACE
from .regions import REGIONS

_TOKENS = {
    TOKEN: "The runner's authentication token",
    REGISTRATION_TOKEN: "A registration token, which GitLab has deprecated",
    ACCESS_TOKEN: "A personal, group or project access token with the scope create_runner, for createRunner",
}
_ENCRYPTED = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def stack_schema() -> dict[str, Any]:
    """Return the schema of a `Pulumi.<stack>.yaml`."""
    settings = Settings.model_json_schema(by_alias=True)
    definitions = settings.pop("$defs")
    for table in (settings, *definitions.values()):
        _tidy(table)
    own = {f"{NAMESPACE}:{key}": value for key, value in settings["properties"].items()}
    for key, what in _TOKENS.items():
        fix = f"set it with: pulumi config set --secret {NAMESPACE}:{key}"
        own[f"{NAMESPACE}:{key}"] = {**_ENCRYPTED, "description": f"{what}; {fix}"}
    own[f"{NAMESPACE}:{SECRETS}"] = {
        "type": "object",
        "additionalProperties": _ENCRYPTED,
        "description": "What <secret:NAME> stands for; set one with: "
        f"pulumi config set --secret --path {NAMESPACE}:{SECRETS}.NAME",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of gitlab-runner-aws",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"aws:region": {"enum": sorted(REGIONS)}, **own},
                "required": [f"{NAMESPACE}:{key}" for key in settings["required"]],
                # Other packages' settings stand there too.
                "patternProperties": {f"^(?!{NAMESPACE}:)": {}},
                "additionalProperties": False,
            }
        },
        "$defs": definitions,
    }


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
