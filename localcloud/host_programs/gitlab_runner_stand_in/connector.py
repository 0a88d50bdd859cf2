"""Reaching an instance by SSH: connector/ssh.go of fleeting, with its errors.

Nobody listens there. So the emulated AWS is asked how it would end; see `auto_scaling_stand_in/workers.py`.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_SSH_PORT = 22
_TRIES, _PAUSE_SECONDS = 30, 2.0
_TIMEOUT_SECONDS = 600.0
_ASK_AGAIN_SECONDS = 0.2
_ATTEMPT_SECONDS = 1.0
"""How long one dial of nobody takes; a real one takes as long as the operating system lets it."""

Info = Mapping[str, Any]


class ConnectError(Exception):
    """An instance can't be reached, or what was run there failed."""


class Connection:
    """An instance that was reached once."""

    def __init__(self, info: Info, *, external: bool) -> None:
        """Dial, again and again as long as that may help. Raises `ConnectError`."""
        self._info = info
        internal, public = info.get("internal_addr") or "", info.get("external_addr") or ""
        self._address = public if external and (public or not internal) else internal
        deadline = time.monotonic() + float(info.get("timeout") or _TIMEOUT_SECONDS)
        tried, problem = 0, ""
        for tried in range(_TRIES):  # noqa: B007 - it is told afterwards
            if info.get("expires") and time.time() > info["expires"]:
                raise ConnectError("connect info expired")
            problem = self._problem()
            if not problem:
                return
            if not re.search(r"handshake failed|i/o timeout", problem) or time.monotonic() >= deadline:
                break
            time.sleep(min(_PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
        raise ConnectError(f"dial ssh: after retrying {tried} times: {problem}")

    def run(self, command: str) -> None:
        """Run a command. Raises `ConnectError` where its exit code is not 0."""
        answer = self._ask(command)
        while answer.get("outcome") == "exit" and answer["code"] < 0:
            time.sleep(_ASK_AGAIN_SECONDS)
            answer = self._ask(command)
        if answer.get("outcome") != "exit":
            raise ConnectError("EOF")
        if answer["code"] != 0:
            raise ConnectError(f"Process exited with status {answer['code']} ({answer['text']})")

    def is_open(self) -> bool:
        """Whether the instance still answers; a key that was good for a minute need not be any more."""
        return self._ask("true").get("outcome") in ("exit", "handshake")

    def _problem(self) -> str:
        at = f"{self._address}:{self._port}"
        outcome = self._ask("true")["outcome"]
        if outcome == "timeout":
            time.sleep(_ATTEMPT_SECONDS)
            return f"dial tcp {at}: i/o timeout"
        if outcome == "refused":
            return f"dial tcp {at}: connect: connection refused"
        if outcome == "handshake":
            return (
                "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported "
                "methods remain"
            )
        return ""

    @property
    def _port(self) -> int:
        return int(self._info.get("protocol_port") or 0) or _SSH_PORT

    def _ask(self, command: str) -> dict[str, Any]:
        asked = {
            "user": self._info.get("username"),
            "keys": self._info.get("public_keys") or [],
            "port": self._port,
            "address": self._address,
            "from": _own_instance(),
            "command": command,
        }
        where = urlsplit(os.environ.get("AWS_ENDPOINT_URL") or "")
        if not where.hostname:
            return {"outcome": "timeout"}
        connection = http.client.HTTPConnection(where.netloc, timeout=60)
        try:
            connection.request("POST", f"/-/stand-in/workers/{self._info['id']}/ssh", json.dumps(asked))
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException):
            return {"outcome": "timeout"}
        finally:
            connection.close()
        # An instance that nobody knows is an address that does not answer.
        return answer if response.status == 200 else {"outcome": "timeout"}


def _own_instance() -> str:
    """The instance that this runs on, as the local cloud's metadata service has it in its path."""
    found = re.search(r"/imds/(i-\w+)", os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", ""))
    return found[1] if found else ""
