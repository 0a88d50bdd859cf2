"""The key pair of a machine."""

from __future__ import annotations

import base64
import secrets
import shutil
import subprocess
from pathlib import Path

from ..private_files import write_private
from .files import PLACEHOLDER


def make(folder: Path, existing: str) -> str:
    """Copy the key pair at `existing` into `folder`, or make a new one; return the public key. Raises OSError."""
    private = folder / "id_rsa"
    public = private.with_name("id_rsa.pub")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if existing:
        shutil.copy(existing, private)
        shutil.copy(f"{existing}.pub", public)
    elif shutil.which("ssh-keygen"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(private)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    else:
        write_private(private, PLACEHOLDER)
        public.write_text(_random_public_key(), encoding="utf-8")
    private.chmod(0o600)
    return public.read_text(encoding="utf-8")


def _random_public_key() -> str:
    """A key in the right form that nobody has the other half of."""
    kind = b"ssh-ed25519"
    parts = (kind, secrets.token_bytes(32))
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{kind.decode()} {base64.b64encode(blob).decode()}\n"
