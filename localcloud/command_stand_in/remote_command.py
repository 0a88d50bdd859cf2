"""Stand-in for pulumi-command: one command on a remote host, over SSH."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncssh
from asyncssh.channel import SSHClientChannel
from asyncssh.packet import SSHPacket, String

from . import go_text
from .dialing import dialled
from .engine_log import EngineLog
from .errors import CommandError

_WINDOW, _PACKET = 2 * 1024 * 1024, 32 * 1024  # bytes; asyncssh's own defaults
_LONGEST_LINE = 65_535
"""Bytes; bufio.Scanner's buffer of 64 KiB holds the end of the line as well."""
_SETENV_FAILED = (
    "Unable to set '{name}'. The SSH server must accept this variable (AcceptEnv). "
    "Or put it before the command: {name}=value command"
)


@dataclass(frozen=True)
class RemoteCommand:
    """What is to be executed, and where."""

    connection: dict[str, Any]
    command: str
    stdin: str
    environment: Mapping[str, str]
    """The command is not started if the server refuses one of these."""

    offered_environment: Mapping[str, str]
    """These the server may refuse; a warning says so."""

    logging: str = "stdoutAndStderr"


@dataclass
class _Output:
    """What the command printed, by stream and in the order of arrival."""

    log: Callable[[str], None]
    logged: frozenset[str]
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    both: bytearray = field(default_factory=bytearray)
    stuck: bool = False
    """Whether a line came that is too long for the reader of the real provider (`LogOutput` in its util.go)."""
    _line: bytearray = field(default_factory=bytearray)

    def add(self, stream: str, data: bytes) -> None:
        getattr(self, stream).extend(data)
        self.both += data
        if stream in self.logged:
            *lines, self._line = (self._line + data).split(b"\n")
            for line in lines:
                self._show(line)
            self.stuck = self.stuck or len(self._line) > _LONGEST_LINE

    def finish(self) -> None:
        if self._line:
            self._show(self._line)

    def _show(self, line: bytearray) -> None:
        self.stuck = self.stuck or len(line) > _LONGEST_LINE
        if not self.stuck:
            self.log(_text(line))


class _Session(asyncssh.SSHClientSession[bytes]):
    def __init__(self, output: _Output) -> None:
        self._output = output
        self.status: int | None = None
        self.signal: str | None = None

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._output.add("stderr" if datatype == asyncssh.EXTENDED_DATA_STDERR else "stdout", data)

    def exit_status_received(self, status: int) -> None:
        self.status = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        self.signal = signal


class _Channel(SSHClientChannel[bytes]):
    """A channel that asks for its environment before the command and minds the answers, which asyncssh doesn't."""

    def __init__(self, connection: asyncssh.SSHClientConnection, command: RemoteCommand, log: EngineLog) -> None:
        super().__init__(connection, asyncio.get_running_loop(), "strict", None, "strict", _WINDOW, _PACKET)
        self._remote_command = command
        self._log = log

    async def _open(self, chantype: bytes, *args: bytes) -> SSHPacket:
        packet = await super()._open(chantype, *args)
        for name, value in sorted(self._remote_command.environment.items()):
            if not await self._make_request(b"env", String(name), String(value)):
                self._log.error(_SETENV_FAILED.format(name=name))
                raise CommandError(f"could not set environment variable {go_text.quote(name)}: ssh: setenv failed")
        for name, value in self._remote_command.offered_environment.items():
            if not await self._make_request(b"env", String(name), String(value)):
                self._log.warning(_SETENV_FAILED.format(name=name))
        return packet

    async def run(self, session: _Session) -> None:
        """Execute the command to its end."""
        command = self._remote_command
        no_terminal: tuple[Any, ...] = (False, None, (), {})
        no_forwarding: tuple[Any, ...] = (False, None, None, False, False)
        await self.create(lambda: session, command.command, None, {}, *no_terminal, *no_forwarding)
        # The command need not wait for its input; sending it ends with the channel.
        if command.stdin:
            self.write(command.stdin.encode())
        self.write_eof()
        await self.wait_closed()


async def execute(command: RemoteCommand, log: EngineLog) -> tuple[str, str]:
    """Return what the command wrote to its two output streams; raises `CommandError` unless it ended with status 0."""
    logged = {"none": (), "stdoutAndStderr": ("stdout", "stderr")}.get(command.logging, (command.logging,))
    output = _Output(log.status, frozenset(logged))
    session = _Session(output)
    async with dialled(command.connection, log) as connection:
        await _Channel(connection, command, log).run(session)
    output.finish()
    if output.stuck:
        raise CommandError(
            f"a line of more than {_LONGEST_LINE} bytes was printed: the real provider reads no further, and waits for "
            "ever for the rest to be read; print shorter lines, or set logging to none"
        )
    if session.status != 0:
        reason = go_text.exit_error(session.status, session.signal)
        raise CommandError(f"{reason}: running {go_text.quote(command.command)}:\n{_text(output.both)}")
    return _text(output.stdout).removesuffix("\n"), _text(output.stderr).removesuffix("\n")


def _text(data: bytes | bytearray) -> str:
    return data.decode(errors="replace")
