"""The tool's files in a folder, a service that is pretended, and a config.toml with pools of docker-autoscaler."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool.config import drift, runners, template
from components.manager_tool.contract.constants import END
from components.manager_tool.deployment import activation
from components.manager_tool.executors.docker_autoscaler import known, switching
from components.manager_tool.executors.docker_machine import machines, overrides
from components.manager_tool.gitlab import api, egress, tokens
from components.manager_tool.programs import service

FOLDER = "/usr/local/lib/plugins"
ENVIRONMENT = {"FLEETING_PLUGIN_PATH": FOLDER, "AWS_REGION": "eu-central-1"}


def autoscaled(name: str, more: str = "", policy: str = "idle_count = 1", **keys: Any) -> str:
    """The text of a section."""
    given = {"plugin": "aws:1.1.0", "max_instances": 4, "instance_acquire_timeout": "15m", **keys}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in given.items())
    return f"""
[[runners]]
name = "{name}"
url = "https://gitlab.example.com"
token = "<secret:token>"
executor = "docker-autoscaler"
{more}
[runners.autoscaler]
{lines}
[runners.autoscaler.plugin_config]
name = "test/{name}"
[[runners.autoscaler.policy]]
periods = ["* * * * *"]
{policy}
"""


def machined(name: str) -> str:
    """The same with docker+machine."""
    return f"""
[[runners]]
name = "{name}"
url = "https://gitlab.example.com"
token = "<secret:token>"
executor = "docker+machine"
[runners.machine]
MachineName = "{name}-%s"
"""


class Manager:
    """What was done to the service stands in `done`, in order; it runs from the start."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.live = folder, folder / "config.toml"
        self.pid, self.environment = 4711, dict(ENVIRONMENT)
        self.done: list[str] = []
        self.token = "glrt-a1b2a1b2axxxxxxxxxxx"
        self.while_stopping: list[Any] = []

    def up(self, *sections: str, patient: bool = True, policy: str = "warn") -> None:
        text = f"concurrent = 5\n{''.join(sections)}{END}\n"
        activation.apply(text, {"token": self.token}, policy, patient=patient)

    def take_done(self) -> list[str]:
        done, self.done = self.done, []
        return done

    def activate(self, *, restart: bool) -> None:
        self.done.append("reload" if self.pid else "start")
        self.pid = self.pid or 4712

    def stop(self, job_seconds: int) -> None:
        self.done.append(f"stop within {job_seconds}")
        self.pid, self.environment = 0, dict(ENVIRONMENT)
        for each in self.while_stopping:
            each()

    def start(self) -> None:
        self.done.append("start")
        self.pid = 4713


def manager_in(folder: Path, patch: pytest.MonkeyPatch) -> Manager:
    """Return one on which the plugin is installed and no config.toml is live yet."""
    made = Manager(folder)
    for module in (activation, drift, runners):
        patch.setattr(module, "LIVE", made.live)
    for module in (activation, template):
        patch.setattr(module, "TEMPLATE", folder / "staged.toml")
    for module in (activation, egress):
        patch.setattr(module, "SECRETS", folder / "secrets.json")
    for module, name, file in (
        (activation, "HOME", ""),
        (drift, "WRITTEN", "written.json"),
        (drift, "DRIFTED", "drifted"),
        (overrides, "STATE", "breaker.json"),
        (overrides, "WATCH_SETTINGS", "watch.json"),
        (tokens, "KEPT", "runners.json"),
        (egress, "PLAN", "gitlab.json"),
        (known, "_FILE", "autoscaler.json"),
        (switching, "_DUE", "restart.json"),
    ):
        patch.setattr(module, name, folder / file)
    patch.setattr(activation, "run", lambda *command, check=True, hidden=(): (0, "Version: 19.3.0"))
    patch.setattr(activation, "activate", made.activate)
    patch.setattr(machines, "names", list)
    patch.setattr(egress, "place_proxy", lambda: False)
    patch.setattr(api, "verify", lambda url, token: {"id": 7, "token": token, "token_expires_at": None})
    patch.setattr(service, "main_pid", lambda: made.pid)
    patch.setattr(service, "environment", lambda: made.environment)
    patch.setattr(service, "stop", made.stop)
    patch.setattr(service, "start", made.start)
    facts = {"region": "eu-central-1", "key": str(folder / "worker-key"), "folder": FOLDER, "jobSeconds": 7200}
    (folder / "autoscaler.json").write_text(json.dumps(facts))
    return made
