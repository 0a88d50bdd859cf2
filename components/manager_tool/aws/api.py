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
import re
import time
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from ..host import StepError
from ..http_client import MOST_BYTES, NoResponseError, clock_off, parse_json, send
from ..texts import one_line

_METADATA = "http://169.254.169.254"
_SECONDS = 20
_METADATA_SECONDS = 5
_TRIES = 4
_MOST_PAGE_BYTES = 32 << 20
"""A thousand instances, with all that EC2 tells of each, have some 10 MiB."""
_DEEPEST = 50
_LONGEST_CODE, _LONGEST_TEXT = 100, 4000
"""The texts of refusals that can be decoded (`aws sts decode-authorization-message`) have some 2,000 characters."""
_BUSY = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled"),
        *("TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException"),
        *("RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown"),
        *("PriorRequestNotComplete", "EC2ThrottledException", "RequestTimeout", "RequestTimeoutException"),
    )
)
_BUSY_STATUS = (429, 500, 502, 503, 504)
"""What AWS's SDKs ask again for: `botocore/retries/standard.py` of botocore 1.44.5."""
_NO_ANSWER = "UnexpectedAnswer"


class AwsError(StepError):
    """AWS refused a call, or gave no answer; `code` is AWS's own, where it has one."""

    def __init__(self, code: str, message: str, *, passing: bool = False) -> None:
        """With `passing`, it may be better in a moment."""
        super().__init__(f"AWS: {one_line(code, _LONGEST_CODE)}: {one_line(message, _LONGEST_TEXT)}")
        self.code, self.passing = code, passing or code in _BUSY


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
    "autoscaling": _Service("2011-01-01"),
    "ssm": _Service("", "AmazonSSM"),
    "secretsmanager": _Service("", "secretsmanager"),
    "logs": _Service("", "Logs_20140328"),
    "ec2-instance-connect": _Service("", "AWSEC2InstanceConnectService"),
}


class Aws:
    """One region's services."""

    def __init__(self, region: str, credentials: Credentials | None = None) -> None:
        """Without `credentials` the instance profile's are used, and renewed by EC2 itself."""
        self._region = region
        self._credentials = credentials

    def query(self, service: str, action: str, parameters: Mapping[str, str] | None = None) -> ElementTree.Element:
        """Call a service that takes forms, and return the answer's root without XML namespaces. Raises `AwsError`."""
        events = _elements(action, self._form(service, action, parameters or {}, MOST_BYTES))
        return [element for _, element in events][-1]

    def _form(self, service: str, action: str, parameters: Mapping[str, str], most: int) -> bytes:
        form = {"Action": action, "Version": _SERVICES[service].version, **parameters}
        body = "&".join(f"{quote(key, safe='-_.~')}={quote(form[key], safe='-_.~')}" for key in sorted(form))
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self._send(service, body.encode(), headers, most)

    def each(
        self, action: str, parameters: Mapping[str, str], path: str, size: int = 1000
    ) -> Iterator[ElementTree.Element]:
        """Call one of EC2's `Describe...` actions page by page and yield what is at `path` below each answer's root.

        An element is emptied before the next one comes, so that ten thousand need no more memory than one page. `size`
        is 0 for actions without pages.
        """
        token, former = "", {""}
        while True:
            paging = {**({"MaxResults": str(size)} if size else {}), **({"NextToken": token} if token else {})}
            token = ""
            body = self._form("ec2", action, {**parameters, **paging}, _MOST_PAGE_BYTES)
            for where, element in _elements(action, body):
                if where == path:
                    yield element
                    element.clear()
                elif where == "nextToken":
                    token = element.text or ""
            if not token:
                return
            if token in former:
                raise AwsError(_NO_ANSWER, f"{action} leads to the same page again")
            former.add(token)

    def json(self, service: str, action: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Call a service that takes JSON. Raises `AwsError`."""
        headers = {"content-type": "application/x-amz-json-1.1"}
        headers["x-amz-target"] = f"{_SERVICES[service].target}.{action}"
        body = self._send(service, json.dumps(parameters).encode(), headers, MOST_BYTES)
        try:
            answer = parse_json(body) if body else {}
        except ValueError as error:
            raise AwsError(_NO_ANSWER, f"{action} was answered with what is not valid JSON: {error}") from None
        if not isinstance(answer, dict):
            raise AwsError(_NO_ANSWER, f"{action} was answered with JSON that is not a table")
        return answer

    def _send(self, service: str, body: bytes, headers: dict[str, str], most: int) -> bytes:
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once(service, body, headers, most)
            except AwsError as error:
                if attempt == _TRIES or not error.passing:
                    raise
            time.sleep(2.0 ** (attempt - 1))
        raise AssertionError("not reached")

    def _once(self, service: str, body: bytes, headers: dict[str, str], most: int) -> bytes:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        url = os.environ.get("AWS_ENDPOINT_URL") or f"https://{service}.{self._region}.{suffix}"
        signed = sign(service, self._region, url, body, headers, self._credentials or of_instance())
        try:
            answer = send(urllib.request.Request(f"{url}/", body, signed, method="POST"), _SECONDS, most=most)
        except NoResponseError as error:
            raise AwsError("NoAnswer", f"{url} did not answer: {error}", passing=True) from None
        if answer.status != 200:
            raise _refusal(answer.body, answer.status, clock_off(answer.skew, "AWS's"))
        return answer.body


def _elements(action: str, body: bytes) -> Iterator[tuple[str, ElementTree.Element]]:
    """Yield what an answer in XML holds, each with its path below the root, as it ends; the root comes last.

    Without XML namespaces. Raises `AwsError` where it is another's answer: nothing may be concluded from what it lacks.
    """
    open_tags: list[str] = []
    try:
        _require_plain(body)
        for event, element in ElementTree.iterparse(BytesIO(body), ("start", "end")):  # noqa: S314 - plain, see there
            if event == "start":
                open_tags.append(element.tag.rpartition("}")[2])
                if open_tags[0] != f"{action}Response" or len(open_tags) > _DEEPEST:
                    raise AwsError(_NO_ANSWER, f"{action} was answered with {open_tags[0]}, which is not AWS's")
                continue
            where = "/".join(open_tags[1:])
            element.tag = open_tags.pop()
            yield where, element
    except (ValueError, ElementTree.ParseError) as error:
        raise AwsError(_NO_ANSWER, f"{action} was answered with what is not valid XML: {error}") from None


def _require_plain(body: bytes) -> None:
    """Raise `ValueError` for XML with declarations: AWS makes none, and what they stand for may grow without end."""
    if "<!DOCTYPE" in body.decode():
        raise ValueError("it begins with a declaration")


_ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_KEY = re.compile(r"[!-~]{1,8192}")


def of_instance() -> Credentials:
    """Return the keys of the instance profile, as EC2's metadata service has them now. Raises `AwsError`."""
    path = "iam/security-credentials/"
    try:
        read = _metadata()
        role = read(path).split("\n")[0]
        if not _ROLE.fullmatch(role):
            raise ValueError("it names no role")
        keys = parse_json(read(path + role).encode())
        found = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
        if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in found):
            raise ValueError("what it gave can't be keys")
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AwsError("NoCredentials", f"the manager's instance profile gave no keys: {error}") from error


def instance_id() -> str:
    """Return the id of the instance that this runs on; empty where it is none of EC2's."""
    try:
        found = _metadata()("instance-id")
    except (OSError, ValueError):
        return ""
    return found if re.fullmatch("i-[0-9a-f]{8,17}", found) else ""


def _metadata() -> Callable[[str], str]:
    """Return what reads below meta-data, with a token of its own. Both raise `OSError` and `ValueError`."""
    base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA
    base = f"{base.rstrip('/')}/latest"

    def ask(path: str, headers: dict[str, str], method: str = "GET") -> str:
        request = urllib.request.Request(f"{base}/{path}", headers=headers, method=method)
        try:
            # Not through a proxy: it is the instance itself that answers.
            answer = send(request, _METADATA_SECONDS, direct=True)
        except NoResponseError as error:
            raise OSError(str(error)) from None
        if answer.status != 200:
            raise OSError(f"HTTP {answer.status}")
        return answer.body.decode()

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


def _refusal(body: bytes, status: int, hint: str) -> AwsError:
    code, message = _told(body) or (f"HTTP {status}", body.decode(errors="replace")[:200])
    return AwsError(code, f"{message}; {hint}" if hint else message, passing=status in _BUSY_STATUS)


def _told(body: bytes) -> tuple[str, str] | None:
    """The code and the message of a refusal, if it is one of AWS's."""
    try:
        if body.lstrip().startswith(b"{"):
            told = parse_json(body)
            return str(told["__type"]).rpartition("#")[2], str(told.get("message") or told.get("Message") or "")
        _require_plain(body)
        root = ElementTree.fromstring(body)  # noqa: S314 - plain, see there
        found = {element.tag.rpartition("}")[2]: element.text or "" for element in root.iter()}
        return found["Code"], found.get("Message", "")
    except (ValueError, KeyError, ElementTree.ParseError):
        return None
