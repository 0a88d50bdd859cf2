"""The machines that docker-machine keeps on disk, and which of them are being talked to."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...host import ENVIRONMENT

_DOCKER_PORT = 2376
_ESTABLISHED = "01"


class Folder(NamedTuple):
    """One machine of docker-machine's."""

    name: str
    instance: str
    """Its instance's id; empty as long as EC2 has not said one."""
    changed: float
    """When docker-machine last wrote its `config.json`, or else the folder, in seconds since 1970."""
    addresses: tuple[str, ...] = ()
    on_ec2: bool = True
    readable: bool = True
    """Whether its `config.json` could be read."""


def folders() -> Iterator[Folder]:
    """All machines, without asking docker-machine: it would ask EC2 for each."""
    path = Path(ENVIRONMENT.get("MACHINE_STORAGE_PATH") or f"{ENVIRONMENT['HOME']}/.docker/machine") / "machines"
    for entry in os.scandir(path) if path.is_dir() else ():
        file = Path(entry.path, "config.json")
        try:
            changed, content = file.stat().st_mtime, json.loads(file.read_bytes())
            driver = content["Driver"]
            addresses = tuple(str(driver[key]) for key in ("IPAddress", "PrivateIPAddress") if driver.get(key))
            on_ec2 = content.get("DriverName") == "amazonec2"
            yield Folder(entry.name, str(driver.get("InstanceId") or ""), changed, addresses, on_ec2)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            # docker-machine is about to write it, or to remove it; or it is damaged, and stays so.
            if (touched := _last_change(file)) is not None:
                yield Folder(entry.name, "", touched, readable=False)


def _last_change(file: Path) -> float | None:
    for path in (file, file.parent):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return None


def talked_to() -> set[str]:
    """The IPv4 addresses to whose Docker this host has a connection: while a job runs there is one."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, state = line.split()[:4]
        address, port = remote.split(":")
        if state == _ESTABLISHED and int(port, 16) == _DOCKER_PORT:
            found.add(socket.inet_ntoa(struct.pack("<I", int(address, 16))))
    return found
