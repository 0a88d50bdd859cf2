"""Posting a stack's note to its merge request: one note, updated in place.

GitLab's calls: https://docs.gitlab.com/api/notes/#merge-requests. Proxies are those of HTTPS_PROXY and NO_PROXY, more
authorities those of SSL_CERT_FILE and of CI_SERVER_TLS_CA_FILE, which GitLab sets by itself.
"""

import email.message
import http.client
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any

from config_render.base.problems import printable, without_secrets

_SECONDS = 20
_TRIES = 4
_LONGEST_WAIT = 30
_LONGEST_SECONDS = 120
"""How long one answer may take, however little comes at a time."""
_MOST_BYTES = 128 << 20
"""A page has 100 notes, which may have 1,000,000 characters each."""
_MOST_PAGES = 1000
_LONGEST_QUOTE = 500
_BUSY = (429, 500, 502, 503, 504)
_RIGHTS = "it has to be a project's access token with the scope api and at least the role Reporter"


class NoNoteError(Exception):
    """There is nowhere to post to; the text says why. No reason for a job to fail."""


class PostError(Exception):
    """GitLab did not take the note; the text says why and what to do, and holds no token."""


class _BusyError(Exception):
    """It may do in a moment."""

    def __init__(self, why: str, wait: float) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass(frozen=True)
class MergeRequest:
    """Where a note goes."""

    api_url: str
    project: str
    iid: str
    token: str = field(repr=False)
    variable: str
    """The name of the variable that holds the token, for messages."""
    authority: str = ""
    """A file of further authorities, in PEM."""

    @staticmethod
    def of_job(environment: Mapping[str, str], variable: str) -> "MergeRequest":
        """Return the merge request of a CI job; the token is in `variable`. Raises NoNoteError and PostError."""
        missing = [name for name in ("CI_API_V4_URL", "CI_PROJECT_ID") if not environment.get(name)]
        if missing:
            raise NoNoteError(f"{' and '.join(missing)}: not set, so this is not a job of GitLab CI")
        iid = environment.get("CI_MERGE_REQUEST_IID", "")
        if not iid:
            raise NoNoteError("CI_MERGE_REQUEST_IID: not set, so this is not a merge request's pipeline")
        token = environment.get(variable, "").strip()
        if not token:
            raise NoNoteError(
                f"{variable}: not set, as in a merge request from a fork; to have notes, set the variable: {_RIGHTS}"
            )
        if not token.isprintable() or " " in token or not token.isascii():
            raise PostError(f"{variable}: holds blanks or other signs that no token has; {_RIGHTS}")
        return MergeRequest(
            environment["CI_API_V4_URL"].rstrip("/"),
            environment["CI_PROJECT_ID"],
            iid,
            token,
            variable,
            environment.get("CI_SERVER_TLS_CA_FILE", ""),
        )

    @cached_property
    def opener(self) -> urllib.request.OpenerDirector:
        """What calls go through: proxies, and authorities to trust."""
        trust = ssl.create_default_context()
        if self.authority and os.path.exists(self.authority):
            trust.load_verify_locations(cafile=self.authority)
        return urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust), _NoRedirect())


def post(request: MergeRequest, marker: str, text: str) -> str:
    """Create the note that holds `marker`, or update it; returns which: created or updated. Raises PostError.

    Where GitLab is busy all is done again from the look for the note on, so that a note whose creation was not
    confirmed is not created twice.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return _post(request, marker, text)
        except _BusyError as busy:
            if attempt == _TRIES:
                raise PostError(f"{busy}, {_TRIES} times; run the job again") from None
            time.sleep(busy.wait or attempt)
    raise AssertionError("not reached")


def _post(request: MergeRequest, marker: str, text: str) -> str:
    for number in _notes_with(request, marker):
        try:
            _call(request, "PUT", f"/{number}", {"body": text})
        except _RefusedError as refused:
            # A note of somebody else's who has quoted ours.
            if refused.status in (403, 404):
                continue
            raise
        return "updated"
    _call(request, "POST", "", {"body": text})
    return "created"


def _notes_with(request: MergeRequest, marker: str) -> Iterator[int]:
    page = 1
    while page:
        notes, following = _call(request, "GET", f"?per_page=100&sort=asc&order_by=created_at&page={page}")
        if not isinstance(notes, list) or not all(isinstance(note, dict) for note in notes):
            raise PostError(f"{request.api_url}: answers with no list of notes; is it GitLab's API?")
        for note in notes:
            if str(note.get("body", "")).startswith(marker) and type(note.get("id")) is int:
                yield note["id"]
        # Pages are counted, so that there is an end to them.
        page = page + 1 if following == str(page + 1) and page < _MOST_PAGES else 0


class _RefusedError(PostError):
    """GitLab answered no."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token along to wherever it leads."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> None:
        """Let it be an error, without a look at where it leads."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _call(request: MergeRequest, method: str, path: str, body: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """Return the answer and the number of the next page, if there is one."""
    address = f"{request.api_url}/projects/{request.project}/merge_requests/{request.iid}/notes{path}"
    headers = {"PRIVATE-TOKEN": request.token, "Accept": "application/json", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(address, data, headers, method=method)
    try:
        with request.opener.open(asked, timeout=_SECONDS) as answer:
            return json.loads(_read(answer, _MOST_BYTES)), answer.headers.get("X-Next-Page") or ""
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(request, error.code, error.headers, error.read(4096)) from None
    except (OSError, http.client.HTTPException) as error:
        why = _quoted(request, str(getattr(error, "reason", error)))
        hint = "behind a proxy set HTTPS_PROXY, with an authority of your own SSL_CERT_FILE"
        raise _BusyError(f"{request.api_url}: can't be reached ({why}); {hint}", 0) from None
    except (ValueError, RecursionError):
        raise PostError(f"{request.api_url}: answers with no JSON; is it GitLab's API?") from None


def _read(answer: http.client.HTTPResponse, most: int) -> bytes:
    deadline, parts, size = time.monotonic() + _LONGEST_SECONDS, list[bytes](), 0
    while part := answer.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > most or time.monotonic() > deadline:
            raise PostError("GitLab's answer has no end; is CI_API_V4_URL that of GitLab's API?")
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _quoted(request: MergeRequest, text: str) -> str:
    """Return what another host said, short, on one line and without the token."""
    plain = without_secrets(text.replace(request.token, "(hidden)"))
    return printable(" ".join(plain.split()))[:_LONGEST_QUOTE]


def _refusal(request: MergeRequest, status: int, headers: email.message.Message, body: bytes) -> Exception:
    where = f"merge request !{request.iid} of project {request.project}"
    if status in _BUSY:
        after = headers.get("Retry-After", "")
        wait = min(float(after), _LONGEST_WAIT) if re.fullmatch("[0-9]{1,9}", after) else 0
        return _BusyError(f"{request.api_url}: is busy (it answered {status})", wait)
    if status in (301, 302, 303, 307, 308):
        return _RefusedError(
            f"CI_API_V4_URL: {request.api_url} leads elsewhere ({status}), where no token is sent", status
        )
    said = _quoted(request, body.decode("utf-8", "replace"))
    text = {
        401: f"{request.variable}: GitLab does not know this token (401): it has expired or was revoked; {_RIGHTS}",
        403: f"{request.variable}: the token may not write notes on {where} (403); {_RIGHTS}",
        404: f"{request.variable}: for this token there is no {where} (404); {_RIGHTS}",
    }.get(status, f"GitLab did not take the note for {where} (it answered {status}: {said})")
    return _RefusedError(text, status)
