"""Stand-in for Auto Scaling: the application in front of the emulated AWS.

For people and tests: POST /-/stand-in/auto-scaling {"boot": seconds, "shutdown": ..., "retry": ...}, and {"reclaim":
"i-...", "region": ...} for a spot instance that EC2 takes back, or {"warn": ...} for one that it will; GET tells the
times and the keys pushed by EC2 Instance Connect. For what is on workers see `workers.py`. What EC2 refuses a group is
what `refusals_stand_in.py` is told to refuse of RunInstances.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any

from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.ec2.models import ec2_backends

from ..wsgi import Application, body_of
from . import templates
from .api import AutoScalingApi
from .groups import Groups
from .instance_connect import InstanceConnectApi, PushedKeys
from .launch import Placement
from .workers import Workers

_ACCOUNT = "123456789012"
_PREFIX = "/-/stand-in/"
_SSH = re.compile(r"/-/stand-in/workers/([\w.:-]+)/ssh")
_SCOPE = re.compile(r"/\d{8}/([\w-]+)/([\w-]+)/aws4_request")


class _Request(Request):
    from_wsgi_server = True


class AutoScalingStandIn:
    """Answers for Auto Scaling and EC2 Instance Connect, and passes on the rest."""

    def __init__(self, behind: Application, moto_lock: AbstractContextManager[Any]) -> None:
        """With `moto_lock`, which one thread may take twice, only one thread at a time changes what moto has."""
        self._behind = behind
        self._moto_lock = moto_lock
        self._groups = Groups()
        self._workers = Workers(PushedKeys())
        self._apis: Mapping[str, type[BaseResponse]] = {
            "autoscaling": type("Api", (AutoScalingApi,), {"groups": self._groups}),
            "ec2-instance-connect": type("Connect", (InstanceConnectApi,), {"pushed": self._workers.pushed}),
        }

    def refuse_by(self, code: Callable[[dict[str, str]], str]) -> None:
        """Have launches refused with what `code` answers, if it does; see `Refusals.code`."""

        def refusal(placement: Placement) -> str:
            asked = {"market": placement.market, "instanceType": placement.instance_type, "zone": placement.zone}
            return code({"service": "ec2", "action": "RunInstances", **asked})

        self._groups.refuse_by(refusal)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or pass on."""
        path = environ["PATH_INFO"]
        if path in (f"{_PREFIX}auto-scaling", f"{_PREFIX}workers") or _SSH.fullmatch(path):
            return self._control(environ, start_response)
        if path == "/moto-api/reset":
            self._groups.forget()
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        service = scope[2] if scope else ""
        if service not in (*self._apis, "ec2"):
            return self._behind(environ, start_response)
        with self._moto_lock:
            self._groups.advance()
            if service in self._apis:
                return self._answer(self._apis[service], environ, start_response)
        answer = self._behind(environ, start_response)
        if scope:
            with self._moto_lock:
                templates.as_aws_keeps_it(ec2_backends[_ACCOUNT][scope[1]])
        return answer

    def _answer(
        self, api: type[BaseResponse], environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = _Request(environ)
        status, headers, body = api.dispatch(request, request.raw_url, dict(request.headers))
        return _send(start_response, int(headers.pop("status", status)), headers, body)

    def _control(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = json.loads(body_of(environ) or "{}")
        ssh, status = _SSH.fullmatch(environ["PATH_INFO"]), 200
        with self._moto_lock:
            self._groups.advance()
            try:
                if ssh:
                    told = self._workers.ssh(_instance(ssh[1], given.get("from")), given)
                elif environ["PATH_INFO"].endswith("workers"):
                    self._workers.change(given)
                    told = self._workers.told()
                else:
                    told = self._change(given)
            except KeyError as error:
                status, told = 400, {"unknown": str(error)}
        return _send(start_response, status, {"Content-Type": "application/json"}, json.dumps(told))

    def _change(self, given: dict[str, Any]) -> dict[str, Any]:
        region = given.pop("region", "eu-central-1")
        for key, value in given.items():
            if key in ("reclaim", "warn"):
                self._groups.reclaim(_ACCOUNT, region, value, warn=key == "warn")
            elif key in vars(self._groups.times):
                setattr(self._groups.times, key, float(value))
            else:
                raise KeyError(key)
        keys = [{"instance": instance, "user": user} for instance, user in self._workers.pushed.keys]
        return {**vars(self._groups.times), "pushed": keys}


def _instance(identity: str, client: str | None) -> Any:
    """Return an instance by its id, or by an address as `client` would use it. Raises KeyError."""
    every = [instance for ec2 in ec2_backends[_ACCOUNT].values() for instance in ec2.all_instances()]
    own = next((each for each in every if each.id == client), None)
    found = [each for each in every if each.id == identity]
    for instance in every:
        # A manager's public address is one of loopback, where somebody does listen.
        has_host = str(instance.public_ip or "").startswith("127.")
        near = own is not None and own.vpc_id == instance.vpc_id
        addresses = {instance.public_ip, *([instance.private_ip] if near else [])}
        if not has_host and identity in addresses:
            found.append(instance)
    if not found:
        raise KeyError(identity)
    # Those that have gone have no address any more, and others may have it.
    return min(found, key=lambda each: each.state != "running")


def _send(start_response: Callable[..., Any], status: int, headers: Mapping[str, Any], body: str) -> Iterable[bytes]:
    content = body.encode()
    kept = [(name, str(value)) for name, value in headers.items() if name.lower() != "content-length"]
    start_response(f"{status} {HTTPStatus(status).phrase}", [*kept, ("Content-Length", str(len(content)))])
    return [content]
