"""Stand-in for EC2 Instance Connect: public keys that are good for a minute, and who has them.

Codes: "SendSSHPublicKey" in the EC2 Instance Connect API Reference. The texts follow published answers.
"""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from moto.core.responses import BaseResponse

SECONDS = 60.0
_KEY = re.compile(r"(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?\s*")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?")

_Answer = tuple[int, dict[str, str], str]


@dataclass
class PushedKeys:
    """What was pushed lately."""

    keys: dict[tuple[str, str], list[tuple[str, float]]] = field(default_factory=dict)
    """By instance and user: the key's base64 part, and until when it is good."""

    def push(self, instance_id: str, user: str, key: str) -> None:
        """Have the key on the instance for a minute."""
        self.keys.setdefault((instance_id, user), []).append((key.split()[1], time.monotonic() + SECONDS))

    def valid(self, instance_id: str, user: str) -> list[str]:
        """The base64 parts of the keys with which the user may log in now."""
        return [key for key, until in self.keys.get((instance_id, user), ()) if until > time.monotonic()]


class InstanceConnectApi(BaseResponse):
    """One request."""

    pushed: ClassVar[PushedKeys]

    def __init__(self) -> None:
        super().__init__(service_name="ec2-instance-connect")

    def send_ssh_public_key(self) -> _Answer:
        from moto.ec2.models import ec2_backends

        given: dict[str, Any] = json.loads(self.body or "{}")
        identity, user, key = (str(given.get(each) or "") for each in ("InstanceId", "InstanceOSUser", "SSHPublicKey"))
        if not re.fullmatch(r"i-[0-9a-f]{8,17}", identity) or not _USER.fullmatch(user) or not _KEY.fullmatch(key):
            return _error(
                "InvalidArgsException", "Invalid argument: a public key, an OS user and an instance are needed."
            )
        instances = ec2_backends[self.current_account][self.region].all_instances()
        instance = next((each for each in instances if each.id == identity), None)
        if instance is None:
            return _error("EC2InstanceNotFoundException", f"The specified instance was not found: {identity}")
        if instance.state != "running":
            return _error(
                "EC2InstanceStateInvalidException",
                "Unable to connect because the instance is not in a valid state. Connecting to a stopped or terminated "
                "instance is not supported. If the instance is stopped, start your instance and try to connect again.",
            )
        zone = given.get("AvailabilityZone")
        if zone and zone != instance.placement.zone:
            return _error("EC2InstanceNotFoundException", f"The specified instance was not found in {zone}: {identity}")
        self.pushed.push(identity, user, key)
        return (
            200,
            {"Content-Type": "application/x-amz-json-1.1"},
            json.dumps({"RequestId": "stand-in", "Success": True}),
        )


def _error(code: str, text: str) -> _Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code, "status": "400"}
    return 400, headers, json.dumps({"__type": code, "Message": text})
