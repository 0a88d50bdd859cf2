"""A stand-in for GitLab: the endpoints of its REST API for runners and notes, and a control side under /-/stand-in/.

What it answers follows GitLab's API reference (`docs.gitlab.com/api/runners` and `/api/users`) and
`recordings/runner_gitlab_http.json`. It knows no projects, groups or users: a personal access token has
scopes alone.
"""

import json
import re
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .gitlab_stand_in_calls import Answer, Call, State
from .gitlab_stand_in_records import RefusalError, random_token
from .gitlab_stand_in_routes import ROUTES, Handler
from .throwaway_authority import served


@dataclass
class _Fault:
    path: str
    """A regular expression for the whole path."""
    times: int
    method: str = ""
    """Any, if it is empty."""
    status: int | None = None
    delay: float = 0.0
    close: bool = False
    lost: bool = False
    """Whether what is asked for is done, and the connection closed instead of an answer."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of the answer with `status`."""


@dataclass
class _Shared:
    """What all connections share."""

    state: State
    lock: threading.Lock = field(default_factory=threading.Lock)
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    faults: list[_Fault] = field(default_factory=list)
    clock_ahead: float = 0.0
    """Seconds by which the `Date` header of every answer is too late; negative for too early."""

    def take_fault(self, method: str, path: str) -> _Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method in ("", method) and re.fullmatch(fault.path, path):
                    fault.times -= 1
                    return fault
        return None


class GitLabStandIn:
    """The server, in a thread of its own.

    `registration_token` None means that registration tokens are disabled, GitLab's default since 17.0.
    `access_tokens` maps personal access tokens to their scopes.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        registration_token: str | None = None,
        access_tokens: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        state = State(registration_token=registration_token, access_tokens=dict(access_tokens or {}))
        self._shared = _Shared(state)
        handler = type("Handler", (_Handler,), {"shared": self._shared})
        self._server = ThreadingHTTPServer((host, port), handler)
        self._encrypted = ThreadingHTTPServer((host, 0), handler)
        certificate = served(host)
        self.authority = certificate.authority
        # The handshake is left to the connection's own thread.
        self._encrypted.socket = certificate.context.wrap_socket(
            self._encrypted.socket, server_side=True, do_handshake_on_connect=False
        )
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            for server in (self._server, self._encrypted)
        ]

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def https_url(self) -> str:
        """Where it listens too, with a certificate of `authority`, which nobody else trusts."""
        host, port = self._encrypted.server_address[:2]
        return f"https://{host!s}:{port}"

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Method, path and status of each request so far; status 0 where a fault closed the connection."""
        return list(self._shared.requests)

    @property
    def faults_left(self) -> int:
        """How many requests are still to go wrong."""
        return sum(fault.times for fault in self._shared.faults)

    def forget_faults(self) -> None:
        """Answer as ever from now on."""
        self._shared.faults.clear()

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop answering and give the ports back."""
        for server, thread in zip((self._server, self._encrypted), self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    shared: _Shared

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the requests are kept in a list."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time of GitLab's clock, as HTTP writes it."""
        return super().date_time_string((timestamp or time.time()) + self.shared.clock_ahead)

    def _handle(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith("/-/stand-in/"):
            self._send(self._control(path, body))
            return
        fault = self.shared.take_fault(self.command, path)
        if fault:
            time.sleep(fault.delay)
        if fault and (fault.close or fault.lost):
            if fault.lost:
                self._route(path, body)
            self._log(path, 0)
            self.close_connection = True
            return
        if fault and fault.status:
            answer = Answer(fault.status, {"message": f"{fault.status} by request of the test"}, fault.headers)
        else:
            answer = self._route(path, body)
        self._log(path, answer.status)
        self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - names of the base class

    def _route(self, path: str, body: bytes) -> Answer:
        for method, pattern, handler in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                return self._answer(handler, match.groups(), body)
        return Answer(404, {"error": "404 Not Found"})

    def _answer(self, handler: Handler, numbers: tuple[str, ...], body: bytes) -> Answer:
        try:
            call = Call(self.shared.state, self._parameters(body), dict(self.headers.items()), body)
            with self.shared.lock:
                return handler(call, *numbers)
        except RefusalError as refusal:
            return Answer(refusal.status, refusal.body)

    def _parameters(self, body: bytes) -> dict[str, Any]:
        """Parameters may come in the URL, as JSON or as a form, as with Grape."""
        query = {key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()}
        kind = (self.headers.get("Content-Type") or "").partition(";")[0]
        if not body or kind == "text/plain":
            return query
        if kind == "application/json":
            try:
                document = json.loads(body)
            except ValueError:
                raise RefusalError(400, {"error": "The request body is not valid JSON"}) from None
            return {**query, **document} if isinstance(document, dict) else query
        form = parse_qs(body.decode("utf-8", "replace"))
        return {**query, **{key: values[-1] for key, values in form.items()}}

    def _send(self, answer: Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        # A client that has gone needs no answer.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(content)

    def _log(self, path: str, status: int) -> None:
        with self.shared.lock:
            self.shared.requests.append((self.command, path, status))

    def _control(self, path: str, body: bytes) -> Answer:
        wanted = (self.command, path.removeprefix("/-/stand-in/"))
        parameters = json.loads(body or b"{}")
        state = self.shared.state
        with self.shared.lock:
            if wanted == ("GET", "state"):
                return Answer(200, state.overview())
            if wanted == ("POST", "runners"):
                runner = state.runner_with(parameters.get("token"))
                return Answer(201, {"id": runner.id, "token": runner.token})
            if wanted == ("POST", "jobs"):
                return Answer(201, state.records.jobs_from(parameters))
            if wanted == ("POST", "access-tokens"):
                token = parameters.get("token") or random_token("glpat-")
                state.access_tokens[token] = frozenset(parameters["scopes"])
                return Answer(201, {"token": token})
            if wanted == ("POST", "merge-requests"):
                state.merge_requests.notes[parameters["project"], parameters["iid"]] = []
                return Answer(201, {})
            if wanted == ("POST", "faults"):
                self.shared.faults.append(_Fault(**{"times": 1, **parameters}))
                return Answer(201, {})
            if wanted == ("DELETE", "faults"):
                self.shared.faults.clear()
                return Answer(204)
            if wanted == ("POST", "clock"):
                self.shared.clock_ahead = float(parameters["ahead"])
                return Answer(201, {})
            if wanted == ("POST", "registration-token"):
                state.registration_token = parameters["token"]
                return Answer(201, {})
            return self._job_with_log(*wanted)

    def _job_with_log(self, method: str, path: str) -> Answer:
        found = re.fullmatch(r"jobs/(\d+)", path)
        job = self.shared.state.records.jobs.get(int(found[1])) if found and method == "GET" else None
        if job is None:
            return Answer(404, {"error": "404 Not Found"})
        return Answer(200, {**job.details(), "trace": job.trace.decode(errors="replace")})
