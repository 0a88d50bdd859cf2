"""The machines that docker-machine keeps on disk, and which of them are being talked to."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .host import ENVIRONMENT

_DOCKER_PORT = 2376
_ESTABLISHED = "01"


class Folder(NamedTuple):
    """One machine of docker-machine's."""

    name: str
    instance: str
    """Its instance's id; empty as long as EC2 has not said one."""
    changed: float
    """When docker-machine last wrote its `config.json`, in seconds since 1970."""
    addresses: tuple[str, ...] = ()
    on_ec2: bool = True


def folders() -> Iterator[Folder]:
    """All machines, without asking docker-machine: it would ask EC2 for each."""
    path = Path(ENVIRONMENT.get("MACHINE_STORAGE_PATH") or f"{ENVIRONMENT['HOME']}/.docker/machine") / "machines"
    for entry in os.scandir(path) if path.is_dir() else ():
        try:
            file = Path(entry.path, "config.json")
            changed, content = file.stat().st_mtime, json.loads(file.read_bytes())
            driver = content["Driver"]
            addresses = tuple(driver[key] for key in ("IPAddress", "PrivateIPAddress") if driver.get(key))
            on_ec2 = content.get("DriverName") == "amazonec2"
            yield Folder(entry.name, driver.get("InstanceId") or "", changed, addresses, on_ec2)
        except (OSError, ValueError, KeyError):
            # docker-machine is about to write it, or to remove it.
            yield Folder(entry.name, "", time.time())


def talked_to() -> set[str]:
    """The IPv4 addresses to whose Docker this host has a connection: while a job runs there is one."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, state = line.split()[:4]
        address, port = remote.split(":")
        if state == _ESTABLISHED and int(port, 16) == _DOCKER_PORT:
            found.add(socket.inet_ntoa(struct.pack("<I", int(address, 16))))
    return found
