"""Starts Pulumi programs as forks of one process, which has loaded the libraries that they import.

A program begins with a second of processor time in which it imports Pulumi and other libraries, always the same. Tests
that run hundreds of programs save it, and with the program of this checkout a quarter of a second more for its own
modules; a program that lies elsewhere imports its project's anew. Nothing else takes this way: what people wait for is
what `make up` and `make bench` show.
"""

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

_LIBRARIES = (
    *("pulumi", "pulumi.runtime", "pulumi_aws", "pulumi_command", "pulumi_tls"),
    *("botocore.session", "jinja2", "pydantic", "tomli", "tomli_w", "yaml"),
)
_LAZY = tuple(f"pulumi_aws.{name}" for name in ("cloudwatch", "ec2", "iam", "s3", "ssm", "vpc"))
"""What pulumi_aws loads when something is asked of it."""
_ROOT = Path(__file__).parents[1]
_OURS = ("components", "config_render", "planning", "review")


class ForkedProgram:
    """A running program; its end is told over a pipe by the process that it is a fork of."""

    def __init__(self, pipe: int) -> None:
        self._told = os.fdopen(pipe)
        self._pid = int(self._told.readline())

    def wait(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        with self._told:
            return int(self._told.readline())

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)


class ProgramStarter:
    """The process that has the libraries. It ends with the one that made this."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-u", __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    def fits(self, python: str, environment: Mapping[str, str]) -> bool:
        """Whether a program of this Python would find the same libraries in a process of its own."""
        same = Path(python).parents[1].resolve() == Path(sys.prefix).resolve()
        return same and _of_python(environment) == _of_python(os.environ)

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, stdout: int, stderr: int
    ) -> ForkedProgram:
        """Run a Python script; `arguments` begin with its path."""
        request = {"arguments": [*arguments], "environment": {**environment}, "folder": folder}
        content = json.dumps(request).encode()
        told, telling = os.pipe()
        with self._lock:
            socket.send_fds(self._requests, [b"%9d" % len(content)], [stdout, stderr, telling])
            self._requests.sendall(content)
        os.close(telling)
        return ForkedProgram(told)

    def close(self) -> None:
        """End it, when no program runs any more."""
        self._requests.close()
        self._process.wait()


def _of_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}


def _load() -> None:
    for name in _LIBRARIES:
        import_module(name)
    for name in _LAZY:
        getattr(import_module(name), "__all__", None)
    sys.path.insert(0, str(_ROOT))
    import_module("components.public")
    import_module("config_render").Settings.model_rebuild()  # else done when settings are first read
    del sys.path[0]
    # What is there by now is never garbage; looking at it would only make each fork copy it.
    gc.collect()
    gc.freeze()


def _serve(requests: socket.socket) -> dict[str, Any] | None:
    """Fork for each request, and tell over its pipe the new process's id and at the end its exit code.

    Returns the request in the new processes alone, and None in this one after the last request.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    sources: list[socket.socket | int] = [requests, woken]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(running)
        if requests not in ready:
            continue
        size, descriptors, _, _ = socket.recv_fds(requests, 9, 3)
        if not size:
            return None
        request: dict[str, Any] = json.loads(_read(requests, int(size)))
        *output, telling = descriptors
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, descriptor in enumerate(output, 1):
                os.dup2(descriptor, number)
            for descriptor in (*descriptors, woken, wake, *running.values()):
                os.close(descriptor)
            requests.close()
            return request
        for descriptor in output:
            os.close(descriptor)
        os.write(telling, b"%d\n" % pid)
        running[pid] = telling


def _read(requests: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += requests.recv(size - len(data))
    return data


def _tell_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        telling = running.pop(pid)
        os.write(telling, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(telling)


def _main() -> None:
    _load()
    request = _serve(socket.socket(fileno=int(sys.argv[1])))
    if request is None:
        return
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    if Path(request["folder"]).resolve() != _ROOT:
        for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
            del sys.modules[name]
    sys.argv = request["arguments"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    _main()
