"""Sealing a text for one manager, so that nothing between the program and that manager ever holds it in clear.

A secret property is encrypted in the state, but the engine writes it in clear into its log at high verbosity, as it
does with every property. What is sealed here only the manager can open, with a key that never leaves it.

Diffie-Hellman over a group of RFC 3526, as integrated encryption. The sender's half of the exchange is drawn from the
text itself, not from chance: the same text for the same manager must give the same sealed text, or each preview would
show a change.
"""

import base64
import hashlib
import hmac

from .manager_tool.unsealing import GENERATOR, GROUP_BYTES, PRIME, keystream


def seal(public_key: str, text: str) -> str:
    """Return `text` in a form that the manager whose public key (hexadecimal) this is can open."""
    theirs, clear = int(public_key, 16), text.encode()
    ours = int.from_bytes(hashlib.sha512(public_key.encode() + b"\0" + clear).digest(), "big")
    stream = keystream(pow(theirs, ours, PRIME), len(clear))
    hidden = bytes(a ^ b for a, b in zip(clear, stream.pad, strict=True))
    half = pow(GENERATOR, ours, PRIME).to_bytes(GROUP_BYTES, "big")
    return base64.b64encode(half + hmac.digest(stream.tag_key, hidden, "sha256") + hidden).decode()
