"""The stand-in plugins of a local cloud: how the engine finds them, and the servers that answer for them."""

import ast
import json
import os
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

LAUNCHER = Path(__file__).with_name("plugin_launcher.py")
_MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes; the engine's own limit for one gRPC message, so that a large `stdin` is not refused here."""


@dataclass(frozen=True)
class Launch:
    """One start of a plugin by the engine."""

    engine_address: str | None
    environment: Mapping[str, str]
    stdout: int
    stderr: int


Call = Callable[..., Any]
"""Something that the local cloud's process does for a client; its result goes back as JSON."""

Register = Callable[[Launch, grpc.Server], None]
"""Adds the servicer of one plugin to a server that is about to start."""


class PluginServers:
    """Listens on a Unix socket; each connection is one plugin's life, with a gRPC server of its own on loopback.

    Requests are literals of Python, as the launcher has no time to load a writer of JSON; see `plugin_launcher.py`.
    """

    def __init__(self, control: Path, plugins: Mapping[str, Register], calls: Mapping[str, Call]) -> None:
        self._plugins = plugins
        self._calls = calls
        control.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(control))
        control.chmod(0o600)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            request, descriptors = _receive(connection)
            if "call" in request:
                result = self._calls[request["call"]](*request["arguments"])
                connection.sendall(json.dumps(result).encode())
                return
            launch = Launch(request["engine"], request["env"], *descriptors)
            server = grpc.server(
                ThreadPoolExecutor(max_workers=32),
                options=[
                    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
                    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
                ],
            )
            try:
                self._plugins[request["plugin"]](launch, server)
                port = server.add_insecure_port("127.0.0.1:0")
                server.start()
                connection.sendall(f"{port}\n".encode())
                connection.recv(1)  # returns when the engine has ended the launcher
            finally:
                server.stop(grace=None)
                for descriptor in descriptors:
                    os.close(descriptor)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    data, descriptors, _, _ = socket.recv_fds(connection, 65536, 2)
    while not data.endswith(b"\n"):
        data += connection.recv(65536)
    return ast.literal_eval(data.decode()), descriptors


def install(home: Path, control: Path, providers: Mapping[str, str]) -> None:
    """Write launchers into `home` (a PULUMI_HOME) for `providers`, a mapping of name to exact version."""
    for name, version in providers.items():
        folder = home / "plugins" / f"resource-{name}-v{version}"
        _write(folder / f"pulumi-resource-{name}", name, control)
        # The engine downloads a plugin again whose folder has no such mark of a finished installation.
        (folder / "PulumiPlugin.yaml").write_text("runtime: binary\n")


def link(home: Path, name: str, version: str, program: Path) -> None:
    """Put a real plugin into `home`."""
    folder = home / "plugins" / f"resource-{name}-v{version}"
    folder.mkdir(parents=True, exist_ok=True)
    linked = folder / f"pulumi-resource-{name}"
    linked.unlink(missing_ok=True)
    linked.symlink_to(program)
    (folder / "PulumiPlugin.yaml").write_text("runtime: binary\n")


def install_language_host(folder: Path, control: Path) -> None:
    """Write the launcher of the language host stand-in into `folder`, which must then be on the engine's PATH."""
    _write(folder / "pulumi-language-python", "language-python", control)


def _write(path: Path, plugin: str, control: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # it may lead to a real one
    command = shlex.join([sys.executable, "-S", "-E", str(LAUNCHER), plugin, str(control)])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    path.chmod(0o755)
