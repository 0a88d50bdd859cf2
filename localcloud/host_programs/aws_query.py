"""AWS's query API, and that of EC2 Instance Connect: calls with an AWS Signature Version 4.

The signature follows `docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    import http.client

_VERSIONS = {"autoscaling": "2011-01-01", "ec2": "2016-11-15"}
_TARGETS = {"ec2-instance-connect": "AWSEC2InstanceConnectService"}
_TIMEOUT_SECONDS = 60.0
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_JSON = "application/x-amz-json-1.1"


class AwsError(Exception):
    """A refusal by AWS, or no answer; `code` is AWS's own."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status


class Credentials(NamedTuple):
    """Whoever signs; a session token belongs to temporary keys."""

    access_key: str
    secret_key: str
    session_token: str = ""


class Aws(NamedTuple):
    """Where to send calls of one service to, and as whom."""

    url: str
    region: str
    credentials: Credentials
    service: str = "ec2"

    def call(self, action: str, parameters: Mapping[str, str]) -> ElementTree.Element:
        """Send one action and return the answer's root element. Raises `AwsError`."""
        form = {"Action": action, "Version": _VERSIONS[self.service], **parameters}
        body = "&".join(f"{quote(key, safe='-_.~')}={quote(form[key], safe='-_.~')}" for key in sorted(form))
        status, text = self._send(body, {"content-type": _FORM})
        # The answer is that of the endpoint that the same person configured.
        root = _without_namespaces(ElementTree.fromstring(text))  # noqa: S314
        if status != 200:
            code, message = root.findtext(".//Code", "UnknownError"), root.findtext(".//Message", "")
            raise AwsError(code, message, status)
        return root

    def call_json(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The same for a service that speaks JSON. Raises `AwsError`."""
        headers = {"content-type": _JSON, "x-amz-target": f"{_TARGETS[self.service]}.{action}"}
        status, text = self._send(json.dumps(parameters), headers)
        answer: dict[str, Any] = json.loads(text or b"{}")
        if status != 200:
            code = str(answer.get("__type", "UnknownError")).rpartition("#")[2]
            raise AwsError(code, str(answer.get("Message") or answer.get("message") or ""), status)
        return answer

    def _send(self, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        import http.client  # here, as most commands ask nobody, and this takes a quarter of their time

        parts = urlsplit(self.url)
        try:
            connection = _connect(parts.scheme, parts.netloc)
            try:
                connection.request("POST", "/", body.encode(), self._sign(parts.netloc, body, headers))
                response = connection.getresponse()
                return response.status, response.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise AwsError("RequestError", f"send request failed: {error}") from None

    def _sign(self, host: str, body: str, given: Mapping[str, str]) -> dict[str, str]:
        now = datetime.now(timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        headers = {**given, "host": host, "x-amz-date": stamp}
        if self.credentials.session_token:
            headers["x-amz-security-token"] = self.credentials.session_token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body.encode()).hexdigest()}"
        scope = f"{day}/{self.region}/{self.service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.credentials.secret_key}".encode()
        for part in (day, self.region, self.service, "aws4_request", to_sign):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"Credential={self.credentials.access_key}/{scope}"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
        return headers


def _connect(scheme: str, host: str) -> http.client.HTTPConnection:
    import http.client

    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=_TIMEOUT_SECONDS)
    import ssl

    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, timeout=_TIMEOUT_SECONDS, context=context)


def _without_namespaces(root: ElementTree.Element) -> ElementTree.Element:
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
