"""A manager host stand-in for tests, with what is needed to log in to it."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import asyncssh

from localcloud.manager_host import Hypervisor, ManagerHost

PROGRAMS = Path(__file__).parents[2] / "localcloud" / "host_programs"
INSTANCE = "i-1"


@dataclass(frozen=True)
class BootedHost:
    hypervisor: Hypervisor
    host: ManagerHost
    address: str
    port: int
    key: asyncssh.SSHKey
    host_key: asyncssh.SSHKey

    @cached_property
    def private_key(self) -> str:
        # Each export has other padding, so it is made once.
        return self.key.export_private_key().decode()

    @property
    def public_host_key(self) -> str:
        return self.host_key.export_public_key().decode()

    def connect(
        self, user: str = "ubuntu", key: asyncssh.SSHKey | None = None
    ) -> "asyncssh.misc._ACMWrapper[asyncssh.SSHClientConnection]":
        return asyncssh.connect(
            self.address,
            self.port,
            username=user,
            client_keys=[key or self.key],
            known_hosts=([self.host_key.convert_to_public()], [], []),
            config=None,
            agent_path=None,
        )

    def run(self, command: str, stdin: bytes = b"") -> CompletedProcess[bytes]:
        return self.host.run(command, stdin)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cloud_config(host_key: asyncssh.SSHKey) -> str:
    private = host_key.export_private_key().decode().replace("\n", "\n    ")
    return f"#cloud-config\nssh_keys:\n  ed25519_private: |\n    {private}\n"


@contextmanager
def booted(state: Path, *, trace: bool = False, hangs_up: bool = True) -> Iterator[BootedHost]:
    key, host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    port = free_port()
    hypervisor = Hypervisor(state, port, PROGRAMS, trace=trace, hangs_up=hangs_up)
    try:
        address = hypervisor.boot(INSTANCE, cloud_config(host_key), key.export_public_key().decode())
        yield BootedHost(hypervisor, hypervisor.hosts()[INSTANCE], address, port, key, host_key)
    finally:
        hypervisor.close()


def ssh(
    host: BootedHost, command: str, stdin: bytes = b"", user: str = "ubuntu", **options: Any
) -> asyncssh.SSHCompletedProcess:
    """Run a command through the SSH server; `options` are those of asyncssh."""

    async def run() -> asyncssh.SSHCompletedProcess:
        async with host.connect(user) as connection:
            return await connection.run(command, **{"input": stdin or None, "encoding": None, **options})

    return asyncio.run(run())


def until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait some seconds for something to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
