"""Private keys as the plugin takes and makes them, as far as their public half is needed."""

from __future__ import annotations

import base64
import os
import re

_OPENSSH = b"openssh-key-v1\0"
_GENERATED = "-----BEGIN KEY OF THE STAND-IN-----"


class KeyUnreadableError(Exception):
    """A key that can't be read."""


def public_half(private: str) -> str:
    """The public key in the form of authorized_keys. Raises `KeyUnreadableError`."""
    found = re.search(r"-----BEGIN ([A-Z -]+)-----\s+([A-Za-z0-9+/=\s]+)-----END", private)
    if found is None:
        raise KeyUnreadableError("ssh: no key found")
    content = base64.b64decode("".join(found[2].split()))
    if found[1] in ("OPENSSH PRIVATE KEY", "KEY OF THE STAND-IN"):
        blob = content if found[1] == "KEY OF THE STAND-IN" else _of_openssh(content)
    elif found[1] == "RSA PRIVATE KEY":
        _, modulus, exponent = _integers(content)[:3]
        blob = _packed(b"ssh-rsa") + _packed(exponent) + _packed(modulus)
    else:
        raise KeyUnreadableError(f'ssh: unsupported key type "{found[1]}"')
    kind = _unpacked(blob)[0].decode()
    return f"{kind} {base64.b64encode(blob).decode()}"


def generate() -> str:
    """A key of RSA's size, of which there is but the public half: nobody logs in with it."""
    modulus = b"\0" + b"\x80" + os.urandom(511)
    blob = _packed(b"ssh-rsa") + _packed(b"\1\0\1") + _packed(modulus)
    return f"{_GENERATED}\n{base64.b64encode(blob).decode()}\n-----END KEY OF THE STAND-IN-----\n"


def _of_openssh(content: bytes) -> bytes:
    """PROTOCOL.key of OpenSSH: cipher, its key's derivation and options, a count, then the public key."""
    if not content.startswith(_OPENSSH):
        raise KeyUnreadableError("ssh: invalid openssh private key format")
    rest = content[len(_OPENSSH) :]
    cipher, rest = _unpacked(rest)
    if cipher != b"none":
        raise KeyUnreadableError("ssh: this private key is passphrase protected")
    for _ in range(2):
        _, rest = _unpacked(rest)
    return _unpacked(rest[4:])[0]


def _packed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _unpacked(content: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(content[:4], "big")
    return content[4 : 4 + size], content[4 + size :]


def _integers(content: bytes) -> list[bytes]:
    """The integers of a DER sequence."""
    body, _ = _der(content)
    found = []
    while body:
        value, body = _der(body)
        found.append(value)
    return found


def _der(content: bytes) -> tuple[bytes, bytes]:
    length, start = content[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(content[2:start], "big")
    return content[start : start + length], content[start + length :]
