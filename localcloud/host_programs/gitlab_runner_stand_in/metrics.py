"""The endpoint /metrics: a few of the real program's metrics, with its names and labels.

Names follow executors/docker/machine/provider.go and commands/builds_helper.go of gitlab-runner. As there, the address
is read at the start alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .fleet import Fleet
from .log import FatalError

_DEFAULT_PORT = 9252
_STATES = ("acquired", "creating", "idle", "used", "removing", "stuck-on-removing")
_EXECUTOR = 'executor="docker+machine"'


def serve(address: str, text: Callable[[], str]) -> None:
    """Answer GET /metrics at `address` for as long as the process runs. Raises `FatalError`."""
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = text().encode() if self.path == "/metrics" else b""
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            return

    try:
        server = ThreadingHTTPServer((host, int(port or _DEFAULT_PORT)), Handler)
    except (OSError, ValueError, OverflowError) as error:
        raise FatalError(f"Failed to create listener for metrics server: listen tcp {address}: {error}") from None
    threading.Thread(target=server.serve_forever, daemon=True).start()


Counts = Mapping[str, Mapping[str, int]]
"""Slots and instances of docker-autoscaler's entries by state, by the entries' short tokens."""


def exposition(fleet: Fleet, concurrent: int, jobs: int, autoscaled: Counts | None = None) -> str:
    """The text that Prometheus reads."""
    return "\n".join([*_lines(fleet, concurrent, jobs), *_autoscaled(autoscaled or {})]) + "\n"


def _autoscaled(counts: Counts) -> Iterator[str]:
    """Names as in GitLab's documentation of the autoscaler's metrics."""
    for runner, found in sorted(counts.items()):
        for state, number in sorted(found.items()):
            kind, _, rest = state.partition(" ")
            name = "fleeting_provisioner_instances" if rest else "fleeting_taskscaler_tasks"
            yield f'{name}{{runner="{runner}",state="{rest or kind}"}} {number}'


def _lines(fleet: Fleet, concurrent: int, jobs: int) -> Iterator[str]:
    name = "gitlab_runner_autoscaling_actions_total"
    yield f"# HELP {name} The total number of actions executed by the provider."
    yield f"# TYPE {name} counter"
    for action, number in sorted(fleet.actions().items()):
        yield f'{name}{{action="{action}",{_EXECUTOR}}} {number}'
    name, states = "gitlab_runner_autoscaling_machine_states", fleet.states()
    yield f"# HELP {name} The current number of machines per state in this provider."
    yield f"# TYPE {name} gauge"
    for state in _STATES:
        yield f'{name}{{{_EXECUTOR},state="{state}"}} {states[state]}'
    for name, text, value in (
        ("gitlab_runner_concurrent", "The current value of concurrent setting", concurrent),
        ("gitlab_runner_jobs", "The current number of running builds.", jobs),
    ):
        yield from (f"# HELP {name} {text}", f"# TYPE {name} gauge", f"{name} {value}")
