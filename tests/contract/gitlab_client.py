"""Whoever speaks to the stand-in for GitLab in tests."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from localcloud.gitlab_stand_in import GitLabStandIn


@dataclass
class Answer:
    """What came back; a body that was empty is None."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Client:
    """Whoever speaks to GitLab."""

    server: GitLabStandIn

    def send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, *, form: bool = False
    ) -> Answer:
        """Send bytes as they are, or a document as JSON or as a form."""
        if form:
            assert isinstance(body, dict)
            content, kind = urlencode(body).encode(), "application/x-www-form-urlencoded"
        elif isinstance(body, bytes):
            content, kind = body, "text/plain"
        else:
            content, kind = b"" if body is None else json.dumps(body).encode(), "application/json"
        connection = HTTPConnection(self.server.url.removeprefix("http://"))
        try:
            connection.request(method, path, content, {"Content-Type": kind, **(headers or {})})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return Answer(response.status, json.loads(text) if text else None, dict(response.headers))

    def api(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a document to the API."""
        return self.send(method, f"/api/v4/{path}", body, headers)

    def new_runner(self) -> tuple[int, str]:
        """A runner made by the control side: its number and token."""
        made = self.send("POST", "/-/stand-in/runners", {}).body
        return made["id"], made["token"]

    def state(self) -> Any:
        """What the control side shows."""
        return self.send("GET", "/-/stand-in/state").body
