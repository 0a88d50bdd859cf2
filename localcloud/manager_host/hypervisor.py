"""The hypervisor stand-in: gives each emulated EC2 instance a manager host of its own, behind a loopback address."""

import asyncio
import shlex
import socket
import threading
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from errno import EADDRINUSE
from pathlib import Path
from typing import Any, TypeVar

from .host import ManagerHost
from .ssh_server import SshServer
from .user_data import host_key

_ADDRESSES = [f"127.0.0.{last}" for last in range(1, 255)]
"""Linux answers on all of 127.0.0.0/8, so that every host can have the same SSH port."""
_ELASTIC_ADDRESSES = [f"127.0.{net}.{last}" for net in range(1, 5) for last in range(1, 255)]

_T = TypeVar("_T")


@dataclass
class _Machine:
    address: str
    host: ManagerHost
    server: SshServer | None
    key: Any
    authorized_key: str


class Hypervisor:
    """Boots and stops manager hosts. Its methods may be called from any thread."""

    def __init__(
        self,
        state_dir: Path,
        ssh_port: int,
        programs: Path,
        trace: bool = False,
        environment: Mapping[str, str] | None = None,
        *,
        hangs_up: bool = True,
    ) -> None:
        """Serve SSH at `ssh_port` of loopback addresses.

        `programs` and `environment` are those of `ManagerHost`. With `trace`, what SSH commands execute is logged in
        `state_dir`/<instance id>/exec.log. `hangs_up` is that of `SshServer`.
        """
        self._state_dir = state_dir
        self.ssh_port = ssh_port
        self._programs = programs
        self._traces = trace
        self._hangs_up = hangs_up
        self._environment = dict(environment or {})
        self.files: dict[str, str] = {}
        """Texts by their paths that each host has from the start; `{instance}` stands for the instance's id in them."""
        self._machines: dict[str, _Machine] = {}
        self._elastic = iter(_ELASTIC_ADDRESSES)
        self._ordinary = deque(_ADDRESSES)
        """The ones that were given away last stand last: EC2 seldom gives a former instance's address to the next."""
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="manager-hosts", daemon=True)
        self._thread.start()

    def boot(self, instance_id: str, user_data: str, authorized_key: str) -> str:
        """Start a host and return its address once it accepts SSH connections.

        `user_data` is cloud-config (see `user_data.host_key`), `authorized_key` the one key that may log in, as
        `ubuntu` or `root`. Raises `UserDataError`, `HostUnavailableError`, or OSError when no address is free.
        """
        key = host_key(user_data)
        folder = self._state_dir / instance_id
        folder.mkdir(parents=True, exist_ok=True)
        host = ManagerHost(self._programs, self._environment, folder / "exec.log" if self._traces else None)
        try:
            for path, text in self.files.items():
                quoted = shlex.quote(path)
                content = text.format(instance=instance_id).encode()
                host.run(f'mkdir -p "$(dirname {quoted})" && cat > {quoted}', content)
            with self._lock:
                address, server = self._await(self._serve(host, key, authorized_key, [*self._ordinary]))
                self._given(address)
                self._machines[instance_id] = _Machine(address, host, server, key, authorized_key)
        except BaseException:
            host.stop()
            raise
        return address

    async def _serve(
        self, host: ManagerHost, key: Any, authorized_key: str, addresses: Iterable[str]
    ) -> tuple[str, SshServer]:
        for address in addresses:
            if address in self._taken():
                continue
            try:
                server = await SshServer.start(
                    address, self.ssh_port, key, authorized_key, host.login_command, hangs_up=self._hangs_up
                )
            except OSError as error:
                if error.errno != EADDRINUSE:
                    raise
                continue
            return address, server
        raise OSError(EADDRINUSE, f"port {self.ssh_port} is taken on all addresses that a host may have")

    def elastic_address(self) -> str:
        """Return a loopback address that is no host's, and was not returned before. Raises OSError if none is left."""
        for address in self._elastic:
            with socket.socket() as probe:
                try:
                    probe.bind((address, self.ssh_port))
                except OSError:
                    continue
            return address
        raise OSError(EADDRINUSE, "all elastic addresses are taken")

    def move(self, instance_id: str, address: str | None) -> str:
        """Let a host be reached at an elastic address alone, or at one of its own for None, and return that.

        Connections to where it was break off. A host that is off moves too. Raises OSError if the address is taken.
        """
        with self._lock:
            machine = self._machines[instance_id]
            if machine.address == address or (address is None and machine.address in _ADDRESSES):
                return machine.address
            wanted = [*self._ordinary] if address is None else [address]
            if machine.server:
                self._await(machine.server.close())
                machine.server = None
                serving = self._serve(machine.host, machine.key, machine.authorized_key, wanted)
                machine.address, machine.server = self._await(serving)
            else:
                machine.address = next(each for each in wanted if each not in self._taken())
            self._given(machine.address)
            return machine.address

    def _given(self, address: str) -> None:
        if address in self._ordinary:
            self._ordinary.remove(address)
            self._ordinary.append(address)

    def _taken(self) -> set[str]:
        return {machine.address for machine in self._machines.values()}

    def address(self, instance_id: str) -> str | None:
        """The loopback address of an instance, also after `power_off`; None for one that does not exist."""
        machine = self._machines.get(instance_id)
        return machine.address if machine else None

    def hosts(self) -> dict[str, ManagerHost]:
        """The hosts of the instances that run, by instance id."""
        with self._lock:
            return {name: machine.host for name, machine in self._machines.items() if machine.server}

    def power_off(self, instance_id: str) -> None:
        """Let the host vanish while its instance continues existing: its address then refuses connections."""
        with self._lock:
            self._stop(self._machines[instance_id])

    def terminate(self, instance_id: str) -> None:
        """Stop an instance's host and forget it; unknown instances are ignored, as they may never have had a host."""
        with self._lock:
            machine = self._machines.pop(instance_id, None)
            if machine:
                self._stop(machine)

    def trace(self, on: bool) -> None:
        """Log what SSH commands execute on the hosts that are booted from now on, or no longer do."""
        self._traces = on

    def close(self) -> None:
        """Stop all hosts. The object can't be used afterwards."""
        for instance_id in list(self._machines):
            self.terminate(instance_id)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _stop(self, machine: _Machine) -> None:
        machine.host.stop()
        if machine.server:
            self._await(machine.server.close())
            machine.server = None

    def _await(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
