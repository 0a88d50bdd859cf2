"""The calls to GitLab's API, with the headers and bodies of the real program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..program_stamp import stamp

if TYPE_CHECKING:
    import http.client

_TIMEOUT_SECONDS = 60.0
_CERTIFICATES = Path("/etc/gitlab-runner/certs")
"""Where a program that runs as root looks for an authority, by the name of GitLab's host."""


class NetworkError(Exception):
    """No answer came; the text names the method and the URL, never a token."""


@dataclass(frozen=True)
class Answer:
    """An HTTP status and the JSON document that came with it (empty where there was none)."""

    status: int
    body: dict[str, Any]
    retry_after: float = 0.0
    """How many seconds GitLab wants to be left alone."""


def call(
    entry: Mapping[str, Any],
    method: str,
    path: str,
    body: Mapping[str, Any],
    *,
    private_token: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send `body` as JSON to `path` below /api/v4/ of the entry's GitLab. Raises `NetworkError`."""
    # The real program asks for an answer in JSON only where it will read one.
    accept = {} if method in ("DELETE", "PUT") else {"Accept": "application/json"}
    token = {"Private-Token": private_token} if private_token else {}
    fixed = {"User-Agent": user_agent(), "Content-Type": "application/json", **accept, **token}
    return send(entry, method, path, json.dumps(body).encode(), {**fixed, **(headers or {})})


def send(entry: Mapping[str, Any], method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    """Send bytes as they are. Raises `NetworkError`."""
    import http.client  # here, as most commands ask nobody, and this takes a quarter of their time

    url = f"{str(entry['url']).rstrip('/')}/api/v4/{path}"
    try:
        connection = _connect(entry, url)
        try:
            connection.request(method, urlsplit(url).path, content, dict(headers))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NetworkError(f"couldn't execute {method} against {url}: {error}") from None
    wait = response.headers.get("Retry-After", "")
    return Answer(response.status, _document(text), float(wait) if wait.isdecimal() else 0.0)


def user_agent() -> str:
    """How the program names itself to GitLab."""
    facts = stamp()
    platform = f"linux/{facts['architecture']}"
    return f"gitlab-runner {facts['version']} ({facts['branch']}; {facts['go']}; {platform})"


def version_info(executor: str = "") -> dict[str, Any]:
    """What the program tells GitLab about itself; `features` are those of a registration."""
    facts = stamp()
    info: dict[str, Any] = {
        "name": "gitlab-runner",
        "version": facts["version"],
        "revision": facts["revision"],
        "platform": "linux",
        "architecture": facts["architecture"],
        "features": facts["features"],
        "config": {"gpus": ""},
    }
    return {**info, "executor": executor} if executor else info


def _connect(entry: Mapping[str, Any], url: str) -> http.client.HTTPConnection:
    import http.client
    import ssl

    parts = urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_SECONDS)
    if parts.scheme != "https":
        raise ValueError(f'unsupported protocol scheme "{parts.scheme}"')
    own = Path(entry.get("tls-ca-file") or _CERTIFICATES / f"{parts.hostname}.crt")
    # An authority of one's own is trusted beside those of the system.
    trust = ssl.create_default_context()
    if entry.get("tls-ca-file") or own.exists():
        trust.load_verify_locations(own)
    return http.client.HTTPSConnection(parts.netloc, timeout=_TIMEOUT_SECONDS, context=trust)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
