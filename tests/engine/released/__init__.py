"""What a deployment of each release left in its state: a later program must continue from there.

`python -m tests.engine.released VERSION` in the checkout of a release makes its files. The ports of the local cloud
that it was deployed into are replaced by those of `PLACES`, within secrets too; secrets are encrypted.
"""

import copy
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from localcloud import control
from localcloud.addresses import Addresses
from localcloud.cloud import ROOT, LocalCloud, Project

FOLDER = Path(__file__).parent
STACK = "local"
PREFIX = "gitlab-runner-aws:"
PLACES = {"aws": "50001", "gitlab": "50002", "mirror": "50003", "ssh": "50004"}
"""Ports that stand in the files for those of a local cloud."""

SETTINGS: dict[str, Any] = {
    "network": {"zones": ["a", "b"], "private": True, "natGateways": "perZone", "interfaceEndpoints": ["ec2"]},
    "manager": {
        "ssm": True,
        "alarms": {"topicArn": "arn:aws:sns:eu-central-1:123456789012:ci"},
        "logs": {"retentionDays": 7},
    },
}
"""Laid over those of `Pulumi.local.yaml`: as many kinds of resources as one stack can have."""


def ports(addresses: Addresses) -> dict[str, str]:
    """The ports of a local cloud, by the keys of `PLACES`."""
    urls = {"aws": addresses.aws, "gitlab": addresses.gitlab, "mirror": addresses.mirror}
    return {**{name: str(urlsplit(url).port) for name, url in urls.items()}, "ssh": str(addresses.ssh_port)}


def moved(text: str, old: dict[str, str], new: dict[str, str]) -> str:
    """Return a text with the ports `old` replaced by those of the same keys in `new`."""
    by_port = {port: new[name] for name, port in old.items()}
    return re.sub(rf"\b({'|'.join(by_port)})\b", lambda found: by_port[found[0]], text)


def settings(cloud: LocalCloud) -> dict[str, Any]:
    """The settings of the recorded stacks, in this local cloud."""
    config = copy.deepcopy(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])
    for key, value in SETTINGS.items():
        config[PREFIX + key] |= value
    # No machine runs, of which the state would know nothing.
    config[f"{PREFIX}pools"][0] |= {"machine": {"IdleCount": 0}, "userData": "#!/bin/sh\ntouch /ready\n"}
    return control.with_addresses(config, cloud)


def move_state(project: Project, old: dict[str, str], new: dict[str, str]) -> None:
    """Replace ports in the state of a stack, within its secrets too."""
    clear = project.pulumi("stack", "export", "--show-secrets", "--stack", STACK).stdout
    project.pulumi("stack", "import", "--stack", STACK, stdin=moved(clear, old, new))


def shortened(state: dict[str, Any]) -> dict[str, Any]:
    """Leave out where in a checkout a resource was declared, and the manager's tool, which every release changes."""
    for resource in state["deployment"]["resources"]:
        for key in ("sourcePosition", "stackTrace"):
            resource.pop(key, None)
        if resource["urn"].endswith("registration-tool"):
            resource["inputs"]["stdin"] = resource["outputs"]["stdin"] = "the tool of that release\n"
    return state


def record(cloud: LocalCloud, folder: Path, version: str) -> None:
    """Deploy this checkout's program and keep what is left of it as the files of a release."""
    project = Project.create(cloud, folder, STACK, settings(cloud))
    project.set_secret(f"{PREFIX}token", control.create_runner(cloud))
    project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
    real = project.pulumi("stack", "export", "--stack", STACK).stdout
    move_state(project, ports(cloud.addresses), PLACES)
    kept = shortened(json.loads(project.pulumi("stack", "export", "--stack", STACK).stdout))
    (FOLDER / f"{version}.json").write_text(json.dumps(kept, indent=1) + "\n")
    file = yaml.safe_load((folder / f"Pulumi.{STACK}.yaml").read_text())
    own = {key: value for key, value in file["config"].items() if key == f"{PREFIX}token"}
    content = {"encryptionsalt": file["encryptionsalt"], "config": own}
    (FOLDER / f"{version}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    project.pulumi("stack", "import", "--stack", STACK, stdin=real)
    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
