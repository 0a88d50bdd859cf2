"""A stand-in for CloudTrail, in front of the emulated AWS: it writes down which calls arrive, and from whom.

POST /-/stand-in/calls begins anew, GET tells the calls since then, as a list of {"key": the access key that signed it,
"service": as in the signature, "action": as the service's API calls it, "parameters": as they were sent}. Before the
first POST nothing is written down. What is sent as a form (EC2, IAM, STS, Auto Scaling, CloudWatch) and as JSON has its
action in it; S3 has a method, a path and the names of sub-resources instead, such as "PUT bucket?policy".
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

from .wsgi import Application, body_of

_PATH = "/-/stand-in/calls"
_SCOPE = re.compile(r"Credential=([^/,]+)/\d{8}/[^/]*/([^/]+)/aws4_request")


class CallRecord:
    """An application in front of another one."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._lock = Lock()
        self._calls: list[dict[str, Any]] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer what is for this stand-in; write down the rest, and pass it on."""
        if environ["PATH_INFO"] == _PATH:
            with self._lock:
                if environ["REQUEST_METHOD"] == "POST":
                    self._calls = []
                text = json.dumps(self._calls or []).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
            return [text]
        if self._calls is not None and (signed := _SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))):
            action, parameters = _asked(environ, service=signed[2])
            call = {"key": signed[1], "service": signed[2], "action": action, "parameters": parameters}
            with self._lock:
                self._calls.append(call)
        return self._behind(environ, start_response)


def _asked(environ: dict[str, Any], service: str) -> tuple[str, Mapping[str, Any]]:
    """Return the action and its parameters."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if service == "s3":
        bucket, _, key = environ["PATH_INFO"].strip("/").partition("/")
        what = "object" if key else "bucket" if bucket else "buckets"
        subresource = next((name for name, value in query.items() if not value), "")
        return f"{environ['REQUEST_METHOD']} {what}?{subresource}".rstrip("?"), {"Bucket": bucket, "Key": key, **query}
    sent = body_of(environ)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2], json.loads(sent or b"{}")
    form = {**query, **dict(parse_qsl(sent.decode(errors="replace"), keep_blank_values=True))}
    # What has neither, such as CloudWatch's newer protocol, ends its path with the operation.
    return str(form.pop("Action", environ["PATH_INFO"].rpartition("/")[2])), form
