"""A stand-in for AWS's bad days, in front of the emulated AWS: it refuses calls, as it is told to.

POST /-/stand-in/refusals sets all rules at once, as a list of {"code": ..., "action": "RunInstances" or another of
EC2's, "market": "spot" or "on-demand", "instanceType": ..., "zone": ..., "perSecond": how many are let through}. By
default "action" is RunInstances, also that of an Auto Scaling group; what else is left out fits all. {"service": "s3",
"code": ...} refuses all of S3; "autoscaling" may have an "action" too. An empty list ends it. GET tells them, each with
how often it was used. Codes and HTTP statuses follow "Error codes for the
Amazon EC2 API" and "Error responses" in the S3 API Reference; the messages are invented.

What a clock has signed that is off is always refused, as the EC2 API Reference says of RequestExpired (after 15 minutes
there, and after 5 in "Troubleshoot Signature Version 4 signed requests", which is taken here).
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from .wsgi import Application, body_of

CODES = {
    "InsufficientInstanceCapacity": 500,
    "InstanceLimitExceeded": 400,
    "MaxSpotInstanceCountExceeded": 400,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "SpotMaxPriceTooLow": 400,
    "Throttling": 400,
    "VcpuLimitExceeded": 400,
}

_PATH = "/-/stand-in/refusals"
_KEYS = {"action", "code", "instanceType", "market", "perSecond", "service", "zone"}
_MOST_SKEW = 300


class Refusals:
    """An application in front of another one."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._lock = Lock()
        self._rules: list[dict[str, Any]] = []
        self._passed: dict[int, list[float]] = {}
        """When the rules with `perSecond` let calls through, by their places."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer what is for this stand-in, and pass on the rest."""
        if environ["PATH_INFO"] == _PATH:
            status, kind, text = self._control(environ["REQUEST_METHOD"], body_of(environ))
        elif code := self._refused(environ):
            of_s3 = _service(environ) == "s3"
            status, kind, text = CODES.get(code, 400), "text/xml", _error(code) if of_s3 else _response(code)
        else:
            return self._behind(environ, start_response)
        phrase = f"{status} {HTTPStatus(status).phrase}"
        start_response(phrase, [("Content-Type", kind), ("Content-Length", str(len(text)))])
        return [text.encode()]

    def _control(self, method: str, body: bytes) -> tuple[int, str, str]:
        with self._lock:
            if method == "POST":
                rules = json.loads(body)
                if any(rule.get("code") not in CODES or not rule.keys() <= _KEYS for rule in rules):
                    return 400, "application/json", json.dumps({"known": {"keys": sorted(_KEYS), "codes": [*CODES]}})
                self._rules = [{**rule, "used": 0} for rule in rules]
                self._passed = {}
            return 200, "application/json", json.dumps(self._rules)

    def _refused(self, environ: dict[str, Any]) -> str:
        """The code by which a call is refused, if it is."""
        if _is_off(str(environ.get("HTTP_X_AMZ_DATE", ""))):
            return "RequestExpired"
        if not self._rules:
            return ""
        asked = {"service": _service(environ)}
        if asked["service"] in ("autoscaling", "ec2"):
            sent = {name: values[0] for name, values in parse_qs(body_of(environ).decode()).items()}
            asked["action"] = sent.get("Action", "")
        if asked["service"] == "ec2":
            asked |= {
                "market": sent.get("InstanceMarketOptions.MarketType", "on-demand"),
                "instanceType": sent.get("InstanceType", ""),
                "zone": sent.get("Placement.AvailabilityZone", ""),
            }
        return self.code(asked)

    def code(self, asked: Mapping[str, str]) -> str:
        """The code by which a call of these properties is refused, if it is; see this module's text for their names."""
        with self._lock:
            for place, rule in enumerate(self._rules):
                usual = {"service": "ec2", "action": "RunInstances"} if "service" not in rule else {}
                if all({**usual, **rule}.get(key, value) == value for key, value in asked.items()):
                    if self._lets_through(place, rule.get("perSecond", 0)):
                        return ""
                    rule["used"] += 1
                    return str(rule["code"])
        return ""

    def _lets_through(self, place: int, most: int) -> bool:
        now = time.monotonic()
        lately = [each for each in self._passed.get(place, ()) if each > now - 1]
        through = len(lately) < most
        self._passed[place] = [*lately, now] if through else lately
        return through


def _service(environ: Mapping[str, Any]) -> str:
    """By the scope of the signature: KEY/DATE/REGION/SERVICE/aws4_request."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) == 5 else ""


def _is_off(date: str) -> bool:
    try:
        signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(signed.timestamp() - time.time()) > _MOST_SKEW


def _error(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>Refused by the stand-in for AWS.</Message></Error>"


def _response(code: str) -> str:
    request = "<RequestID>00000000-0000-0000-0000-000000000000</RequestID>"
    return f"<Response><Errors>{_error(code)}</Errors>{request}</Response>"
