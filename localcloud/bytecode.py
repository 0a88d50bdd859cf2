"""Python modules compiled ahead, for programs that are one zip file: Python keeps no cache of what it compiles there.

The stand-ins of a host are called again and again, and most of a call would be compiling.
"""

import marshal
from functools import cache
from importlib.util import MAGIC_NUMBER, source_hash

FIRST_LINE = b"#!/usr/bin/env -S python3 -I -S\n"
"""What such a program begins with: site packages are not needed, and slow to find."""

_UNCHECKED = (1).to_bytes(4, "little")
"""PEP 552: found by its hash, which is not compared with that of the source."""
_WITHOUT_REFERENCES = 2
"""The newest format of marshal in which equal code gives equal bytes."""


@cache
def bytecode(name: str, source: bytes) -> bytes:
    """Return what belongs into a .pyc file beside `source`. A Python of another version passes over it."""
    code = compile(source, name, "exec", dont_inherit=True)
    return MAGIC_NUMBER + _UNCHECKED + source_hash(source) + marshal.dumps(code, _WITHOUT_REFERENCES)
