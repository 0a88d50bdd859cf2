"""The Pulumi package schema of `AutoscalingRunner`, made from the models of the settings: `make schema`.

https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/
"""

import json
import re
from typing import Any

from config_render import NAMESPACE
from config_render.files.schema import tables

from .names import TOKEN, camel

_ANY = {"$ref": "pulumi.json#/Any"}
_TEXT = {"type": "string"}
_SCALARS = ("string", "integer", "number", "boolean")

INPUTS: dict[str, Any] = {
    "settings": {
        "$ref": f"#/types/{NAMESPACE}:index:Settings",
        "plain": True,
        "description": "The settings, as a stack file has them. Plain values: they decide which resources there are. "
        "What another resource makes goes into network, token and secrets",
    },
    "region": {
        **_TEXT,
        "plain": True,
        "description": "The AWS region, such as eu-central-1; by default that of the AWS provider",
    },
    "token": {
        **_TEXT,
        "secret": True,
        "description": "The runner's authentication token (glrt-...); leave it out where settings name another source, "
        "such as tokenParameter",
    },
    "registrationToken": {
        **_TEXT,
        "secret": True,
        "description": "A registration token, which GitLab has deprecated",
    },
    "accessToken": {
        **_TEXT,
        "secret": True,
        "description": "With settings.createRunner: a personal, group or project access token with the scope "
        "create_runner",
    },
    "secrets": {
        "type": "object",
        "additionalProperties": _TEXT,
        # Not secret as a whole: then its names would be known no earlier than all its values. The component makes
        # secrets of these.
        "plain": True,
        "description": "What <secret:NAME> in the settings stands for, by NAME; secret from then on",
    },
    "network": {
        "$ref": f"#/types/{NAMESPACE}:index:ExistingNetwork",
        "description": "The VPC and subnets to use, where the same program creates them; settings.network then names "
        "none",
    },
}

_OUTPUTS: dict[str, Any] = {
    "managerAddress": {**_TEXT, "description": "The manager's address for SSH"},
    "managerInstanceId": {
        **_TEXT,
        "description": "The manager's EC2 instance; not set with settings.manager.host",
    },
    "cacheBucket": {**_TEXT, "description": "The bucket that was created for the cache, if any"},
    "connection": {
        "$ref": f"#/types/{NAMESPACE}:index:Connection",
        "secret": True,
        "description": "How to reach the manager: the connection of a remote command of your own",
    },
    "configToml": {
        **_TEXT,
        "description": "The live config.toml, with placeholders such as <secret:token> for its secrets",
    },
    "runnerIds": {
        "type": "object",
        "additionalProperties": {"type": "integer"},
        "description": "The ids of the runners at GitLab, by pool or, with one runner for each entry, by entry",
    },
}
_ALWAYS = ["configToml", "connection", "managerAddress", "runnerIds"]

_PROXY = {
    "host": _TEXT,
    "port": {"type": "number"},
    "user": _TEXT,
    "password": {**_TEXT, "secret": True},
    "privateKey": {**_TEXT, "secret": True},
    "hostKey": _TEXT,
}

_OWN_TYPES: dict[str, Any] = {
    "ExistingNetwork": {
        "type": "object",
        "description": "A VPC of the program's own.",
        "properties": {
            "vpcId": {**_TEXT, "description": "The VPC"},
            "subnetIds": {
                "type": "object",
                "additionalProperties": _TEXT,
                "plain": True,
                "description": "The workers' subnets, by zone suffix: a for eu-central-1a. They need a route to GitLab "
                "and AWS",
            },
            "managerSubnetId": {
                **_TEXT,
                "description": "The manager's subnet; by default the first of subnetIds, by the zones' names",
            },
        },
        "required": ["subnetIds", "vpcId"],
    },
    "Connection": {
        "type": "object",
        "description": "How to reach the manager by SSH.",
        "properties": {**_PROXY, "proxy": {"$ref": f"#/types/{NAMESPACE}:index:ConnectionProxy"}},
        "required": ["host"],
    },
    "ConnectionProxy": {
        "type": "object",
        "description": "The bastion between the program and the manager.",
        "properties": _PROXY,
        "required": ["host"],
    },
}


def package_schema() -> dict[str, Any]:
    """Return the schema of the package, without its version."""
    types: dict[str, Any] = {}
    for name, table in tables().items():
        types[name] = _object(name, table, types)
    types |= _OWN_TYPES
    return {
        "name": NAMESPACE,
        "displayName": "GitLab Runner on AWS",
        "description": "An autoscaling GitLab Runner on AWS EC2",
        "keywords": ["pulumi", "gitlab", "runner", "aws", "kind/component", "category/infrastructure"],
        "license": "Apache-2.0",
        "meta": {"supportPack": True},
        "types": {f"{NAMESPACE}:index:{name}": types[name] for name in sorted(types)},
        "resources": {
            TOKEN: {
                "isComponent": True,
                "description": "A GitLab Runner that starts and removes its EC2 workers on demand.",
                "inputProperties": INPUTS,
                "requiredInputs": ["settings"],
                "properties": _OUTPUTS,
                "required": _ALWAYS,
            }
        },
        "language": {
            "nodejs": {"packageName": NAMESPACE, "respectSchemaVersion": True},
            # Not pulumi_..., as the component itself is `gitlab_runner_aws` and must not be taken for this one.
            "python": {
                "packageName": "gitlab_runner_aws_remote",
                "pyproject": {"enabled": True},
                "respectSchemaVersion": True,
            },
            "go": {"respectSchemaVersion": True, "generateResourceContainerTypes": False},
        },
    }


def _object(name: str, table: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    found = {
        "type": "object",
        "properties": {
            camel(key): {**_type(f"{name}{_capital(camel(key))}", value, types), **_described(key, value)}
            for key, value in table["properties"].items()
        },
    }
    if description := table.get("description"):
        found["description"] = description
    if required := table.get("required"):
        found["required"] = sorted(map(camel, required))
    return found


def _type(name: str, value: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    """Return the type of a value; `name` is that of an enumeration, if it is one, which `types` then gets."""
    return {**_shape(name, value, types), "plain": True}


def _shape(name: str, value: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in value:
        return {"$ref": f"#/types/{NAMESPACE}:index:{value['$ref'].rpartition('/')[2]}"}
    if choices := [each for each in value.get("anyOf", ()) if each != {"type": "null"}]:
        return {"oneOf": [_type(name, each, types) for each in choices]}
    if "const" in value:
        return {"type": "string"}
    if "enum" in value and isinstance(value["enum"][0], str):
        types[name] = {"type": "string", "enum": [{"name": _constant(each), "value": each} for each in value["enum"]]}
        return {"$ref": f"#/types/{NAMESPACE}:index:{name}"}
    kind = value.get("type")
    if kind == "array":
        return {"type": "array", "items": _type(name, value["items"], types)}
    if kind == "object":
        more = value.get("additionalProperties")
        return {"type": "object", "additionalProperties": _ANY if more in (None, True) else _type(name, more, types)}
    if kind not in _SCALARS:
        raise TypeError(f"{name}: the schema of Pulumi packages has nothing for {json.dumps(value)}")
    return {"type": kind}


def described(value: dict[str, Any]) -> list[str]:
    """Return the sentences about a setting, of its JSON schema: what it is, its values and default."""
    parts = [value["description"]] if "description" in value else []
    if "enum" in value and not isinstance(value["enum"][0], str):
        parts.append(f"One of {', '.join(map(str, value['enum']))}")
    if "const" in value:
        parts.append(f"Must be {value['const']}")
    default = value.get("default")
    if default not in (None, "", {}, []):
        parts.append(f"Default: {default if isinstance(default, str) else json.dumps(default)}")
    return parts


def _described(key: str, value: dict[str, Any]) -> dict[str, Any]:
    parts = described(value)
    if camel(key) != key:
        parts.append(f"In stack files: `{key}`")
    return {"description": ". ".join(parts)} if parts else {}


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _constant(value: str) -> str:
    """Return the name of a choice: `docker+machine` is DockerMachine."""
    name = "".join(map(_capital, re.findall(r"[A-Za-z0-9]+", value)))
    return name if name[0].isalpha() else f"V{name}"


if __name__ == "__main__":
    print(json.dumps(package_schema(), indent=2))
