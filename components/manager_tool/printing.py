"""What this tool prints, in lines that whoever shows them can bear."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TextIO

LONGEST = 4000
"""Characters of a line. At one of more than 65,535 bytes Pulumi's command provider reads no further, and the step never
ends. Source: `LogOutput` in provider/pkg/provider/util/util.go of pulumi-command 1.2.1."""
_CUT = " ... (cut)"


class CutLines(io.TextIOBase):
    """Cuts what is too long of each line, and continues where nobody is there any more to read it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._printed = 0
        """Characters of the line that has begun; more than `LONGEST` once it was cut."""

    def write(self, text: str) -> int:
        first, *others = text.split("\n")
        kept = self._cut(first)
        for line in others:
            self._printed = 0
            kept += f"\n{self._cut(line)}"
        with contextlib.suppress(OSError):
            self._stream.write(kept)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def _cut(self, part: str) -> str:
        if self._printed > LONGEST:
            return ""
        room = LONGEST - self._printed
        self._printed += len(part)
        return part if len(part) <= room else part[:room] + _CUT


@contextlib.contextmanager
def lines_cut() -> Iterator[None]:
    """Cut the lines of both output streams of this process meanwhile."""
    with contextlib.redirect_stdout(CutLines(sys.stdout)), contextlib.redirect_stderr(CutLines(sys.stderr)):
        yield
