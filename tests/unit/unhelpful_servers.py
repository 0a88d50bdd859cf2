"""Servers on loopback that answer nothing, can't be reached, or refuse."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Hanging:
    """A server that takes connections and never answers."""

    url: str
    server: socket.socket

    def was_called(self) -> bool:
        """Return whether somebody has connected."""
        self.server.setblocking(False)
        try:
            self.server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@contextmanager
def hanging_server() -> Iterator[Hanging]:
    """Run a server that never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield Hanging(f"http://127.0.0.1:{server.getsockname()[1]}", server)


@contextmanager
def unreachable_address() -> Iterator[str]:
    """Give an address where connections are never made: Linux drops what comes after a full backlog."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        # Wakes the thread, so that it sees at once that it is to end, and hundreds of tests wait for no interval.
        server.socket.shutdown(socket.SHUT_RDWR)
        server.shutdown()
        server.server_close()


class _Refusal(BaseHTTPRequestHandler):
    """Answers as AWS does to somebody without rights: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        text = "User: arn:aws:iam::123456789012:user/me is not authorized"
        body = json.dumps({"__type": "AccessDeniedException", "message": text})
        if "X-Amz-Target" not in self.headers:
            error = f"<Error><Code>UnauthorizedOperation</Code><Message>{text}</Message></Error>"
            body = f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: Any) -> None: ...


@contextmanager
def refusing_server() -> Iterator[str]:
    """Run a server that allows nothing."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusal)
    with _serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


@dataclass
class Answering:
    """A server whose answers are bytes of a test's choice."""

    url: str
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers of each request."""


def http(body: bytes | str, status: int = 200, *headers: str) -> bytes:
    """An answer as HTTP writes it."""
    content = body if isinstance(body, bytes) else body.encode()
    lines = [f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(content)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + content


def endless(chunk: bytes = b" " * 65536) -> Iterator[bytes]:
    """An answer that begins well and has no end."""
    yield b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a": "'
    yield from repeat(chunk)


@contextmanager
def answering_server(
    answer: Callable[[str, str], bytes | Iterator[bytes]], encrypted: ssl.SSLContext | None = None
) -> Iterator[Answering]:
    """Run a server that sends what `answer` makes of a method and a path, and closes the connection."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                return
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.asked.append((self.command, self.path, dict(self.headers.items())))
            found = answer(self.command, self.path)
            try:
                for part in [found] if isinstance(found, bytes) else found:
                    self.wfile.write(part)
            except OSError:
                pass  # whoever asked has had enough
            self.close_connection = True

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Answering(f"http{'s' if encrypted else ''}://127.0.0.1:{server.server_address[1]}")
    if encrypted:
        server.socket = encrypted.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with _serving(server):
        yield made
