"""A manager that is reached through a bastion with a key of its own, and what a bastion that fails costs."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from localcloud import control
from tests.contract.booted_host import free_port

from .conftest import Deployment
from .test_secrecy import VERBOSE, places_with

MANAGER = "gitlab-runner-aws:manager"
USER = "jump"
_Key = asyncssh.SSHKey


class _Forwarding(asyncssh.SSHServer):
    def __init__(self, bastion: "Bastion") -> None:
        self._bastion = bastion

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.public_data == self._bastion.authorized.public_data

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        self._bastion.led_to.append((dest_host, dest_port))
        return True


class Bastion:
    """A host that people only pass: an SSH server that forwards connections and runs nothing."""

    def __init__(self) -> None:
        self.key, self.host_key = _made(), _made()
        self.authorized = self.key
        self.port = free_port()
        self.led_to: list[tuple[str, int]] = []
        """Where connections through it went."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncssh.SSHAcceptor | None = None
        self.start(self.host_key)

    def start(self, host_key: _Key) -> None:
        async def listen() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1",
                self.port,
                server_host_keys=[host_key],
                server_factory=lambda: _Forwarding(self),
                config=None,
            )

        self._server = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()

    def stop(self) -> None:
        server = self._server
        assert server is not None

        async def close() -> None:
            server.close()
            await server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result()
        self._server = None

    def end(self) -> None:
        if self._server:
            self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def settings(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "hostKey": self.host_key.export_public_key().decode().strip(),
            "privateKey": "<secret:bastionKey>",
        }


def _made() -> _Key:
    return asyncssh.generate_private_key("ssh-ed25519")


def down(bastion: Bastion) -> Callable[[], None]:
    bastion.stop()
    return lambda: bastion.start(bastion.host_key)


def with_another_host_key(bastion: Bastion) -> Callable[[], None]:
    bastion.stop()
    bastion.start(_made())

    def mend() -> None:
        bastion.stop()
        bastion.start(bastion.host_key)

    return mend


def refusing_the_key(bastion: Bastion) -> Callable[[], None]:
    bastion.authorized = _made()
    return lambda: setattr(bastion, "authorized", bastion.key)


FAILING = {
    "connect: connection refused": down,
    "ssh: handshake failed: ssh: host key mismatch": with_another_host_key,
    "ssh: unable to authenticate": refusing_the_key,
}
"""Ways to fail, by what the command provider says of each."""


def errors(told: str) -> list[str]:
    """What `pulumi` says at its end, less that it has failed."""
    lines = [line.strip() for line in told.partition("\nDiagnostics:")[2].splitlines()]
    return [line for line in lines if line.startswith("error: ") and not line.endswith(" failed")]


@pytest.fixture
def bastion() -> Iterator[Bastion]:
    made = Bastion()
    yield made
    made.end()


@pytest.mark.usefixtures("traced")
def test_a_life_through_a_bastion_and_with_one_that_fails(bastion: Bastion, deployment: Deployment) -> None:
    private = bastion.key.export_private_key().decode()
    deployment.project.set_secret("gitlab-runner-aws:secrets.bastionKey", private)
    deployment.config[MANAGER] |= {"bastion": bastion.settings(), "connectAttempts": 2}
    deployment.configure()
    texts = {}

    def keep(what: str, *arguments: str, check: bool = True) -> str:
        result = deployment.run(*arguments, check=check)
        texts[what] = result.stdout + result.stderr
        return texts[what]

    keep("first preview", "preview", "--diff", "--show-full-output", *VERBOSE)
    assert bastion.led_to == []
    keep("first up", "up", "--yes", "--skip-preview", *VERBOSE)
    manager = (deployment.outputs()["manager_address"], deployment.cloud.addresses.ssh_port)
    assert {*bastion.led_to} == {manager}
    deployment.up("--expect-no-changes")
    exec_log, live, pid = Path(deployment.host().exec_log), deployment.live(), deployment.service_pid()
    managers, limit = deployment.managers(), deployment.pool["limit"]

    for said, fail in FAILING.items():
        limit += 1
        deployment.pool["limit"] = limit
        deployment.configure()
        mend, before = fail(bastion), len(bastion.led_to)
        told = keep(f"up with a bastion that says {said}", "up", "--yes", "--skip-preview", check=False)
        mend()
        (error,) = errors(told)
        assert error.startswith("error: proxy: after 2 failed attempts: ")
        assert said in error
        assert len(bastion.led_to) == before
        assert (deployment.live(), deployment.service_pid(), deployment.managers()) == (live, pid, managers)

        keep(f"up after {said}", "up", "--yes", "--skip-preview")
        assert len(bastion.led_to) > before
        live = deployment.live()
        assert f"limit = {limit}\n" in live
        assert (deployment.service_pid(), deployment.managers()) == (pid, managers)
        deployment.up("--expect-no-changes")

    keep("preview", "preview", "--diff", "--show-full-output", "--json")
    keep("outputs", "stack", "output", "--json")
    keep("exported state", "stack", "export")
    state = deployment.cloud.folder / "state"
    texts["state files"] = "".join(path.read_text() for path in state.rglob("*.json"))
    texts["on the manager"] = deployment.host().run("cat $(find /etc/gitlab-runner /root/.ssh -type f)")
    mend, before = down(bastion), len(bastion.led_to)
    (error,) = errors(keep("destroy without it", "destroy", "--yes", "--skip-preview", check=False))
    assert "proxy: after 2 failed attempts: dial tcp" in error
    assert (deployment.live(), deployment.service_pid(), deployment.managers()) == (live, pid, managers)
    mend()
    keep("destroy", "destroy", "--yes", "--skip-preview", *VERBOSE)
    assert {*bastion.led_to[before:]} == {manager}
    texts["arguments of every process on the manager"] = exec_log.read_text()
    secret = private.splitlines()[2]
    assert places_with(secret, texts) == []
    assert control.leftovers(deployment.cloud) == []
