"""Servers on loopback that answer nothing, can't be reached, or refuse."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Hanging:
    """A server that takes connections and never answers."""

    url: str
    server: socket.socket

    def was_called(self) -> bool:
        """Tell whether somebody has connected."""
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
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
