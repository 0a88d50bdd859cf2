"""Stand-in for pulumi-command: SSH connections by a resource's `connection`, dialled until the host answers.

Source: `Dial` in provider/pkg/provider/remote/connection.go of pulumi-command 1.2.1.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from . import go_text
from .engine_log import EngineLog
from .errors import CommandError

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 2.0
_BROKEN_OFF = "ssh: handshake failed: EOF"

_Dial = Callable[[], Awaitable[asyncssh.SSHClientConnection]]


class _HandshakeError(Exception):
    """Two that are connected do not come to terms."""


@asynccontextmanager
async def dialled(endpoint: dict[str, Any], log: EngineLog) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Connect to `endpoint`, a checked `connection` without secret wrappers; raises `CommandError`."""
    opened: list[asyncssh.SSHClientConnection] = []
    options = _options(endpoint)
    try:
        if "proxy" not in endpoint:
            opened.append(await _retried("Dial", _dialling(endpoint, options), endpoint, log))
        else:
            try:
                await _dial_through(endpoint, options, opened, log)
            except CommandError as error:
                raise CommandError(f"proxy: {error}") from None
        yield opened[-1]
    finally:
        for connection in reversed(opened):
            connection.close()
            await connection.wait_closed()


async def _dial_through(
    endpoint: dict[str, Any], options: dict[str, Any], opened: list[asyncssh.SSHClientConnection], log: EngineLog
) -> None:
    proxy = endpoint["proxy"]
    opened.append(await _retried("Dial proxy", _dialling(proxy, _options(proxy)), proxy, log))
    through, failed = opened[0], list[str]()

    async def once() -> asyncssh.SSHClientConnection | None:
        try:
            return await _dialling(endpoint, options, through)()
        except asyncssh.ChannelOpenError:
            raise
        except (OSError, asyncssh.Error) as error:
            failed.append(_reason(error, endpoint))
            return None

    connection = await _retried("Dial from proxy", once, endpoint, log)
    if connection is not None:
        opened.append(connection)
        return

    async def again() -> None:
        # The provider retries over the connection that the first failure has closed.
        raise _HandshakeError(failed.pop() if failed else _BROKEN_OFF)

    await _retried("Dial", again, endpoint, log)


def _dialling(
    endpoint: dict[str, Any], options: dict[str, Any], through: asyncssh.SSHClientConnection | None = None
) -> _Dial:
    async def once() -> asyncssh.SSHClientConnection:
        address = (endpoint["host"], int(endpoint["port"]))
        return await asyncssh.connect(*address, tunnel=through or (), config=None, **options)

    return once


async def _retried(what: str, dial: Callable[[], Awaitable[Any]], endpoint: dict[str, Any], log: EngineLog) -> Any:
    """The limit counts failures that are followed by one more attempt, as in the real provider; -1 means no limit."""
    limit = int(endpoint["dialErrorLimit"])
    wait = _FIRST_WAIT_SECONDS
    failures = 0
    while True:
        try:
            return await dial()
        except (OSError, asyncssh.Error, _HandshakeError) as error:
            reason = _reason(error, endpoint)
        if failures == limit:
            raise CommandError(f"after {failures} failed attempts: {reason}")
        failures += 1
        log.status(f"{what} {failures}/{'inf' if limit < 0 else limit} failed: retrying")
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, _LONGEST_WAIT_SECONDS)


def _options(endpoint: dict[str, Any]) -> dict[str, Any]:
    trusted = endpoint.get("hostKey")
    key = endpoint.get("privateKey")
    try:
        keys = [asyncssh.import_private_key(key, endpoint.get("privateKeyPassword"))] if key else []
        known_hosts: Any = ([asyncssh.import_public_key(trusted)], [], []) if trusted else None
    except asyncssh.KeyEncryptionError:
        raise CommandError("ssh: this private key is passphrase protected") from None
    except asyncssh.KeyImportError:
        raise CommandError("ssh: no key found") from None
    return {
        "username": endpoint["user"],
        "password": endpoint.get("password"),
        "client_keys": keys or None,
        "agent_path": endpoint.get("agentSocketPath"),
        "known_hosts": known_hosts,
        # Otherwise a server without a key of the trusted key's type would fail as an incompatible one.
        "server_host_key_algs": "default",
        "connect_timeout": endpoint["perDialTimeout"] or None,
    }


def _reason(error: Exception, endpoint: dict[str, Any]) -> str:
    if isinstance(error, _HandshakeError):
        return str(error)
    if isinstance(error, asyncssh.ChannelOpenError):
        return f"ssh: rejected: connect failed ({error.reason})"
    if isinstance(error, OSError):
        return go_text.dial_error(error, endpoint["host"], int(endpoint["port"]))
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "ssh: handshake failed: ssh: host key mismatch"
    if isinstance(error, asyncssh.PermissionDenied):
        ways = {"privateKey": "publickey", "password": "password"}
        tried = " ".join(["none", *(way for key, way in ways.items() if endpoint.get(key))])
        text = f"unable to authenticate, attempted methods [{tried}], no supported methods remain"
        return f"ssh: handshake failed: ssh: {text}"
    return _BROKEN_OFF
