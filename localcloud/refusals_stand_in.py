"""A stand-in for AWS's bad days, in front of the emulated AWS: it refuses to run instances, as it is told to.

POST /-/stand-in/refusals sets all of them at once, as a list of {"code": ..., "market": "spot" or "on-demand",
"instanceType": ..., "zone": ...}; what is left out fits all, and an empty list ends it. GET tells them, each with how
often it was used. Codes and HTTP statuses follow "Error codes for the Amazon EC2 API"; the messages are invented.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

CODES = {
    "InsufficientInstanceCapacity": 500,
    "InstanceLimitExceeded": 400,
    "MaxSpotInstanceCountExceeded": 400,
    "SpotMaxPriceTooLow": 400,
    "VcpuLimitExceeded": 400,
}

_PATH = "/-/stand-in/refusals"
_KEYS = {"code", "market", "instanceType", "zone"}

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Refusals:
    """An application in front of another one."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._lock = Lock()
        self._rules: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer what is for this stand-in, and pass on the rest."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) if self._looks_at(environ) else None
        if body is None:
            return self._behind(environ, start_response)
        environ["wsgi.input"] = BytesIO(body)
        if environ["PATH_INFO"] == _PATH:
            status, kind, text = self._control(environ["REQUEST_METHOD"], body)
        elif rule := self._rule(body):
            status, kind, text = CODES[rule["code"]], "text/xml", _refusal(rule["code"])
        else:
            return self._behind(environ, start_response)
        phrase = f"{status} {HTTPStatus(status).phrase}"
        start_response(phrase, [("Content-Type", kind), ("Content-Length", str(len(text)))])
        return [text.encode()]

    def _looks_at(self, environ: Mapping[str, Any]) -> bool:
        is_form = str(environ.get("CONTENT_TYPE")).startswith("application/x-www-form-urlencoded")
        return environ["PATH_INFO"] == _PATH or (environ["REQUEST_METHOD"] == "POST" and is_form)

    def _control(self, method: str, body: bytes) -> tuple[int, str, str]:
        with self._lock:
            if method == "POST":
                rules = json.loads(body)
                if any(rule.get("code") not in CODES or not rule.keys() <= _KEYS for rule in rules):
                    return 400, "application/json", json.dumps({"known": {"keys": sorted(_KEYS), "codes": [*CODES]}})
                self._rules = [{**rule, "used": 0} for rule in rules]
            return 200, "application/json", json.dumps(self._rules)

    def _rule(self, body: bytes) -> dict[str, Any] | None:
        if b"Action=RunInstances" not in body:
            return None
        sent = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = {
            "market": sent.get("InstanceMarketOptions.MarketType", "on-demand"),
            "instanceType": sent.get("InstanceType"),
            "zone": sent.get("Placement.AvailabilityZone"),
        }
        with self._lock:
            for rule in self._rules:
                if all(rule.get(key, value) == value for key, value in asked.items()):
                    rule["used"] += 1
                    return rule
        return None


def _refusal(code: str) -> str:
    error = f"<Error><Code>{code}</Code><Message>Refused by the stand-in for AWS.</Message></Error>"
    return f"<Response><Errors>{error}</Errors><RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
