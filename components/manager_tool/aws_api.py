"""Calling AWS with the manager's own rights, signed with Signature Version 4.

No AWS SDK is on the distributions' images, and one for a handful of calls would be many times the size of this program.
Follows "Create a signed AWS API request" in the IAM User Guide and "Use IMDS" in the EC2 User Guide. The variables
AWS_ENDPOINT_URL and AWS_EC2_METADATA_SERVICE_ENDPOINT mean what they mean to AWS's SDKs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from .host import StepError

_METADATA = "http://169.254.169.254"
_SECONDS = 20
_TRIES = 4
_BUSY = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "InternalError", "ServiceUnavailable")


class AwsError(StepError):
    """AWS refused a call, or did not answer; `code` is AWS's own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"AWS: {code}: {message}")
        self.code = code


class Credentials(NamedTuple):
    """Whoever signs; the session token belongs to temporary keys."""

    access_key: str
    secret_key: str
    session_token: str = ""


class _Service(NamedTuple):
    version: str
    """Of the query protocol; empty for services that take JSON."""
    target: str = ""


_SERVICES = {
    "ec2": _Service("2016-11-15"),
    "monitoring": _Service("2010-08-01"),
    "ssm": _Service("", "AmazonSSM"),
    "secretsmanager": _Service("", "secretsmanager"),
    "logs": _Service("", "Logs_20140328"),
}


class Aws:
    """One region's services."""

    def __init__(self, region: str, credentials: Credentials | None = None) -> None:
        """Without `credentials` the instance profile's are used, and renewed by EC2 itself."""
        self._region = region
        self._credentials = credentials

    def query(self, service: str, action: str, parameters: Mapping[str, str] | None = None) -> ElementTree.Element:
        """Call EC2 or CloudWatch and return the root of the answer, without XML namespaces. Raises `AwsError`."""
        root = ElementTree.fromstring(self._form(service, action, parameters or {}))  # noqa: S314 - AWS's own answer
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root

    def _form(self, service: str, action: str, parameters: Mapping[str, str]) -> bytes:
        form = {"Action": action, "Version": _SERVICES[service].version, **parameters}
        body = "&".join(f"{quote(key, safe='-_.~')}={quote(form[key], safe='-_.~')}" for key in sorted(form))
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self._send(service, body.encode(), headers)

    def each(
        self, action: str, parameters: Mapping[str, str], path: str, size: int = 1000
    ) -> Iterator[ElementTree.Element]:
        """Call one of EC2's `Describe...` actions page by page and yield what is at `path` below each answer's root.

        An element is emptied before the next one comes, so that ten thousand need no more memory than one page. `size`
        is 0 for actions without pages.
        """
        token = ""
        while True:
            paging = {**({"MaxResults": str(size)} if size else {}), **({"NextToken": token} if token else {})}
            token = ""
            open_tags: list[str] = []
            for event, element in ElementTree.iterparse(  # noqa: S314 - AWS's own answer
                BytesIO(self._form("ec2", action, {**parameters, **paging})), ("start", "end")
            ):
                if event == "start":
                    open_tags.append(element.tag.rpartition("}")[2])
                    continue
                where = "/".join(open_tags[1:])
                element.tag = open_tags.pop()
                if where == path:
                    yield element
                    element.clear()
                elif where == "nextToken":
                    token = element.text or ""
            if not token:
                return

    def json(self, service: str, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Call a service that takes JSON. Raises `AwsError`."""
        headers = {"content-type": "application/x-amz-json-1.1"}
        headers["x-amz-target"] = f"{_SERVICES[service].target}.{action}"
        return dict(json.loads(self._send(service, json.dumps(parameters).encode(), headers) or b"{}"))

    def _send(self, service: str, body: bytes, headers: dict[str, str]) -> bytes:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        url = os.environ.get("AWS_ENDPOINT_URL") or f"https://{service}.{self._region}.{suffix}"
        for attempt in range(_TRIES):
            signed = sign(service, self._region, url, body, headers, self._credentials or of_instance())
            try:
                request = urllib.request.Request(f"{url}/", body, signed, method="POST")
                with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                    return bytes(answer.read())
            except urllib.error.HTTPError as error:
                refusal = _refusal(error.read(), error.code)
                if refusal.code not in _BUSY or attempt == _TRIES - 1:
                    raise refusal from None
            except OSError as error:
                if attempt == _TRIES - 1:
                    raise AwsError("NoAnswer", f"{url} did not answer: {error}") from error
            time.sleep(2.0**attempt)
        raise AssertionError("not reached")


def of_instance() -> Credentials:
    """Return the keys of the instance profile, as EC2's metadata service has them now. Raises `AwsError`."""
    path = "iam/security-credentials/"
    try:
        read = _metadata()
        keys = json.loads(read(path + read(path).split("\n")[0]))
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
    except (OSError, ValueError, KeyError) as error:
        raise AwsError("NoCredentials", f"the manager's instance profile gave no keys: {error}") from error


def instance_id() -> str:
    """Return the id of the instance that this runs on; empty where it is none of EC2's."""
    try:
        return _metadata()("instance-id")
    except OSError:
        return ""


def _metadata() -> Callable[[str], str]:
    """Return what reads below meta-data, with a token of its own."""
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA
    base = f"{base.rstrip('/')}/latest"
    # Not through a proxy: it is the instance itself that answers.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str, headers: dict[str, str], method: str = "GET") -> str:
        request = urllib.request.Request(f"{base}/{path}", headers=headers, method=method)
        with direct.open(request, timeout=5) as answer:
            return bytes(answer.read()).decode()

    token = ask("api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, "PUT")
    return lambda path: ask(f"meta-data/{path}", {"X-aws-ec2-metadata-token": token})


def sign(
    service: str, region: str, url: str, body: bytes, headers: Mapping[str, str], keys: Credentials, now: float = 0.0
) -> dict[str, str]:
    """Return `headers` with those that sign a POST to the root of `url`; `now` in seconds since 1970."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now or time.time()))
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    signed = {**headers, "host": urlsplit(url).netloc, "x-amz-date": moment}
    if keys.session_token:
        signed["x-amz-security-token"] = keys.session_token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}"
    return {**signed, "authorization": f"{credential}, SignedHeaders={names}, Signature={signature}"}


def _refusal(body: bytes, status: int) -> AwsError:
    try:
        if body.lstrip().startswith(b"{"):
            told = json.loads(body)
            return AwsError(str(told["__type"]).rpartition("#")[2], told.get("message") or told.get("Message") or "")
        root = ElementTree.fromstring(body)  # noqa: S314 - AWS's own answer
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
        return AwsError(found["Code"], found.get("Message", ""))
    except (ValueError, KeyError, ElementTree.ParseError):
        return AwsError(f"HTTP {status}", body.decode(errors="replace")[:200])
