"""The fingerprints of OpenPGP keys, as gpg prints them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..host import run


def fingerprints(text: str) -> list[str]:
    """Return those of all primary keys in an armored text, in capitals; none for what gpg takes for no key.

    Raises `StepError` where gpg is missing.
    """
    with tempfile.TemporaryDirectory() as home:
        keys = Path(home, "keys.asc")
        keys.write_text(text)
        _, output = run("gpg", "--homedir", home, "--batch", "--show-keys", "--with-colons", str(keys), check=False)
    # Colons: https://github.com/gpg/gnupg/blob/master/doc/DETAILS. Each key's record is followed by its fingerprint's.
    found, of = [], ""
    for line in output.splitlines():
        kind, *fields = line.split(":")
        if kind == "fpr" and of == "pub":
            found.append(fields[8])
        of = kind
    return found
