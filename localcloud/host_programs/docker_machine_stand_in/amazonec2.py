"""The amazonec2 driver: what it does with a machine that there is."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import Any

from ..aws_query import Aws, AwsError, Credentials

_DOCKER_PORT = 2376
_STATES = {
    "pending": "Starting",
    "running": "Running",
    "stopping": "Stopping",
    "shutting-down": "Stopping",
    "stopped": "Stopped",
}


class AmazonEc2:
    """One machine; `driver` is the part of its `config.json` that the driver owns, changed in place."""

    def __init__(self, driver: dict[str, Any]) -> None:
        self.driver = driver

    def remove(self) -> None:
        """Terminate the instance and delete its key pair. Raises `AwsError`."""
        driver = self.driver
        if driver["InstanceId"]:
            try:
                self.call("TerminateInstances", {"InstanceId.1": driver["InstanceId"]})
            except AwsError as error:
                if error.code != "InvalidInstanceID.NotFound":
                    raise
        if not driver["ExistingKey"]:
            self.call("DeleteKeyPair", {"KeyName": driver["KeyName"]})

    def stop(self) -> None:
        """Stop the instance. Raises `AwsError`, always so for a spot instance."""
        number = self.driver["InstanceId"]
        if self.driver["RequestSpotInstance"]:
            # An emulated AWS would stop it; AWS does not.
            text = f"You can't stop the Spot Instance '{number}' because it is associated with a one-time Spot request."
            raise AwsError("UnsupportedOperation", text, 400)
        self.call("StopInstances", {"Force": "false", "InstanceId.1": number})

    def state(self) -> str:
        """The machine's state in docker-machine's words."""
        try:
            instance = self.instance()
        except AwsError:
            return "Error"
        return _STATES.get(instance.findtext("instanceState/name", ""), "Error")

    def url(self) -> str:
        """Where the machine's Docker would be."""
        return f"tcp://{self.driver['IPAddress']}:{_DOCKER_PORT}"

    def call(self, action: str, parameters: Mapping[str, str]) -> ElementTree.Element:
        """Send one action to EC2 as the machine's settings say. Raises `AwsError`."""
        driver = self.driver
        keys = Credentials(driver["AccessKey"], driver["SecretKey"], driver["SessionToken"])
        endpoint = driver["Endpoint"]
        if not endpoint:
            endpoint = f"ec2.{driver['Region']}.amazonaws.com"
        if "://" not in endpoint:
            endpoint = f"{'http' if driver['DisableSSL'] else 'https'}://{endpoint}"
        return Aws(endpoint, driver["Region"], keys).call(action, parameters)

    def instance(self) -> ElementTree.Element:
        """The instance as EC2 describes it. Raises `AwsError`."""
        answer = self.call("DescribeInstances", {"InstanceId.1": self.driver["InstanceId"]})
        instance = answer.find("reservationSet/item/instancesSet/item")
        if instance is None:
            raise AwsError("InvalidInstanceID.NotFound", "The instance does not exist", 400)
        return instance
