"""Stand-in for systemd: a process that stays when systemctl ends, as process 1 would."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

Started = Callable[[], object]


def in_background(run: Callable[[Started], None]) -> None:
    """Run in a process of its own, and return once it has called what it was given, or has ended."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            os.setsid()
            os.close(reader)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # nobody reads the news of a later start
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
            run(lambda: os.write(writer, b"\n"))
        finally:
            os._exit(0)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
