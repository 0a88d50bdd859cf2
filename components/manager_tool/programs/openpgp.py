"""The fingerprints of OpenPGP keys: not every image has a gpg that could tell them.

Follows RFC 4880: armor in section 6.2, packet headers in 4.2, fingerprints in 12.2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

_BLOCK = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[^\n]+\n)*\n(.*?)\n(?:=[^\n]*\n)?-----END PGP PUBLIC KEY BLOCK-----",
    re.DOTALL,
)
_PUBLIC_KEY = 6
_OLD_LENGTHS = {0: 1, 1: 2, 2: 4}


def fingerprints(text: str) -> list[str]:
    """Return those of all primary keys in an armored text, in capitals. Raises ValueError for what is no such text."""
    found = []
    for block in _BLOCK.findall(text.replace("\r", "")):
        try:
            content = base64.b64decode(block, validate=False)
            for tag, body in _packets(content):
                if tag == _PUBLIC_KEY:
                    head = b"\x99" + len(body).to_bytes(2, "big")
                    found.append(hashlib.sha1(head + body).hexdigest().upper())  # noqa: S324 - RFC 4880 says so
        except (binascii.Error, IndexError, KeyError, OverflowError) as error:
            raise ValueError("is no OpenPGP key") from error
    return found


def _packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        first = content[at]
        if first & 0x40:
            tag, (start, length) = first & 0x3F, _new_length(content, at + 1)
        else:
            size = _OLD_LENGTHS[first & 3]
            tag, start = first >> 2 & 0xF, at + 1 + size
            length = int.from_bytes(content[at + 1 : start], "big")
        at = start + length
        yield tag, content[start:at]


def _new_length(content: bytes, at: int) -> tuple[int, int]:
    """Where the body starts, and its length."""
    first = content[at]
    if first < 192:
        return at + 1, first
    if first < 224:
        return at + 2, (first - 192 << 8) + content[at + 1] + 192
    if first < 255:
        raise KeyError("a key has no partial lengths")
    return at + 5, int.from_bytes(content[at + 1 : at + 5], "big")
