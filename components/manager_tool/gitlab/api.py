"""Calling GitLab's API from the manager, and saying in one sentence why a call did not work.

The tool asks by itself, since `gitlab-runner verify` takes a network error for a success. The calls and their answers
are those of https://docs.gitlab.com/api/runners/ and https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import ssl
import time
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple, TypedDict
from urllib.parse import urlsplit

from ..host import HOME, StepError, write
from ..http_client import REDIRECTS, NoResponseError, clock_off, parse_json, send
from ..texts import one_line
from .egress import authority

_SECONDS = 20
_TRIES = 3
_BUSY = (429, 500, 502, 503, 504)
_LONGEST_TEXT = 500
_LONGEST_VALUE = 80
TOKEN = re.compile(r"[0-9A-Za-z_.-]{20,1000}")
"""Of any kind that a runner may have; gitlab-runner panics on a short one (`ShortenToken` in helpers)."""
_LIKE_A_TOKEN = re.compile(r"gl[a-z]{2,5}-[\w.-]{10,}|GR1348941[\w-]+", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""As in RFC 3339, which gitlab-runner reads too: `time.Time` of `VerifyRunnerResponse` in common/network.go."""
_MACHINE_ID = Path("/etc/machine-id")
_SYSTEM_ID = HOME / ".runner_system_id"


class GitLabError(StepError):
    """GitLab refused a call, or there was no answer; `status` is HTTP's, 0 without an answer.

    `passing` says that it may be better in a moment.
    """

    def __init__(self, text: str, status: int = 0, *, passing: bool = False) -> None:
        super().__init__(text)
        self.status, self.passing = status, passing or status in _BUSY


class Credentials(TypedDict):
    """What of a runner goes into config.toml."""

    id: int
    token: str
    token_expires_at: str | None
    """In UTC and whole seconds."""


class Answer(NamedTuple):
    """What GitLab answered, and by how many seconds its clock is behind the manager's."""

    body: Any
    skew: float


def call(url: str, method: str, path: str, body: dict[str, object], access_token: str = "") -> Answer:
    """Send `body` as JSON to `path` below /api/v4/. Raises `GitLabError`.

    What can be said twice is said again where GitLab is busy or the connection breaks.
    """
    tries = 1 if method == "POST" and path != "runners/verify" else _TRIES
    for attempt in range(1, tries + 1):
        try:
            return _once(url, method, path, body, access_token)
        except GitLabError as error:
            if attempt == tries or not error.passing:
                raise
            time.sleep(attempt)
    raise AssertionError("not reached")


def _once(url: str, method: str, path: str, body: dict[str, object], access_token: str) -> Answer:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if access_token:
        headers["Private-Token"] = access_token
    address = f"{url.rstrip('/')}/api/v4/{path}"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method=method)
    try:
        answer = send(request, _SECONDS, trust=_trust(url))
    except NoResponseError as error:
        passing = isinstance(error.reason, (ConnectionError, http.client.HTTPException))
        raise GitLabError(_reason(url, error), passing=passing) from None
    if answer.status in REDIRECTS:
        to = one_line(answer.headers.get("Location", "nowhere"), _LONGEST_TEXT)
        raise GitLabError(f"{url} leads elsewhere ({answer.status} to {to}), where no token is sent: {_CHECK_URL}")
    if not 200 <= answer.status < 300:
        told = _told(answer.body, (access_token, str(body.get("token", ""))))
        raise GitLabError(f"GitLab answered {answer.status} to {method} {path}{told}", answer.status)
    try:
        return Answer(parse_json(answer.body) if answer.body else None, answer.skew)
    except ValueError:
        raise GitLabError(f"{url} answered {method} {path} with something that is not GitLab's: {_CHECK_URL}") from None


_CHECK_URL = "check gitlab.url"


def _trust(url: str) -> ssl.SSLContext | None:
    if not url.startswith("https:"):
        return None
    trust = ssl.create_default_context()
    if own := authority(url):
        trust.load_verify_locations(cadata=own)
    return trust


def _told(body: bytes, hidden: Sequence[str]) -> str:
    try:
        document = parse_json(body)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    parts = (document.get(key) for key in ("message", "error", "error_description"))
    text = ", ".join(part if isinstance(part, str) else _as_json(part) for part in parts if part)
    for secret in filter(None, hidden):
        text = text.replace(secret, "<hidden>")
    text = _LIKE_A_TOKEN.sub("<hidden>", text)
    return f": {one_line(text, _LONGEST_TEXT)}" if text else ""


def _reason(url: str, failure: NoResponseError) -> str:
    """Say why there was no answer, and what to do."""
    host, error = urlsplit(url).netloc, failure.reason
    if isinstance(error, socket.gaierror):
        return f"the manager can't resolve the name {host} (DNS): {_CHECK_URL} and the VPC's DNS"
    if isinstance(error, ssl.SSLCertVerificationError):
        clock = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        return (
            f"the manager does not trust the certificate of {host} (TLS): {error.verify_message}; set gitlab.ca to the "
            f"PEM text of the authority that it is from; or the manager's clock is wrong, it says {clock}"
        )
    if isinstance(error, ssl.SSLError):
        return f"no TLS with {host}: {error.reason or error}; {_CHECK_URL}, its scheme and port"
    if isinstance(error, ConnectionRefusedError):
        return f"{host} refused the manager's connection: {_CHECK_URL} and its port"
    if isinstance(error, (socket.timeout, TimeoutError)):
        return (
            f"{host} did not answer the manager within {_SECONDS} s: check routes, security groups and firewalls, "
            "or set manager.proxy"
        )
    said = one_line(str(failure), _LONGEST_TEXT)
    if isinstance(error, http.client.HTTPException):
        return f"{host} gave the manager no whole answer: {said}; {_CHECK_URL} and manager.proxy"
    return f"{host} could not be reached from the manager: {said}; {_CHECK_URL} and manager.proxy"


def verify(url: str, token: str) -> Credentials:
    """Have GitLab check a token from here, which makes this host one of its runner's managers.

    Returns the runner's `id`, `token` and `token_expires_at`. Raises `GitLabError`, of status 403 where GitLab does
    not know the token, and `StepError` where the manager's clock is off.
    """
    answer = call(url, "POST", "runners/verify", {"token": token, "system_id": system_id()})
    if off := clock_off(answer.skew, f"GitLab's at {url}"):
        raise StepError(off)
    return credentials(url, answer.body)


def register(url: str, registration_token: str, description: str) -> Credentials:
    """Register a runner and return the same of it as `verify`. Raises `GitLabError`."""
    asked = {"token": registration_token, "description": description, "run_untagged": True}
    return credentials(url, call(url, "POST", "runners", asked).body)


def credentials(url: str, runner: object) -> Credentials:
    """Return `id`, `token` and `token_expires_at` of an answer that tells of a runner: these go into config.toml.

    The last is in UTC and whole seconds, or None. Raises `GitLabError` where one is not of its form, which is that of
    https://docs.gitlab.com/api/runners/#verify-authentication-for-a-registered-runner
    """
    found = runner if isinstance(runner, dict) else {}
    token, expires = found.get("token"), found.get("token_expires_at")
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        # Never quoted: it may be one all the same.
        raise GitLabError(f"{url} answered with no runner's token, or one that can't be a token: {_CHECK_URL}")
    return {
        "id": runner_id(url, found),
        "token": token,
        "token_expires_at": None if expires is None else _moment(url, expires),
    }


def runner_id(url: str, runner: dict[str, object]) -> int:
    """Return the id of a runner that GitLab told of. Raises `GitLabError`."""
    number = runner.get("id")
    if type(number) is not int or not 0 < number < 1 << 63:
        raise unfit(url, "id", number)
    return number


def unfit(url: str, field: str, value: object) -> GitLabError:
    """Return the error of an answer with a value that GitLab does not give."""
    shown = one_line(_as_json(value), _LONGEST_VALUE)
    return GitLabError(f"{url} answered with {field} = {shown}, which is not GitLab's: {_CHECK_URL}")


def _as_json(value: object) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        return "something nested too deeply"


def _moment(url: str, text: object) -> str:
    parts = _TIME.fullmatch(text) if isinstance(text, str) else None
    try:
        if parts is None:
            raise ValueError
        moment = datetime.fromisoformat(parts[1] + parts[2].replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise unfit(url, "token_expires_at", text) from None
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def system_id() -> str:
    """Return this host's identity among a runner's managers; written as gitlab-runner would, where it has not yet."""
    known = _SYSTEM_ID.read_text().strip() if _SYSTEM_ID.exists() else ""
    if re.fullmatch(r"[sr]_[0-9a-zA-Z]{12}", known):
        return known
    machine = _MACHINE_ID.read_text().strip() if _MACHINE_ID.exists() else ""
    digest = hmac.new(machine.encode(), b"gitlab-runner", hashlib.sha256).hexdigest()
    made = f"s_{digest[:12]}" if machine else f"r_{secrets.token_hex(6)}"
    write(_SYSTEM_ID, made)
    return made
