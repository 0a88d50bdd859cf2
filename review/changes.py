"""What a preview is about to do, as plain data: the one model that note, reports, policy and page are made of.

It takes from the engine's events what is on a list, and nothing else: names of properties, values of those that never
hold a secret, settings as messages may show them, statements of IAM policies, outputs by their names, config.toml, and
messages without what looks like a secret. So a secret that the
engine should ever show goes no further.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from config_render.base.problems import without_secrets
from config_render.files.stack_file import StackFile

from .differences import Property, RemovedResources, differences
from .events import SECRET, Event, Step, plain
from .setting_changes import RunnerSettings, located, runner_settings
from .statements import StatementChange, statement_changes

__all__ = ["OPS", "OUTPUTS", "Changes", "ConfigToml", "Diagnostic", "Op", "Property", "Resource", "changes_of"]

Op = Literal["replace", "delete", "update", "create", "import", "same"]
OPS: tuple[Op, ...] = ("replace", "delete", "update", "create", "import", "same")
"""What a preview does with a resource, that which interrupts most first."""

DONE: Mapping[Op, str] = {
    "replace": "replaced",
    "delete": "deleted",
    "update": "changed",
    "create": "created",
    "import": "imported",
}
"""What people are told of each, but for what stays the same."""

Severity = Literal["info", "warning", "error"]

OUTPUTS = frozenset(
    (
        "manager_address",
        "manager_instance_id",
        "cache_bucket",
        "config_toml",
        "runner_ids",
        "machines",
        "network_charges",
        "worst_case_cost",
        "next_commands",
    )
)
"""The outputs of a stack that are read. None holds a secret."""

_AWS = ("region", "profile", "endpoints")
_STACK = "pulumi:pulumi:Stack"
_CONFIG = re.compile(
    r"gitlab-runner-aws:index:Registration\$command:remote:Command::(?P<runner>.+)-registration-config$"
)
_SEVERITIES: Mapping[str, Severity] = {"info": "info", "info#err": "error", "warning": "warning", "error": "error"}
# What the engine says after it has said what is wrong.
_CLOSING = re.compile(r"an unhandled error occurred: Program exited|(preview|update) failed$")
_COLOUR = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True)
class Resource:
    """One resource and what is done with it."""

    urn: str
    type: str
    """Pulumi's type token: `aws:ec2/instance:Instance`."""
    name: str
    op: Op
    properties: tuple[Property, ...] = ()
    statements: tuple[StatementChange, ...] = ()
    """What differs in its IAM policy, where it has one."""

    @property
    def goes(self) -> bool:
        """Whether what there is comes to its end."""
        return self.op in ("replace", "delete")


@dataclass(frozen=True)
class ConfigToml:
    """The config.toml of one runner, with placeholders for secrets; `SECRET` where all of it is one."""

    runner: str
    """The name of the AutoscalingRunner."""
    before: str | None
    """None where there is none yet."""
    after: str | None
    """None where it goes."""


@dataclass(frozen=True)
class Diagnostic:
    """What somebody says during the preview."""

    severity: Severity
    text: str
    urn: str = ""
    """The resource that it is about; empty for the stack."""


@dataclass(frozen=True)
class Changes:
    """All that a preview says."""

    project: str
    stack: str
    resources: tuple[Resource, ...] = ()
    """Those that exist somewhere: no components, and not the stack itself; also those that stay the same."""
    configs: tuple[ConfigToml, ...] = ()
    outputs_before: Mapping[str, object] = field(default_factory=dict)
    outputs_after: Mapping[str, object] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    aws: Mapping[str, str] = field(default_factory=dict)
    """Where AWS's prices are asked for: the stack's `region`, `profile` and `endpoints`, as pulumi-aws has them.

    Empty where its `preflight` is off, and nothing is to be asked.
    """
    failed: bool = False
    """Whether the preview ended early, so that the rest is not all there is."""
    settings: tuple[RunnerSettings, ...] = ()
    """What differs in the settings, for each runner of the stack."""

    def doing(self, op: Op) -> tuple[Resource, ...]:
        """The resources with which `op` is done."""
        return tuple(resource for resource in self.resources if resource.op == op)

    @property
    def counts(self) -> Mapping[Op, int]:
        """How many resources each op is done with."""
        return {op: len(self.doing(op)) for op in OPS}

    @property
    def nothing(self) -> bool:
        """Whether all stays as it is."""
        same_outputs = self.outputs_before == self.outputs_after
        return not self.failed and same_outputs and all(resource.op == "same" for resource in self.resources)

    @property
    def first(self) -> bool:
        """Whether there is nothing of the stack yet."""
        return bool(self.resources) and all(resource.op in ("create", "import") for resource in self.resources)

    def located(self, file: StackFile, name: str) -> "Changes":
        """Say of each setting where it is in the stack file, which is called `name`."""
        return replace(self, settings=tuple(located(each, file, name) for each in self.settings))

    def of(self, severity: Severity) -> tuple[str, ...]:
        """The texts of the diagnostics of one severity, each once."""
        return tuple(dict.fromkeys(each.text for each in self.diagnostics if each.severity == severity))


def changes_of(events: Iterable[Event], *, project: str, stack: str) -> Changes:
    """Gather what the events of one preview say of `stack`."""
    every = [*events]
    steps = [event["resourcePreEvent"]["metadata"] for event in every if "resourcePreEvent" in event]
    removed = RemovedResources(steps)
    resources = {each.urn: each for metadata in steps if (each := _resource(metadata, removed)) is not None}
    configs = {live.runner: live for metadata in steps if (live := _config(metadata)) is not None}
    settings: dict[str, RunnerSettings] = {}
    diagnostics: list[Diagnostic] = []
    outputs: tuple[Mapping[str, object], Mapping[str, object]] = ({}, {})
    aws: Mapping[str, str] = {}
    failed = True
    for event in every:
        if "resOutputsEvent" in event:
            metadata = event["resOutputsEvent"]["metadata"]
            if metadata["type"] == _STACK:
                outputs = _outputs(metadata.get("old")), _outputs(metadata.get("new"))
            elif (found := runner_settings(metadata, steps)) is not None:
                settings[found.runner] = found
        elif "diagnosticEvent" in event or "policyEvent" in event:
            diagnostics += _diagnostics(event)
        elif "preludeEvent" in event:
            config = event["preludeEvent"].get("config") or {}
            asks = config.get("gitlab-runner-aws:preflight") != "off"
            aws = {key: str(config[f"aws:{key}"]) for key in _AWS if asks and f"aws:{key}" in config}
        elif "summaryEvent" in event:
            failed = event["summaryEvent"].get("result", "succeeded") != "succeeded"
    return Changes(
        project,
        stack,
        tuple(resources.values()),
        tuple(configs.values()),
        *outputs,
        tuple(diagnostics),
        aws,
        failed,
        tuple(settings.values()),
    )


def _resource(metadata: Step, removed: RemovedResources) -> Resource | None:
    """Return the resource of a step, or None for steps that are a part of another, and for what exists nowhere."""
    op, urn = metadata["op"], str(metadata["urn"])
    state = metadata.get("new") or metadata.get("old") or {}
    if op not in OPS or not state.get("custom") or str(metadata["type"]).startswith("pulumi:"):
        return None
    statements = () if op == "same" else statement_changes(metadata)
    return Resource(urn, str(metadata["type"]), urn.rpartition("::")[2], op, differences(metadata, removed), statements)


def _config(metadata: Step) -> ConfigToml | None:
    """What the manager is fed with: unlike an output it is in the state only once it is live."""
    found = _CONFIG.search(str(metadata["urn"]))
    if found is None or metadata["op"] not in OPS:
        return None
    return ConfigToml(found["runner"], _text(metadata.get("old")), _text(metadata.get("new")))


def _text(state: Mapping[str, Any] | None) -> str | None:
    text = plain(((state or {}).get("inputs") or {}).get("stdin"))
    if not isinstance(text, str):
        return None
    # The last line is not of the file: it tells the manager that the text arrived whole.
    return SECRET if text == SECRET else without_secrets(text.rstrip("\n").rpartition("\n")[0] + "\n")


def _outputs(state: Mapping[str, object] | None) -> Mapping[str, object]:
    outputs = plain((state or {}).get("outputs") or {})
    return {name: value for name, value in outputs.items() if name in OUTPUTS}


def _diagnostics(event: Event) -> list[Diagnostic]:
    policy = event.get("policyEvent")
    if policy is not None:
        mandatory = policy.get("enforcementLevel") == "mandatory"
        text = f"policy {policy.get('policyName')}: {policy.get('message')}"
        return [Diagnostic("error" if mandatory else "warning", _readable(text), str(policy.get("resourceUrn") or ""))]
    said = event["diagnosticEvent"]
    severity, text = _SEVERITIES.get(said["severity"]), _readable(said.get("message", ""))
    if severity is None or not text or _CLOSING.match(text) or said.get("ephemeral"):
        return []
    return [Diagnostic(severity, text, str(said.get("urn") or ""))]


def _readable(text: str) -> str:
    kept = "".join(char for char in _COLOUR.sub("", text) if char.isprintable() or char in "\n\t")
    return without_secrets(kept).strip()
