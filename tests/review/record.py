"""`python -m tests.review.record`: the engine's events for the tests, of previews in a local cloud of its own."""

import copy
import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

EVENTS = Path(__file__).parent / "events"
STACK = "local"
PREFIX = "gitlab-runner-aws:"
PLANTED = "planted-secret-4711"
"""A secret of the recorded stack, which must be in nothing that people read."""

_LONGEST = 300
_RUNNER = "gitlab-runner-aws:index:AutoscalingRunner"
_WHOLE = ("policy", "policyDocument", "assumeRolePolicy")
_OF_RUNNER = ("settings", "secret_names")

POOL = f"{PREFIX}pools"
CASES: Mapping[str, Mapping[str, Any]] = {
    "first": {},
    "same": {},
    "limit": {"limit": 9},
    "cap": {"spot": {"maxPrice": 0.001}},
    "manager": {f"{PREFIX}manager": {"instanceType": "t4g.small"}},
    "network": {f"{PREFIX}network": {"cidr": "10.1.0.0/16"}},
    "bucket": {f"{PREFIX}cache": {"forceDestroy": None, "s3": {"BucketName": "ours"}}},
    "secret": {"environment": ["KEY=<secret:planted>", "MODE=fast"]},
    "errors": {"limit": -9, "limitt": 1},
}
"""What differs from the settings of Pulumi.local.yaml: tables by their names, the rest is of the pool; None goes.

In the case `secret` the planted secret is another one too.
"""


def settings(case: str) -> dict[str, Any]:
    """The settings of one case, less the addresses of a local cloud."""
    config: dict[str, Any] = copy.deepcopy(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])
    config[POOL][0]["machine"] = {"IdleCount": 1, "MaxGrowthRate": 2}
    config[POOL][0]["environment"] = ["KEY=<secret:planted>"]
    for key, value in CASES[case].items():
        if key.startswith(PREFIX):
            config[key] = {name: each for name, each in {**config.get(key, {}), **value}.items() if each is not None}
        else:
            config[POOL][0][key] = value
    return config


def events_of(project: Project) -> Path:
    """Preview a project as the merge request's job does; returns the file of events."""
    events = project.folder / "events.jsonl"
    subprocess.run(
        project.command("preview", "--diff", "--stack", project.stack, "--event-log", str(events)),
        cwd=project.folder,
        env={**project.cloud.environment(), "PULUMI_DEBUG_COMMANDS": "true"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return events


def project_in(cloud: LocalCloud, folder: Path) -> Project:
    """A stack with a secret that is planted, not deployed yet."""
    project = Project.create(cloud, folder / "project", STACK, control.with_addresses(settings("first"), cloud))
    project.set_secret(f"{PREFIX}token", control.create_runner(cloud))
    project.set_secret(f"{PREFIX}secrets.planted", PLANTED)
    return project


def small(line: str) -> str | None:
    """One event less what nobody reads; None for an event of which nothing is left."""
    event = json.loads(line)
    event.pop("timestamp", None)
    metadata: dict[str, Any] | None = (event.get("resourcePreEvent") or event.get("resOutputsEvent") or {}).get(
        "metadata"
    )
    if event.get("diagnosticEvent", {}).get("severity") == "debug":
        return None
    if "resOutputsEvent" in event and metadata and metadata["type"] == _RUNNER:
        for state in filter(None, (metadata["old"], metadata["new"])):
            state["outputs"] = {key: state["outputs"][key] for key in _OF_RUNNER if key in state["outputs"]}
        return json.dumps(event, sort_keys=True) if metadata["new"]["outputs"] else None
    if "resOutputsEvent" in event and metadata and metadata["type"] != "pulumi:pulumi:Stack":
        return None
    if metadata is not None and metadata["op"] == "same" and metadata["type"] != "pulumi:pulumi:Stack":
        for state in (metadata["old"], metadata["new"]):
            state["inputs"] = {key: state["inputs"][key] for key in ("stdin",) if "-config" in metadata["urn"]}
            state["outputs"] = {}
    whole = metadata is None or metadata["urn"].endswith("-registration-config") or "resOutputsEvent" in event
    return json.dumps(event if whole else _cut(event), sort_keys=True)


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: below if name in _WHOLE else _cut(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_cut(below) for below in value]
    return f"{value[:_LONGEST]} ..." if isinstance(value, str) and len(value) > _LONGEST else value


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud.start(Path(folder) / "cloud")
        project = project_in(cloud, Path(folder))
        try:
            for case in CASES:
                project.configure(control.with_addresses(settings(case), cloud))
                project.set_secret(f"{PREFIX}secrets.planted", f"{PLANTED}-new" if case == "secret" else PLANTED)
                lines = map(small, events_of(project).read_text().splitlines())
                text = "\n".join(line for line in lines if line is not None) + "\n"
                (EVENTS / f"{case}.jsonl").write_text(text.replace(folder, "FOLDER").replace(str(ROOT), "ROOT"))
                if case == "first":
                    project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
            project.configure(control.with_addresses(settings("first"), cloud))
            project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
        finally:
            cloud.stop()


if __name__ == "__main__":
    main()
