"""The SSH server of a manager host stand-in: a real one (asyncssh), outside, that runs each command inside."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import asyncssh

LoginCommand = Callable[[str], list[str]]
"""Turns what an SSH client wants executed into the command line that does so on the host."""

USERS = ("ubuntu", "root")

_CHUNK = 65536
_PASSES = 3
"""How often a process group is gone through for processes that were started meanwhile."""

_Reader = asyncssh.SSHReader[bytes]
_Writer = asyncssh.SSHWriter[bytes]


class SshServer:
    """Serves one host. All methods must be called on the event loop that it was started on."""

    def __init__(self, listener: asyncssh.SSHAcceptor, connections: "_Connections") -> None:
        self._listener = listener
        self._connections = connections

    @classmethod
    async def start(
        cls,
        address: str,
        port: int,
        host_key: asyncssh.SSHKey,
        authorized_key: str,
        login: LoginCommand,
        *,
        hangs_up: bool = True,
    ) -> "SshServer":
        """Listen at `address`. `authorized_key` is a line as in authorized_keys. Raises OSError if that is taken.

        With `hangs_up` a command ends with its connection. OpenSSH lets one without a terminal continue.
        """
        connections = _Connections(asyncssh.import_public_key(authorized_key), login, hangs_up)
        listener = await asyncssh.listen(
            address,
            port,
            server_host_keys=[host_key],
            server_factory=lambda: _Login(connections),
            password_auth=False,
            kbdint_auth=False,
            gss_host=None,
            config=None,
        )
        return cls(listener, connections)

    async def close(self) -> None:
        """Drop all connections and refuse new ones."""
        self._listener.close()
        await self._listener.wait_closed()
        await self._connections.close()


class _Connections:
    """What the connections of one server share, and what has to end with it."""

    def __init__(self, authorized_key: asyncssh.SSHKey, login: LoginCommand, hangs_up: bool) -> None:
        self.authorized_key = authorized_key
        self.login = login
        self.hangs_up = hangs_up
        self.open: set[asyncssh.SSHServerConnection] = set()
        self.commands: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for connection in list(self.open):
            connection.abort()
            await connection.wait_closed()
        await asyncio.gather(*self.commands, return_exceptions=True)


class _Login(asyncssh.SSHServer):
    def __init__(self, connections: _Connections) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.open.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.open.discard(self._connection)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username in USERS and key.public_data == self._connections.authorized_key.public_data

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True  # like sshd by default: the host may serve as a bastion

    def session_requested(self) -> Any:
        channel = self._connection.create_server_channel(encoding=None)
        # Like sshd without AcceptEnv. asyncssh has no setting for it, and would accept any variable.
        vars(channel)["_process_env_request"] = lambda _: False
        return channel, self._run

    def _run(self, stdin: _Reader, stdout: _Writer, stderr: _Writer) -> None:
        session = _execute(stdout.channel, stdin, stdout, stderr, self._connections)
        task = asyncio.get_running_loop().create_task(session)
        self._connections.commands.add(task)
        task.add_done_callback(self._connections.commands.discard)


async def _execute(channel: Any, stdin: _Reader, stdout: _Writer, stderr: _Writer, shared: _Connections) -> None:
    try:
        command = await asyncio.create_subprocess_exec(
            *shared.login(channel.get_command() or "exec sh"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:  # a command of more than 128 KiB, most likely
        stderr.write(f"sh: {error.strerror}\n".encode())
        channel.exit(1)
        return
    # They are there, because they are pipes; the types can't say so.
    source = cast(asyncio.StreamWriter, command.stdin)
    output, errors = cast(asyncio.StreamReader, command.stdout), cast(asyncio.StreamReader, command.stderr)
    feeding = asyncio.ensure_future(_feed(stdin, source))
    # Like sshd, wait for whoever holds the output streams open, not for the command alone.
    ended = asyncio.gather(_copy(output, stdout), _copy(errors, stderr), command.wait())
    gone = asyncio.ensure_future(channel.wait_closed())
    await asyncio.wait({ended, gone}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done() and shared.hangs_up:
        _hang_up(command.pid)
    elif not ended.done():
        _forsake(command)
    *_, status = await ended
    if status < 0:
        channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        channel.exit(status)
    feeding.cancel()
    await asyncio.wait({feeding, gone})


def _forsake(command: asyncio.subprocess.Process) -> None:
    """Close the streams of a command: what it prints from now on fails with EPIPE, and its input ends."""
    transport: asyncio.SubprocessTransport = vars(command)["_transport"]
    for number in range(3):
        if pipe := transport.get_pipe_transport(number):
            pipe.close()


def _hang_up(group: int) -> None:
    """Signal a command's process group, but not the processes outside the host that wait for it.

    Without those, nobody might reap what ends inside, and the host could not end before that is done.
    """
    signalled: set[int] = set()
    for _ in range(_PASSES):
        for pid in _inside(group) - signalled:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
            signalled.add(pid)


def _inside(group: int) -> set[int]:
    outside = os.stat("/proc/self/ns/pid").st_ino
    members = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(ProcessLookupError, FileNotFoundError, PermissionError):
            if os.getpgid(int(name)) == group and os.stat(f"/proc/{name}/ns/pid").st_ino != outside:
                members.add(int(name))
    return members


async def _feed(source: _Reader, target: asyncio.StreamWriter) -> None:
    # A command need not read its input to the end, nor the client stay to send it.
    try:
        with suppress(OSError, asyncssh.Error):
            while data := await source.read(_CHUNK):
                target.write(data)
                await target.drain()
    finally:
        target.close()


async def _copy(source: asyncio.StreamReader, target: _Writer) -> None:
    while data := await source.read(_CHUNK):
        with suppress(OSError, asyncssh.Error):  # nobody is there to read it any more
            target.write(data)
            await target.drain()
