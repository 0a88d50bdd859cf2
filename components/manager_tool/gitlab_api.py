"""Calling GitLab's API from the manager, and saying in one sentence why a call did not work.

The tool asks by itself, since `gitlab-runner verify` takes a network error for a success. The calls and their answers
are those of https://docs.gitlab.com/api/runners/ and https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user.
"""

from __future__ import annotations

import email.utils
import hashlib
import hmac
import http.client
import json
import re
import secrets
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .host import HOME, StepError, write
from .reach import authority

_SECONDS = 20
_TRIES = 3
_BUSY = (429, 500, 502, 503, 504)
_MOST_SKEW = 300
"""Seconds; AWS refuses requests of a clock that is further off ("RequestTimeTooSkewed" in its documentation)."""

_MACHINE_ID = Path("/etc/machine-id")
_SYSTEM_ID = HOME / ".runner_system_id"


class GitLabError(StepError):
    """GitLab refused a call, or there was no answer; `status` is HTTP's, 0 without an answer.

    `passing` says that it may be better in a moment.
    """

    def __init__(self, text: str, status: int = 0, *, passing: bool = False) -> None:
        super().__init__(text)
        self.status, self.passing = status, passing or status in _BUSY


class Answer(NamedTuple):
    """What GitLab answered, and by how many seconds its clock is behind the manager's."""

    body: Any
    skew: float


def call(url: str, method: str, path: str, body: dict[str, Any], access_token: str = "") -> Answer:
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


def _once(url: str, method: str, path: str, body: dict[str, Any], access_token: str) -> Answer:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if access_token:
        headers["Private-Token"] = access_token
    address = f"{url.rstrip('/')}/api/v4/{path}"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS, context=_trust(url)) as answer:
            text = answer.read()
            return Answer(json.loads(text) if text else None, _skew(answer.headers["Date"]))
    except urllib.error.HTTPError as error:
        told = _told(error.read())
        raise GitLabError(f"GitLab answered {error.code} to {method} {path}{told}", error.code) from None
    except ValueError:
        raise GitLabError(f"{url} answered {method} {path} with something that is not GitLab's: {_CHECK_URL}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise GitLabError(_reason(url, reason), passing=isinstance(reason, ConnectionError)) from None


_CHECK_URL = "check gitlab.url"


def _trust(url: str) -> ssl.SSLContext | None:
    if not url.startswith("https:"):
        return None
    trust = ssl.create_default_context()
    if own := authority(url):
        trust.load_verify_locations(cadata=own)
    return trust


def _skew(date: str | None) -> float:
    moment = email.utils.parsedate_to_datetime(date) if date else None
    return 0.0 if moment is None else time.time() - moment.timestamp()


def _told(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    parts = (document.get(key) for key in ("message", "error", "error_description"))
    words = [part if isinstance(part, str) else json.dumps(part) for part in parts if part]
    return f": {', '.join(words)}" if words else ""


def _reason(url: str, error: Any) -> str:
    """Say why there was no answer, and what to do."""
    host = urlsplit(url).netloc
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
    return f"{host} could not be reached from the manager: {error}; {_CHECK_URL} and manager.proxy"


def verify(url: str, token: str) -> dict[str, Any]:
    """Have GitLab check a token from here, which makes this host one of its runner's managers.

    Returns the runner's `id`, `token` and `token_expires_at`. Raises `GitLabError`, of status 403 where GitLab does
    not know the token, and `StepError` where the manager's clock is off.
    """
    answer = call(url, "POST", "runners/verify", {"token": token, "system_id": system_id()})
    if abs(answer.skew) > _MOST_SKEW:
        way = "ahead of" if answer.skew > 0 else "behind"
        raise StepError(
            f"the manager's clock is {abs(answer.skew) / 60:.0f} minutes {way} GitLab's at {url}; with more than "
            f"{_MOST_SKEW // 60} AWS refuses to start machines. Let it be set: sudo timedatectl set-ntp true"
        )
    return {key: answer.body.get(key) for key in ("id", "token", "token_expires_at")}


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
