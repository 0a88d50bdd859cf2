"""The amazonec2 driver: the calls to EC2 by which the real one creates a machine, in its order.

The real driver then waits for SSH and installs Docker. There is nobody to answer here, so that part takes its time at
most, where `BOOTING` says so.
"""

from __future__ import annotations

import base64
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..aws_query import AwsError
from . import keys, launch, security_groups
from .amazonec2 import AmazonEc2
from .store import Store

BOOTING = Path("/run/docker-machine-stand-in-boots-for")
"""Holds how many seconds it takes until a machine can be used: none where it is missing."""

_POLLS, _POLL_SECONDS = 60, 0.2
_TAGS_PER_CALL = 10


class DriverError(Exception):
    """The driver refuses its settings or cannot do what is asked."""


class NewMachine(AmazonEc2):
    """A machine that is to be; `driver` is completed in place by what AWS answers."""

    def __init__(self, driver: dict[str, Any], store: Store) -> None:
        super().__init__(driver)
        self._store = store
        self._subnet_zone = ""

    def validate(self) -> None:
        """Complete the settings and check them, as far as AWS has to be asked. Raises `DriverError`."""
        driver = self.driver
        if not driver["VpcId"]:
            driver["VpcId"] = self._default_vpc()
        if not (driver["VpcId"] or driver["SubnetId"]):
            raise DriverError(
                "amazonec2 driver requires either the --amazonec2-subnet-id or --amazonec2-vpc-id option or an AWS "
                "Account with a default vpc-id"
            )
        if driver["SubnetId"]:
            self._check_subnet()

    def pre_create(self) -> None:
        """Check the key pair, and find a subnet where none is given. Raises `DriverError` and `AwsError`."""
        driver = self.driver
        found = self._key_pair_exists()
        if driver["ExistingKey"] and not found:
            raise DriverError(f"There is no keypair with the name {driver['KeyName']}.")
        if found and not driver["ExistingKey"]:
            raise DriverError(f"There is already a keypair with the name {driver['KeyName']}.")
        if not driver["SubnetId"]:
            self._find_subnet()

    def create(self) -> None:
        """Launch the instance; what was made is removed again where that fails."""
        self.pre_create()
        try:
            self._launch()
        except (AwsError, DriverError, OSError):
            self.remove()
            raise

    def _default_vpc(self) -> str:
        try:
            answer = self.call("DescribeAccountAttributes", {"AttributeName.1": "default-vpc"})
        except AwsError:
            return ""
        attributes = answer.findall("accountAttributeSet/item")
        chosen = next(a for a in attributes if a.findtext("attributeName") == "default-vpc")
        found = chosen.findtext(".//attributeValue", "")
        return "" if found == "none" else found

    def _check_subnet(self) -> None:
        driver = self.driver
        subnets = self._subnets({"subnet-id": driver["SubnetId"]})
        if not subnets:
            raise DriverError(
                "The desired subnet could not be located in this region. Is '--amazonec2-subnet-id' or AWS_SUBNET_ID "
                "configured correctly?"
            )
        vpc = subnets[0].findtext("vpcId")
        if vpc != driver["VpcId"]:
            raise DriverError(f"SubnetId: {driver['SubnetId']} does not belong to VpcId: {driver['VpcId']}")
        self._subnet_zone = subnets[0].findtext("availabilityZone", "")

    def _find_subnet(self) -> None:
        driver = self.driver
        subnets = self._subnets({"availability-zone": driver["Zone"], "vpc-id": driver["VpcId"]})
        if not subnets:
            raise DriverError(
                f"unable to find a subnet that is both in the zone {driver['Zone']} and belonging to "
                f"VPC ID {driver['VpcId']}"
            )
        chosen = next((s for s in subnets if s.findtext("defaultForAz") == "true"), subnets[0])
        driver["SubnetId"] = chosen.findtext("subnetId", "")
        self._subnet_zone = chosen.findtext("availabilityZone", "")

    def _subnets(self, filters: Mapping[str, str]) -> list[ElementTree.Element]:
        sent = {}
        for number, (name, value) in enumerate(filters.items(), 1):
            sent[f"Filter.{number}.Name"], sent[f"Filter.{number}.Value.1"] = name, value
        return self.call("DescribeSubnets", sent).findall("subnetSet/item")

    def _key_pair_exists(self) -> bool:
        try:
            answer = self.call("DescribeKeyPairs", {"KeyName.1": self.driver["KeyName"]})
        except AwsError:
            # The real driver takes every refusal for "not found".
            return False
        return bool(answer.findall("keySet/item"))

    def _launch(self) -> None:
        driver = self.driver
        public_key = keys.make(self._store.machine_folder(driver["MachineName"]), driver["SSHPrivateKeyPath"])
        if not driver["ExistingKey"]:
            material = base64.b64encode(public_key.encode()).decode()
            self.call("ImportKeyPair", {"KeyName": driver["KeyName"], "PublicKeyMaterial": material})
        groups = security_groups.ensure(self.call, driver)
        try:
            sent = launch.parameters(driver, driver["SubnetId"], groups)
        except OSError:
            raise DriverError("unable to read --amazonec2-userdata file") from None
        launch.check_as_aws(driver, sent, self._subnet_zone)
        answer = self.call("RunInstances", sent)
        driver["InstanceId"] = answer.findtext("instancesSet/item/instanceId", "")
        if driver["RequestSpotInstance"]:
            self._tag_spot_instance()
        self._wait_until_running()
        if BOOTING.exists():
            time.sleep(float(BOOTING.read_text(encoding="utf-8")))

    def _tag_spot_instance(self) -> None:
        pairs = launch.tags(self.driver)
        for start in range(0, len(pairs), _TAGS_PER_CALL):
            sent = {"ResourceId.1": self.driver["InstanceId"]}
            for number, (key, value) in enumerate(pairs[start : start + _TAGS_PER_CALL], 1):
                sent[f"Tag.{number}.Key"], sent[f"Tag.{number}.Value"] = key, value
            launch.check_tags(pairs[start : start + _TAGS_PER_CALL])
            self.call("CreateTags", sent)

    def _wait_until_running(self) -> None:
        driver = self.driver
        private = driver["PrivateIPOnly"] or driver["UsePrivateIP"]
        for _ in range(_POLLS):
            instance = self.instance()
            driver["PrivateIPAddress"] = instance.findtext("privateIpAddress", "")
            address = driver["PrivateIPAddress"] if private else instance.findtext("ipAddress", "")
            if address and instance.findtext("instanceState/name") == "running":
                driver["IPAddress"] = address
                return
            time.sleep(_POLL_SECONDS)
        raise DriverError(
            "Too many retries waiting for the instance. Last error: Maximum number of retries (60) exceeded"
        )
