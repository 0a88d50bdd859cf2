"""The files that creating a machine writes. The certificates are placeholders: nothing is ever reached with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..private_files import write_private
from .store import Store

PLACEHOLDER = "placeholder of the stand-in for docker-machine\n"
_CERTIFICATES = ("ca.pem", "ca-key.pem", "cert.pem", "key.pem")
_SERVER_FILES = ("ca.pem", "cert.pem", "key.pem", "server.pem", "server-key.pem")


def save(document: Mapping[str, Any], store: Store) -> None:
    """Write a machine's `config.json`, which may hold AWS keys."""
    path = store.machine_folder(document["Name"]) / "config.json"
    write_private(path, json.dumps(document, indent=4) + "\n")


def prepare_certificates(store: Store) -> None:
    """Make the certificates that all machines share, at the first creation."""
    for name in _CERTIFICATES:
        path = store.folder / "certs" / name
        if not path.exists():
            write_private(path, PLACEHOLDER)


def write_server_files(name: str, store: Store) -> None:
    """Put what provisioning would bring to the machine into its folder."""
    for file in _SERVER_FILES:
        write_private(store.machine_folder(name) / file, PLACEHOLDER)
