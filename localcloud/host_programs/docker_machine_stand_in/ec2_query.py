"""EC2's query API: form-encoded calls with an AWS Signature Version 4.

The signature follows `docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html`.
"""

from __future__ import annotations

import hashlib
import hmac
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    import http.client

API_VERSION = "2016-11-15"
_TIMEOUT_SECONDS = 60.0
_FORM = "application/x-www-form-urlencoded; charset=utf-8"


class AwsError(Exception):
    """A refusal by AWS, or no answer; `code` is AWS's own."""

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Credentials:
    """Whoever signs; a session token belongs to temporary keys."""

    access_key: str
    secret_key: str
    session_token: str = ""


@dataclass(frozen=True)
class Ec2:
    """Where to send calls to, and as whom."""

    url: str
    region: str
    credentials: Credentials

    def call(self, action: str, parameters: Mapping[str, str]) -> ElementTree.Element:
        """Send one action and return the answer's root element. Raises `AwsError`."""
        import http.client  # here, as most commands ask nobody, and this takes a quarter of their time

        form = {"Action": action, "Version": API_VERSION, **parameters}
        body = "&".join(f"{quote(key, safe='-_.~')}={quote(form[key], safe='-_.~')}" for key in sorted(form))
        parts = urlsplit(self.url)
        headers = self._sign(parts.netloc, body)
        try:
            connection = _connect(parts.scheme, parts.netloc)
            try:
                connection.request("POST", "/", body.encode(), headers)
                response = connection.getresponse()
                text = response.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise AwsError("RequestError", f"send request failed: {error}") from None
        # The answer is that of the endpoint that the same person configured.
        root = _without_namespaces(ElementTree.fromstring(text))  # noqa: S314
        if response.status != 200:
            code, message = root.findtext(".//Code", "UnknownError"), root.findtext(".//Message", "")
            raise AwsError(code, message, response.status)
        return root

    def _sign(self, host: str, body: str) -> dict[str, str]:
        now = datetime.now(timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        headers = {"content-type": _FORM, "host": host, "x-amz-date": stamp}
        if self.credentials.session_token:
            headers["x-amz-security-token"] = self.credentials.session_token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body.encode()).hexdigest()}"
        scope = f"{day}/{self.region}/ec2/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.credentials.secret_key}".encode()
        for part in (day, self.region, "ec2", "aws4_request", to_sign):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"Credential={self.credentials.access_key}/{scope}"
        headers["Authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
        return headers


def _connect(scheme: str, host: str) -> http.client.HTTPConnection:
    import http.client
    import ssl

    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=_TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, timeout=_TIMEOUT_SECONDS, context=context)


def _without_namespaces(root: ElementTree.Element) -> ElementTree.Element:
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
