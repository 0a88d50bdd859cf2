"""Stand-in for ssh: the command line."""

from __future__ import annotations

import getopt
import http.client
import json
import os
import re
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

_OPTIONS = "46AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:"
_SHORT = {"-l": "user", "-p": "port", "-i": "identityfile"}
_FAILED = 255
_TAKES_ANY_HOST = ("no", "off", "accept-new")
_ASK_AGAIN_SECONDS = 0.2
_ATTEMPT_SECONDS = 1.0
"""How long one dial of nobody takes; a real one takes as long as ConnectTimeout lets it."""


class _Call(NamedTuple):
    address: str
    user: str
    port: int
    keys: list[str]
    """Files of private keys."""
    takes_any_host: bool
    command: str


def main() -> None:
    """Do what the command line says."""
    call = _read(sys.argv[1:])
    answer = call and _ask(call)
    if call is None or answer is None:
        _real()
    while answer["outcome"] == "exit" and answer["code"] < 0:
        time.sleep(_ASK_AGAIN_SECONDS)
        answer = _ask(call) or {"outcome": "timeout"}
    sys.exit(_end(call, answer))


def _read(arguments: list[str]) -> _Call | None:
    """Return what is asked for; None where it is not a login by an address."""
    try:
        options, rest = getopt.getopt(arguments, _OPTIONS)
        # Options may stand behind the destination too.
        destination, more, words = rest[0], *getopt.getopt(rest[1:], _OPTIONS)
    except (getopt.GetoptError, IndexError):
        return None
    user, _, address = destination.rpartition("@")
    try:
        ip_address(address)
    except ValueError:
        return None
    # Of several the first counts, but for keys.
    settings: dict[str, list[str]] = {}
    for option, value in [*options, *more]:
        found = re.fullmatch(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)", value) if option == "-o" else None
        name = found[1].lower() if found else _SHORT.get(option)
        if name:
            settings.setdefault(name, []).append(found[2] if found else value)

    def first(key: str, default: str) -> str:
        return settings.get(key, [default])[0]

    return _Call(
        address=address,
        user=user or first("user", "root"),
        port=int(first("port", "22")),
        keys=settings.get("identityfile", []),
        takes_any_host=first("stricthostkeychecking", "ask") in _TAKES_ANY_HOST,
        command=" ".join(words),
    )


def _ask(call: _Call) -> dict[str, Any] | None:
    """Return how it ends; None where the address is no such instance's."""
    where = urlsplit(os.environ.get("AWS_ENDPOINT_URL") or "")
    own = re.search(r"/imds/(i-\w+)", os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", ""))
    if not where.hostname or own is None:
        return None
    asked = {
        "user": call.user,
        "keys": [public for path in call.keys if (public := _public(path))],
        "port": call.port,
        "address": call.address,
        "from": own[1],
        "command": call.command,
    }
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    try:
        connection.request("POST", f"/-/stand-in/workers/{call.address}/ssh", json.dumps(asked))
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException):
        return {"outcome": "timeout"}
    finally:
        connection.close()
    return answer if response.status == 200 else None


def _public(path: str) -> str:
    """Return the base64 part of a key's public half; nothing where ssh would not use the key.

    That is so where others may read the file, or a passphrase is wanted.
    """
    command = ["ssh-keygen", "-y", "-P", "", "-f", path]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return shown.stdout.split()[1] if shown.returncode == 0 else ""


def _end(call: _Call, answer: dict[str, Any]) -> int:
    outcome = answer["outcome"]
    at = f"ssh: connect to host {call.address} port {call.port}"
    if outcome == "timeout":
        time.sleep(_ATTEMPT_SECONDS)
        return _failed(f"{at}: Connection timed out")
    if outcome == "refused":
        return _failed(f"{at}: Connection refused")
    if not call.takes_any_host:
        return _failed("Host key verification failed.")
    if outcome == "handshake":
        return _failed(f"{call.user}@{call.address}: Permission denied (publickey).")
    if answer["text"]:
        print(answer["text"], file=sys.stderr if answer["code"] else sys.stdout)
    return int(answer["code"])


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return _FAILED


def _real() -> NoReturn:
    own = Path(sys.argv[0]).resolve()
    for folder in os.get_exec_path():
        program = Path(folder, "ssh")
        if program.resolve() != own and os.access(program, os.X_OK):
            os.execv(program, ["ssh", *sys.argv[1:]])
    print("ssh (stand-in): this machine has no ssh", file=sys.stderr)
    sys.exit(127)
