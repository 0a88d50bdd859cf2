"""What is scanned: the real program, deployed by the real engine into a local cloud that holds nothing else."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project
from tests.engine.conftest import STACK, TOKEN_KEY, Deployment

REGION = "eu-central-1"
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "private workers, access key, watched": {
        "network": {
            "zones": ["a", "b"],
            "private": True,
            "natGateways": "perZone",
            "interfaceEndpoints": ["ec2"],
            "egressPorts": [80, 443],
        },
        "identity": {"mode": "accessKey"},
        "manager": {
            "monitoring": True,
            "logs": {},
            "alarms": {"topicArn": f"arn:aws:sns:{REGION}:123456789012:alarms"},
        },
    },
}
"""Deployments by name: what each has beside the settings of Pulumi.local.yaml."""


@contextmanager
def deployed(name: str, folder: Path) -> Iterator[LocalCloud]:
    """A local cloud with one of `SETTINGS` deployed and at least one worker running; it ends with the context."""
    cloud = LocalCloud.start(folder / "cloud", hurried=True)
    try:
        config = _config(name)
        project = Project.create(cloud, folder / "project", STACK, control.with_addresses(config, cloud))
        deployment = Deployment(project, config, control.create_runner(cloud))
        project.set_secret(TOKEN_KEY, deployment.token)
        deployment.up()
        deadline = time.monotonic() + 100
        while not deployment.host().run("docker-machine ls -q --filter state=Running").split():
            assert time.monotonic() < deadline, "the runner started no machine, so that none would be scanned"
            time.sleep(0.2)
        yield cloud
    finally:
        cloud.stop()


def _config(name: str) -> dict[str, Any]:
    config: dict[str, Any] = copy.deepcopy(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])
    for key, value in SETTINGS[name].items():
        config[f"gitlab-runner-aws:{key}"] = {**config.get(f"gitlab-runner-aws:{key}", {}), **value}
    return config
