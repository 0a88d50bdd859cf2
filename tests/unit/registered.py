"""What a test looks for in what a deployment has registered."""

import tomllib
from typing import Any

from .conftest import Recorder


def named(recorder: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """The inputs of all resources of a type, by their names less the deployment's."""
    found = {}
    for key, inputs in recorder.inputs.items():
        token, name = key.split("::")
        if token.endswith(f":{kind}"):
            found[name.removeprefix("runner-")] = inputs
    return found


def policy_of(recorder: Recorder) -> str:
    return str(named(recorder, "RolePolicy")["identity-manager"]["policy"])


def options(recorder: Recorder) -> list[str]:
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    found: list[str] = runner["machine"]["MachineOptions"]
    return found
