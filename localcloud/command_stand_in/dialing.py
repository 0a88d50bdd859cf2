"""Stand-in for pulumi-command: SSH connections by a resource's `connection`, dialled until the host answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncssh

from . import go_text
from .engine_log import EngineLog
from .errors import CommandError

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 2.0


@asynccontextmanager
async def dialled(endpoint: dict[str, Any], log: EngineLog) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Connect to `endpoint`, a checked `connection` without secret wrappers; raises `CommandError`."""
    hops = [endpoint["proxy"], endpoint] if "proxy" in endpoint else [endpoint]
    opened: list[asyncssh.SSHClientConnection] = []
    try:
        for hop in hops:
            try:
                opened.append(await _dial(hop, log, *opened))
            except CommandError as error:
                raise CommandError(f"proxy: {error}" if "proxy" in endpoint else str(error)) from None
        yield opened[-1]
    finally:
        for connection in reversed(opened):
            connection.close()
            await connection.wait_closed()


async def _dial(
    endpoint: dict[str, Any], log: EngineLog, through: asyncssh.SSHClientConnection | None = None
) -> asyncssh.SSHClientConnection:
    options = _options(endpoint)

    async def once() -> asyncssh.SSHClientConnection:
        address = (endpoint["host"], int(endpoint["port"]))
        return await asyncssh.connect(*address, tunnel=through or (), config=None, **options)

    return await _retried(once, endpoint, log)


async def _retried(
    dial: Callable[[], Awaitable[asyncssh.SSHClientConnection]], endpoint: dict[str, Any], log: EngineLog
) -> asyncssh.SSHClientConnection:
    """The limit counts failures that are followed by one more attempt, as in the real provider; -1 means no limit."""
    limit = int(endpoint["dialErrorLimit"])
    wait = _FIRST_WAIT_SECONDS
    failures = 0
    while True:
        try:
            return await dial()
        except (OSError, asyncssh.Error) as error:
            reason = _reason(error, endpoint)
        if failures == limit:
            raise CommandError(f"after {failures} failed attempts: {reason}")
        failures += 1
        log.status(f"Dial {failures}/{'inf' if limit < 0 else limit} failed: retrying")
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
    if isinstance(error, OSError):
        return go_text.dial_error(error, endpoint["host"], int(endpoint["port"]))
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "ssh: handshake failed: ssh: host key mismatch"
    if isinstance(error, asyncssh.PermissionDenied):
        ways = {"privateKey": "publickey", "password": "password"}
        tried = " ".join(["none", *(way for key, way in ways.items() if endpoint.get(key))])
        text = f"unable to authenticate, attempted methods [{tried}], no supported methods remain"
        return f"ssh: handshake failed: ssh: {text}"
    return "ssh: handshake failed: EOF"
