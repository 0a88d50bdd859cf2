"""Opening what was sealed for this manager, with a key that never leaves it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

from .host import STAGED, StepError, write

SEALING_KEY = STAGED / "sealing.key"

GROUP_BYTES = 256
GENERATOR = 2
PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""The 2048-bit group of RFC 3526, section 3."""


class Keystream(NamedTuple):
    """What a shared number yields: the bytes that hide a text, and the key of its authentication tag."""

    pad: bytes
    tag_key: bytes


def keystream(shared: int, length: int) -> Keystream:
    """Derive the keystream for a text of `length` bytes."""
    stream = hashlib.shake_256(shared.to_bytes(GROUP_BYTES, "big")).digest(32 + length)
    return Keystream(stream[32:], stream[:32])


_FOR_ANOTHER = (
    "the secrets arrived altered, or were sealed for another manager; nothing was changed. Have this one's key read "
    "again: pulumi up --replace '**-registration-key'"
)


def show_key() -> None:
    """Print the public key for which secrets are sealed; its private half is made once and stays here."""
    if not SEALING_KEY.exists():
        write(SEALING_KEY, secrets.token_hex(64))
    print(f"{pow(GENERATOR, int(SEALING_KEY.read_text(), 16), PRIME):x}")


def unseal(sealed: str) -> str:
    """Return the text that was sealed for this manager."""
    content = base64.b64decode(sealed)
    half, tag, hidden = content[:GROUP_BYTES], content[GROUP_BYTES : GROUP_BYTES + 32], content[GROUP_BYTES + 32 :]
    if not SEALING_KEY.exists():
        raise StepError(_FOR_ANOTHER)
    shared = pow(int.from_bytes(half, "big"), int(SEALING_KEY.read_text(), 16), PRIME)
    stream = keystream(shared, len(hidden))
    if not hmac.compare_digest(tag, hmac.digest(stream.tag_key, hidden, "sha256")):
        raise StepError(_FOR_ANOTHER)
    return bytes(a ^ b for a, b in zip(hidden, stream.pad)).decode()
