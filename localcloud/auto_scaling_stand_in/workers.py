"""A stand-in for what an SSH client finds on a worker that a group has launched: sshd, cloud-init, Docker.

Nobody can log in to an entry of the emulated EC2. So whoever would, asks POST /-/stand-in/workers/INSTANCE/ssh with
{"user": ..., "keys": [base64 parts of public keys], "port": ..., "address": ..., "from": the client's own instance,
"command": ...} and is told how that ends: {"outcome": "timeout" | "refused" | "handshake" | "exit", "code": ...,
"text": ...}. Instead of the instance's id its address may stand there. The answer depends on the instance's state and
security groups, the image's login user, the keys that EC2 Instance Connect has pushed or the key pair has, the user
data, and on how long cloud-init takes.

POST /-/stand-in/workers changes: {"cloudInitSeconds": ..., "cloudInitFails": true, "images": {"ami-...": {"docker":
true, "user": "ubuntu", "instanceConnect": false}}, "deaf": ["i-..."] (sshd does not answer)}. GET tells all of it.

That an image holds Docker can't be seen: the control says so, or the image's name or description has the word docker.
Of user data the stand-in knows only whether it speaks of installing Docker, and of the group docker.
"""

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from .instance_connect import PushedKeys

_SSH_PORT = 22
_INSTALLS = re.compile(r"docker(\.io|-ce|-engine)|get\.docker\.com|(apt(-get)?|dnf|yum)\b[^\n]*\bdocker\b|- docker\b")
_GROUP = re.compile(r"(usermod|gpasswd|adduser)\b[^\n]*\bdocker\b|groups:[^\n]*\bdocker\b|\bgroup\b[^\n]*\bdocker\b")
_USERS = {"ubuntu": "ubuntu", "debian": "admin", "al2023": "ec2-user", "amzn2": "ec2-user", "rhel": "ec2-user"}
_USERS |= {"rocky": "rocky"}
_WITH_INSTANCE_CONNECT = ("ubuntu", "al2023", "amzn2")

Outcome = dict[str, Any]


@dataclass
class Workers:
    """What is on workers, and how they are reached; `backend` gives moto's EC2 of an instance."""

    pushed: PushedKeys
    settings: dict[str, Any] = field(default_factory=lambda: {"cloudInitSeconds": 0.0, "cloudInitFails": False})
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    up_since: dict[str, float] = field(default_factory=dict)
    """When somebody first saw an instance run, by the monotonic clock."""

    def change(self, given: Mapping[str, Any]) -> None:
        """Raises KeyError for what there is not."""
        for key, value in given.items():
            if key == "images":
                self.images |= value
            elif key == "deaf":
                self.deaf = set(value)
            elif key in self.settings:
                self.settings[key] = value
            else:
                raise KeyError(key)

    def told(self) -> dict[str, Any]:
        """All that `change` can change."""
        return {**self.settings, "images": self.images, "deaf": sorted(self.deaf)}

    def ssh(self, instance: Any, asked: Mapping[str, Any]) -> Outcome:
        """How a connection ends, and the command on it."""
        if instance.state != "running" or instance.id in self.deaf or not _reachable(instance, asked):
            return {"outcome": "timeout"}
        if int(asked.get("port") or _SSH_PORT) != _SSH_PORT:
            return {"outcome": "refused"}
        if not self._may_log_in(instance, str(asked.get("user")), set(asked.get("keys") or ())):
            return {"outcome": "handshake"}
        code, text = self._run(instance, str(asked.get("user")), str(asked.get("command") or ""))
        return {"outcome": "exit", "code": code, "text": text}

    def _facts(self, instance: Any) -> dict[str, Any]:
        image = instance.ec2_backend.amis.get(instance.image_id)
        text = f"{image.name} {image.description}".lower() if image else ""
        system = next((name for name in _USERS if name in text), "")
        guessed = {
            "docker": bool(re.search(r"\bdocker\b", text)),
            "user": _USERS.get(system, "ec2-user"),
            "instanceConnect": system in _WITH_INSTANCE_CONNECT or not system,
        }
        return {**guessed, **self.images.get(instance.image_id, {})}

    def _may_log_in(self, instance: Any, user: str, keys: set[str]) -> bool:
        facts = self._facts(instance)
        created = re.findall(r"^\s*-\s*name:\s*(\S+)", _user_data(instance), re.MULTILINE)
        if user not in {facts["user"], *created}:
            return False
        good = set(self.pushed.valid(instance.id, user)) if facts["instanceConnect"] else set()
        if user == facts["user"] and instance.key_name in instance.ec2_backend.key_pairs:
            pair = instance.ec2_backend.key_pairs[instance.key_name]
            material = pair.material_public
            good.add((material.decode() if isinstance(material, bytes) else material).split()[1])
        return bool(keys & good)

    def _run(self, instance: Any, user: str, command: str) -> tuple[int, str]:
        started = self.up_since.setdefault(instance.id, time.monotonic())
        done = time.monotonic() - started >= float(self.settings["cloudInitSeconds"])
        failed = bool(self.settings["cloudInitFails"])
        if "cloud-init status" in command:
            # The client waits: so it asks again until that is over.
            if not done:
                return -1, "waiting for cloud-init"
            if failed and "$? -eq 1" not in command:
                return 1, "status: error"
        data = _user_data(instance)
        facts = self._facts(instance)
        installed = facts["docker"] or (done and not failed and bool(_INSTALLS.search(data)))
        if "docker" not in command:
            return 0, ""
        if not installed:
            return 127, "docker: command not found"
        if user != "root" and not (facts["docker"] or _GROUP.search(data)):
            return 1, "permission denied while trying to connect to the Docker daemon socket"
        return 0, "Server Version: 28.2.2"


def _user_data(instance: Any) -> str:
    given = instance.user_data
    raw = given.as_bytes() if hasattr(given, "as_bytes") else str(given or "").encode()
    try:
        return base64.b64decode(raw).decode(errors="replace")
    except ValueError:
        return ""


def _reachable(instance: Any, asked: Mapping[str, Any]) -> bool:
    """Whether the address is the instance's, and its security groups let the client in."""
    addresses = {instance.private_ip, instance.public_ip} - {None}
    if asked.get("address") and asked["address"] not in addresses:
        return False
    client = next((each for each in instance.ec2_backend.all_instances() if each.id == asked.get("from")), None)
    if client is None:
        # Somebody on no instance: a test.
        return True
    sources = {client.private_ip, client.public_ip} - {None}
    groups = {group.id for nic in client.nics.values() for group in nic.group_set}
    rules = [rule for nic in instance.nics.values() for group in nic.group_set for rule in group.ingress_rules]
    return any(_lets_in(rule, int(asked.get("port") or _SSH_PORT), sources, groups) for rule in rules)


def _lets_in(rule: Any, port: int, sources: set[str], groups: set[str]) -> bool:
    if str(rule.ip_protocol) not in ("-1", "tcp", "6"):
        return False
    if str(rule.ip_protocol) != "-1" and not int(rule.from_port) <= port <= int(rule.to_port):
        return False
    if (rule.source_group or {}).get("GroupId") in groups:
        return True
    network = (rule.ip_range or {}).get("CidrIp")
    return network is not None and any(ip_address(source) in ip_network(network) for source in sources)
