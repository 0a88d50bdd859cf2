"""What a deployment has registered, as plain data for people to read and for tests to compare."""

import base64
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from pulumi.runtime import rpc

from components.manager.tool_bundle import as_root, bundle, unpack
from components.manager_tool.contract.constants import END
from config_render.executors.docker_autoscaler import worker_program

from .conftest import Recorder

_OPTIONS = {
    "ignoreChanges": "ignores changes of",
    "replaceOnChanges": "is replaced at changes of",
    "deleteBeforeReplace": "is deleted before it is replaced",
    "protect": "is protected",
    "retainOnDelete": "is kept when deleted",
    "additionalSecretOutputs": "has secret outputs",
    "customTimeouts": "has timeouts",
}
"""Resource options as the engine is told them, and what a description calls them."""

_OF_SDK = {"connection", "triggers[*]", "privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"}
"""What the SDK's classes put into options by themselves."""

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_LONG = 1000
_CLOUD_CONFIG = "#cloud-config\n{"
_USER_DATA = base64.b64encode(_CLOUD_CONFIG.encode()).decode()
_COMPONENTS = ("gitlab-runner-aws:", "pulumi:")

_SHORT = {"arn:aws:ec2:eu-central-1:123456789012:": "{ec2}", "arn:aws:iam::123456789012:": "{iam}"}
"""What the ARNs of the tests' account begin with, as descriptions have it."""


def described(recorder: Recorder, name: str = "runner") -> dict[str, Any]:
    """Return what an `AutoscalingRunner` of this name registered: resources by type and name, look-ups and outputs.

    Of each resource there are its inputs and options. JSON texts and config.toml are parsed; statements of policies,
    runners and options of machines stand by their names. Secrets are marked; digests of them and the tool for the
    manager are replaced by words. All steps on the manager must have the same connection, which stands by itself, and
    config.toml must be the one of its step.
    """
    children = _children(recorder.requests)
    resources: dict[str, dict[str, Any]] = {}
    connections = []
    for key, request in sorted(recorder.requests.items()):
        if key.startswith(_COMPONENTS):
            continue
        inputs = dict(recorder.inputs[key])
        if key.startswith("command:"):
            connections.append(readable(inputs.pop("connection")))
        resources[_title(key, name)] = {
            **{each: readable(value) for each, value in sorted(inputs.items())},
            **_options(request, children, name),
        }
    assert all(each == connections[0] for each in connections)
    toml = recorder.named(f"{name}-registration-config")["stdin"].removesuffix(f"{END}\n")
    outputs = {}
    kinds = Counter(key.partition("::")[0] for key in recorder.outputs)
    for key, registered in sorted(recorder.outputs.items()):
        kind, _, own = key.partition("::")
        if kind.startswith("gitlab-runner-aws:"):
            assert registered.get("config_toml", toml) == toml
            told = {key: value for key, value in registered.items() if key not in ("config_toml", "settings")}
            title = kind.rpartition(":")[2]
            outputs[title if kinds[kind] == 1 else f"{title} {own.removeprefix(f'{name}-')}"] = readable(told)
    return {
        "connection": connections[0],
        "outputs": outputs,
        "lookups": _lookups(recorder),
        "resources": resources,
    }


def _lookups(recorder: Recorder) -> list[dict[str, Any]]:
    """What AWS was asked, each question once."""
    asked = [{token.rpartition(":")[2]: readable(given)} for token, given in recorder.lookups]
    return [json.loads(text) for text in sorted({json.dumps(each) for each in asked})]


def readable(value: Any) -> Any:
    """Return a value as the engine is told it in the form that descriptions have."""
    if rpc.is_rpc_secret(value):
        secret = rpc.unwrap_rpc_secret(value)
        return {"secret": readable(_DIGEST.sub("(digest)", secret) if isinstance(secret, str) else secret)}
    if isinstance(value, Mapping):
        return {
            key: _options_of_machines(each) if key == "MachineOptions" else readable(each)
            for key, each in sorted(value.items())
        }
    if isinstance(value, list):
        return _by(("Sid", "name"), [readable(each) for each in value])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> Any:
    if text.startswith(_USER_DATA):
        return _text(base64.b64decode(text).decode())
    if text.startswith(_CLOUD_CONFIG):
        return readable(json.loads(text.removeprefix("#cloud-config\n")))
    if len(text) > _LONG:
        for tool, words in _tool().items():
            if text.startswith(tool):
                return f"{words}{text.removeprefix(tool)}"
    if text.endswith(f"{END}\n"):
        return readable(tomllib.loads(text))
    with suppress(ValueError):
        if text.startswith(("{", "[")):
            return readable(json.loads(text))
    for arn, short in _SHORT.items():
        text = text.replace(arn, short)
    return text


def _options_of_machines(options: Iterable[str]) -> dict[str, str]:
    """The options of docker-machine as a table; what is there several times has all its values."""
    table: dict[str, str] = {}
    for option in options:
        key, _, value = option.partition("=")
        table[key] = f"{table[key]} and {value}" if key in table else value
    return table


def _by(keys: Iterable[str], values: list[Any]) -> Any:
    """A list of tables as a table, by whichever of the keys all of them have, so that their order does not count."""
    for key in keys:
        if values and all(isinstance(each, dict) and key in each for each in values):
            table = {each[key]: {k: v for k, v in each.items() if k != key} for each in values}
            assert len(table) == len(values)
            return table
    return values


@cache
def _tool() -> dict[str, str]:
    """The programs for the manager and for machines, and what descriptions call them."""
    script, logins = unpack(bundle()), ("root", "ubuntu", "ec2-user", "ci")
    machines = Path(worker_program.__file__).read_text()
    return {
        bundle(): "(the tool)",
        machines: "(what starts Docker)",
        **{as_root(script, login): f"(unpack the tool, as {login})" for login in logins},
    }


def _children(requests: Mapping[str, Any]) -> dict[str, set[str]]:
    """The resources of each component, by its type; they must be named after it."""
    children: dict[str, set[str]] = {}
    for key, request in requests.items():
        parent_kind, parent = request.parent.split("::", 3)[2:] if request.parent else ("", "")
        if not key.startswith(_COMPONENTS):
            assert request.name.startswith(f"{parent}-"), f"{request.name} is a child of {parent}"
            children.setdefault(parent_kind.rpartition(":")[2], set()).add(key)
    return children


def _options(request: Any, children: Mapping[str, set[str]], name: str) -> dict[str, Any]:
    """The options that a resource has, and what it waits for without using its values."""
    options: dict[str, Any] = {}
    for option, words in _OPTIONS.items():
        value = getattr(request, option)
        if option == "customTimeouts":
            value = {step: text for step in ("create", "update", "delete") if (text := getattr(value, step))}
        elif not isinstance(value, bool):
            value = sorted({*value} - _OF_SDK)
        if value:
            options[words] = value
    waits = _keys(request.dependencies)
    whole = [component for component, own in sorted(children.items()) if own <= waits]
    waits -= {key for component in whole for key in children[component]}
    waits -= _keys(urn for each in request.propertyDependencies.values() for urn in each.urns)
    if told := [*(f"all of {component}" for component in whole), *sorted(_title(key, name) for key in waits)]:
        options["waits for"] = told
    return options


def _keys(urns: Iterable[str]) -> set[str]:
    """URNs as type and name."""
    return {"::".join((kind.rpartition("$")[2], name)) for kind, name in (urn.split("::", 3)[2:] for urn in urns)}


def _title(key: str, name: str) -> str:
    """aws:ec2/vpc:Vpc::runner-network-vpc is ec2:Vpc network-vpc."""
    kind, own = key.split("::", 1)
    package, module, last = kind.split(":")
    return f"{'' if package != 'aws' else module.partition('/')[0] + ':'}{last} {own.removeprefix(f'{name}-')}"
