"""The group of AWS: what the plugin does of provider.go and connector_ssh.go, by the same calls and in the same order.

Its source is that of 0.4.0. Of 1.1.0 it is known that it asks for the spot requests of the instances, too; how is not:
`_SPOT_REQUESTS_SINCE` is this stand-in's assumption.
"""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from typing import Any

from ..aws_query import AwsError
from . import keys
from .aws_access import Access, ConfigError, load

_MOST = 1000
_KEY_SECONDS = 60.0
_DELETING = ("Terminated", "Terminating", "Terminating:Proceed", "Terminating:Wait")
_ARCHITECTURES = {"i386": "386", "x86_64": "amd64", "x86_64_mac": "amd64", "arm64": "arm64", "arm64_mac": "arm64"}
_SPOT_REQUESTS_SINCE = (1, 1, 0)
_RECLAIMED = ("marked-for-termination", "instance-terminated-no-capacity", "instance-terminated-by-price")

Parameters = Mapping[str, str]


class PluginError(Exception):
    """What the plugin answers instead of a result."""


class InstanceGroup:
    """One group; the public methods are the plugin's calls."""

    def __init__(self, version: str, say: Callable[..., None]) -> None:
        self._version, self._say = version, say
        self._access = Access("", "", load().credentials_file, "")
        self._name, self._size = "", 0
        self._connector: dict[str, Any] = {}
        self._sees_spot = tuple(map(int, version.split("."))) >= _SPOT_REQUESTS_SINCE

    def init(self, config: Mapping[str, Any], connector: dict[str, Any]) -> dict[str, Any]:
        """Find the group; `config` is the entry's plugin_config, of which keys that are not known mean nothing."""
        files = {key: str(config.get(key) or "") for key in ("profile", "config_file", "credentials_file")}
        self._access, self._name, self._connector = load(**files), str(config.get("name") or ""), connector
        self._instances(initial=True)
        return {"id": f"aws/{self._access.region}/{self._name}", "max": _MOST, "version": self._version}

    def update(self) -> list[tuple[str, str]]:
        """Every instance with its state: creating, running or deleting."""
        found = [(each.findtext("InstanceId", ""), _state(each)) for each in self._instances(initial=False)]
        gone = self._reclaimed([identity for identity, _ in found]) if self._sees_spot and found else set()
        return [(identity, "deleting" if identity in gone else state) for identity, state in found]

    def increase(self, count: int) -> int:
        """Have so many instances more; how many were asked for."""
        wanted = self._size + count
        sent = {"AutoScalingGroupName": self._name, "DesiredCapacity": str(wanted), "HonorCooldown": "false"}
        try:
            self._call("autoscaling", "SetDesiredCapacity", sent)
        except PluginError as error:
            raise PluginError(f"increase instances: {error}") from None
        self._size = wanted
        return count

    def decrease(self, instances: list[str]) -> dict[str, Any]:
        """End instances one by one until one can't be; those that could, and the error."""
        done: list[str] = []
        for identity in instances:
            sent = {"InstanceId": identity, "ShouldDecrementDesiredCapacity": "true"}
            try:
                self._call("autoscaling", "TerminateInstanceInAutoScalingGroup", sent)
            except PluginError as error:
                return {"succeeded": done, "error": str(error)}
            self._size -= 1
            done.append(identity)
        return {"succeeded": done, "error": ""}

    def connect_info(self, instance: str) -> dict[str, Any]:
        """How an instance is reached, now that its key was handed over, unless credentials are static."""
        try:
            answer = self._call("ec2", "DescribeInstances", {"InstanceId.1": instance})
        except PluginError as error:
            raise PluginError(f"fetching instance: {error}") from None
        found = answer.find("reservationSet/item/instancesSet/item")
        if found is None:
            raise PluginError("fetching instance: not found")
        info = dict(self._connector)
        info["id"] = instance
        info["os"] = info.get("os") or ("windows" if found.findtext("platform") == "windows" else "linux")
        info["arch"] = info.get("arch") or _ARCHITECTURES.get(found.findtext("architecture", ""), "")
        info["username"] = info.get("username") or ("Administrator" if info["os"] == "windows" else "ec2-user")
        info["internal_addr"] = found.findtext("privateIpAddress") or ""
        info["external_addr"] = found.findtext("ipAddress") or ""
        if info.get("use_static_credentials"):
            return {**info, "public_keys": _public_keys(info)}
        info["protocol"] = info.get("protocol") or ("winrm" if info["os"] == "windows" else "ssh")
        if info["protocol"] == "ssh":
            self._hand_over_key(info, found.findtext("placement/availabilityZone", ""))
        return {**info, "public_keys": _public_keys(info)}

    def shutdown(self) -> None:
        """Nothing: the plugin's own makes no call."""

    def _hand_over_key(self, info: dict[str, Any], zone: str) -> None:
        info["key"] = info.get("key") or keys.generate()
        try:
            public = keys.public_half(info["key"])
        except keys.KeyUnreadableError as error:
            raise PluginError(f"reading private key: {error}") from None
        sent = {
            "AvailabilityZone": zone,
            "InstanceId": info["id"],
            "InstanceOSUser": info["username"],
            "SSHPublicKey": f"{public}\n",
        }
        try:
            self._access.client("ec2-instance-connect").call_json("SendSSHPublicKey", sent)
        except (AwsError, ConfigError) as error:
            text = _operation("EC2 Instance Connect", "SendSSHPublicKey", error)
            raise PluginError(f"sending ssh key: {text}") from None
        info["expires"] = time.time() + _KEY_SECONDS

    def _instances(self, *, initial: bool) -> list[ElementTree.Element]:
        try:
            answer = self._call(
                "autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames.member.1": self._name}
            )
        except PluginError as error:
            raise PluginError(f"describing autoscaling groups: {error}") from None
        groups = answer.findall(".//AutoScalingGroups/member")
        if len(groups) != 1:
            raise PluginError(f"unexpected number of autoscaling groups returned: {len(groups)}")
        (group,) = groups
        size = int(group.findtext("DesiredCapacity", "0"))
        facts = {"region": self._access.region, "name": self._name}
        if initial and group.findtext("NewInstancesProtectedFromScaleIn") != "true":
            self._say("error", "new instances are not protected from scale in and should be", **facts)
        if not initial and size != self._size:
            self._say("error", "out-of-sync capacity", expected=self._size, actual=size, **facts)
        self._size = size
        return group.findall("Instances/member")

    def _reclaimed(self, instances: list[str]) -> set[str]:
        """Those of the instances that EC2 takes back or has taken back."""
        sent = {"Filter.1.Name": "instance-id"}
        sent |= {f"Filter.1.Value.{number}": identity for number, identity in enumerate(instances, 1)}
        answer = self._call("ec2", "DescribeSpotInstanceRequests", sent)
        return {
            each.findtext("instanceId", "")
            for each in answer.findall("spotInstanceRequestSet/item")
            if each.findtext("status/code") in _RECLAIMED
        }

    def _call(self, service: str, action: str, parameters: Parameters) -> ElementTree.Element:
        try:
            return self._access.client(service).call(action, parameters)
        except (AwsError, ConfigError) as error:
            title = {"autoscaling": "Auto Scaling", "ec2": "EC2"}[service]
            raise PluginError(_operation(title, action, error)) from None


def _public_keys(info: Mapping[str, Any]) -> list[str]:
    """What the stand-in for SSH compares: the base64 part of the public half of the key, if there is one."""
    try:
        return [keys.public_half(info["key"]).split()[1]] if info.get("key") else []
    except keys.KeyUnreadableError:
        return []


def _operation(service: str, action: str, error: Exception) -> str:
    """An error in the words of the AWS SDK for Go."""
    if isinstance(error, AwsError) and error.status:
        status = f"https response error StatusCode: {error.status}, RequestID: "
        return f"operation error {service}: {action}, {status}, api error {error}"
    return f"operation error {service}: {action}, {error}"


def _state(instance: ElementTree.Element) -> str:
    state = instance.findtext("LifecycleState")
    return "deleting" if state in _DELETING else "running" if state == "InService" else "creating"
