"""A stand-in for what runs in EC2's instances, in front of the emulated AWS, where an instance is but an entry.

An instance with a key pair, a public address and cloud-config that brings SSH host keys gets a host to log in to, on
loopback. Its public address is that host's, which an elastic address takes over as it does in EC2: the one that the
instance had before answers no more. Workers have no host keys, and so no host.
"""

import base64
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, Protocol
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from .wsgi import Application, body_of

_CALLS = {"RunInstances", "StartInstances", "TerminateInstances", "AssociateAddress", "DisassociateAddress"}
_CALLS |= {"ReleaseAddress"}
_REGION = re.compile(r"/\d{8}/([\w-]+)/ec2/")
_ACCOUNT = "123456789012"


class Hosts(Protocol):
    """What runs the hosts; see `manager_host.Hypervisor`."""

    def boot(self, instance_id: str, user_data: str, authorized_key: str) -> str: ...
    def move(self, instance_id: str, address: str | None) -> str: ...
    def terminate(self, instance_id: str) -> None: ...
    def elastic_address(self) -> str: ...


class HostsOfInstances:
    """An application in front of moto, in whose process it runs."""

    def __init__(self, hosts: Hosts, behind: Application, moto_lock: AbstractContextManager[Any]) -> None:
        """With `moto_lock`, only one thread at a time looks at what moto has."""
        from moto.ec2.models import elastic_ip_addresses

        self._hosts, self._behind, self._moto_lock = hosts, behind, moto_lock
        self._booted: dict[str, Any] = {}
        """moto's instances by their ids."""
        self._lock = Lock()
        # They have to be on loopback from the start: the stack is told of them before they lead anywhere.
        vars(elastic_ip_addresses)["random_ip"] = hosts.elastic_address

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass everything on, and let the hosts follow what it has changed."""
        region = _REGION.search(environ.get("HTTP_AUTHORIZATION", ""))
        if region is None or environ["REQUEST_METHOD"] != "POST":
            return self._behind(environ, start_response)
        call = parse_qs(body_of(environ).decode(errors="replace")).get("Action", [""])[0]
        if call not in _CALLS:
            return self._behind(environ, start_response)
        started: list[Any] = []
        answer = b"".join(self._behind(environ, lambda *status: started.extend(status)))
        try:
            with self._lock:
                if call == "RunInstances":
                    for identity in re.findall(r"<instanceId>(i-\w+)", answer.decode()):
                        self._boot(region[1], identity)
                self._follow()
        except Exception as error:  # it is for the caller, whatever it is
            answer = _failure(f"the instance's host: {error}").encode()
            # With one of 500 and above, every SDK would try again.
            started = ["400 Bad Request", [("Content-Type", "text/xml")]]
        headers = [each for each in started[1] if each[0].lower() != "content-length"]
        start_response(started[0], [*headers, ("Content-Length", str(len(answer)))])
        return [answer]

    def _follow(self) -> None:
        for identity in [each for each, instance in self._booted.items() if instance.state == "terminated"]:
            del self._booted[identity]
            self._hosts.terminate(identity)
        with self._moto_lock:
            elastic = {identity: _elastic(instance) for identity, instance in self._booted.items()}
        # Who loses an address comes before who gets it.
        for identity, address in sorted(elastic.items(), key=lambda item: item[1] is not None):
            self._booted[identity].nics[0].public_ip = self._hosts.move(identity, address)

    def _boot(self, region: str, identity: str) -> None:
        from moto.ec2.models import ec2_backends

        with self._moto_lock:
            instance: Any = ec2_backends[_ACCOUNT][region].get_instance_by_id(identity)
        user_data = base64.b64decode(given.as_bytes() if (given := instance.user_data) else b"").decode(
            errors="replace"
        )
        if not (instance.key_name and instance.public_ip and re.search(r"^ssh_keys:", user_data, re.MULTILINE)):
            return
        with self._moto_lock:
            (pair,) = instance.ec2_backend.describe_key_pairs(key_names=[instance.key_name])
        try:
            self._hosts.boot(identity, user_data, pair.material_public.decode().strip())
        except Exception:
            with self._moto_lock:
                instance.terminate()
            raise
        self._booted[identity] = instance


def _elastic(instance: Any) -> str | None:
    addresses = instance.ec2_backend.addresses
    return next((each.public_ip for each in addresses if each.eni is instance.nics[0]), None)


def _failure(text: str) -> str:
    error = f"<Error><Code>StandIn</Code><Message>{escape(text)}</Message></Error>"
    return f"<Response><Errors>{error}</Errors><RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
