"""What docker-machine keeps on disk: certificates, and a folder with `config.json` and keys for each machine.

The certificates are placeholders: nothing is ever reached with them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..private_files import write_private

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-.]*")
_CERTIFICATES = ("ca.pem", "ca-key.pem", "cert.pem", "key.pem")
_SERVER_FILES = ("ca.pem", "cert.pem", "key.pem", "server.pem", "server-key.pem")
_PLACEHOLDER = "placeholder of the stand-in for docker-machine\n"


class MachineMissingError(Exception):
    """No machine of this name is known here."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f'Docker machine "{name}" does not exist. Use "docker-machine ls" to list machines. '
            'Use "docker-machine create" to add a new one.'
        )


class MachineDamagedError(Exception):
    """A machine has a folder, but no `config.json` that can be read."""


class Store:
    """The folder of all machines: MACHINE_STORAGE_PATH, or .docker/machine in the home folder."""

    def __init__(self, folder: str = "") -> None:
        self.folder = Path(folder or Path(os.environ.get("HOME", "/")) / ".docker" / "machine")

    def machine_folder(self, name: str) -> Path:
        """Where a machine's files are."""
        return self.folder / "machines" / name

    def names(self) -> list[str]:
        """All folders of machines, in alphabetical order; what can be read of them is another question.

        Source: `Filestore.List` in libmachine/persist/filestore.go of docker/machine.
        """
        machines = self.folder / "machines"
        return sorted(path.name for path in machines.glob("*/") if not path.name.startswith("."))

    def exists(self, name: str) -> bool:
        """Whether there is such a machine."""
        return (self.machine_folder(name) / "config.json").exists()

    def load(self, name: str) -> dict[str, Any]:
        """A machine's `config.json`. Raises `MachineMissingError` and `MachineDamagedError`."""
        path = self.machine_folder(name) / "config.json"
        if not NAME.fullmatch(name) or not path.parent.is_dir():
            raise MachineMissingError(name)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found, dict) and isinstance(found.get("Driver"), dict):
                return found
        except FileNotFoundError:
            raise MachineDamagedError(f"open {path}: no such file or directory") from None
        except ValueError:
            pass
        raise MachineDamagedError("Error getting migrated host: unexpected end of JSON input")

    def save(self, document: Mapping[str, Any]) -> None:
        """Write a machine's `config.json`, which may hold AWS keys."""
        path = self.machine_folder(document["Name"]) / "config.json"
        write_private(path, json.dumps(document, indent=4) + "\n")

    def remove(self, name: str) -> None:
        """Forget a machine; a name that none can have is left alone, as it might lead out of the folder."""
        if NAME.fullmatch(name):
            shutil.rmtree(self.machine_folder(name), ignore_errors=True)

    def prepare_certificates(self) -> None:
        """Make the certificates that all machines share, at the first creation."""
        for name in _CERTIFICATES:
            path = self.folder / "certs" / name
            if not path.exists():
                write_private(path, _PLACEHOLDER)

    def write_server_files(self, name: str) -> None:
        """Put what provisioning would bring to the machine into its folder."""
        for file in _SERVER_FILES:
            write_private(self.machine_folder(name) / file, _PLACEHOLDER)

    def make_key(self, name: str, existing: str) -> str:
        """Copy the key pair at `existing`, or make a new one; return the public key. Raises OSError."""
        private = self.machine_folder(name) / "id_rsa"
        public = private.with_name("id_rsa.pub")
        private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if existing:
            shutil.copy(existing, private)
            shutil.copy(f"{existing}.pub", public)
        elif shutil.which("ssh-keygen"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(private)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        else:
            write_private(private, _PLACEHOLDER)
            public.write_text(_random_public_key(), encoding="utf-8")
        private.chmod(0o600)
        return public.read_text(encoding="utf-8")


def _random_public_key() -> str:
    """A key in the right form that nobody has the other half of."""
    kind = b"ssh-ed25519"
    parts = (kind, secrets.token_bytes(32))
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{kind.decode()} {base64.b64encode(blob).decode()}\n"
