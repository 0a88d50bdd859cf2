"""A GitLab that gives prepared answers and keeps what the stand-in for gitlab-runner asked."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .stand_in_programs import PROGRAMS, Program, gitlab_runner

RECORDINGS = PROGRAMS.with_name("recordings")


SYSTEM_ID = "s_1746f8786189"


TOKEN = "glrt-goodgoodgoodgood1234"


_HEADERS = ("User-Agent", "Accept", "Content-Type", "Private-Token")


class PreparedGitLab:
    """A GitLab that gives prepared answers in their order, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
                pass

            def answer(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
                asked = {"method": self.command, "path": self.path, "headers": headers, "body": body}
                outer.requests.append(asked)
                status, document = outer.answers.pop(0)
                content = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_DELETE = answer  # noqa: N815 - names of the base class

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self) -> None:
        """Stop, and give the port back."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextmanager
def prepared() -> Iterator[PreparedGitLab]:
    """Such a GitLab, while it runs."""
    server = PreparedGitLab()
    yield server
    server.close()


def program_with_identity(folder: Path) -> Program:
    """The stand-in for gitlab-runner in a folder where it finds the identity of the recording."""
    (folder / ".runner_system_id").write_text(SYSTEM_ID)
    return gitlab_runner(folder)


def register(program: Program, config: Path, url: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Register a docker+machine runner with further flags."""
    fixed = ("--non-interactive", "--config", str(config), "--url", url, "--executor", "docker+machine")
    return program.run("register", *fixed, "--docker-image", "alpine", *more)


def valid(number: int = 7) -> tuple[int, dict[str, Any]]:
    """The answer to a verification that succeeds."""
    return 200, {"id": number, "token": TOKEN, "token_expires_at": None}


def one_runner(config: Path, url: str, token: str = TOKEN, more: str = "") -> None:
    """Write a config file with one runner."""
    config.write_text(f'[[runners]]\nname = "m1"\nurl = "{url}"\ntoken = "{token}"\nexecutor = "docker"\n{more}')
