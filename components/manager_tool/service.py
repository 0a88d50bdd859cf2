"""The service gitlab-runner, as systemd runs it."""

from __future__ import annotations

import os
import signal
import time

from .host import StepError, run


def activate(*, restart: bool = False) -> None:
    """Have the service use the file that is in place; a running one rereads it and keeps its jobs.

    With `restart` it is stopped before, which waits for its jobs.
    """
    if restart:
        run("systemctl", "stop", "gitlab-runner")
    _, pid = run("systemctl", "show", "--property", "MainPID", "--value", "gitlab-runner")
    if pid != "0":
        os.kill(int(pid), signal.SIGHUP)
        return
    run("systemctl", "start", "gitlab-runner")
    deadline = time.monotonic() + 10
    while run("systemctl", "is-active", "--quiet", "gitlab-runner", check=False)[0] != 0:
        if time.monotonic() > deadline:
            raise StepError("the service gitlab-runner did not start; see: journalctl -u gitlab-runner")
        time.sleep(0.1)
