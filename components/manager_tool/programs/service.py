"""The service gitlab-runner, as systemd runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..host import ENVIRONMENT, KilledError, StepError, run, say, warn
from . import unit

NAME = "gitlab-runner"
_START_SECONDS = 10
_NEWS_SECONDS = 30
_LINES = 3


def activate(*, restart: bool = False) -> None:
    """Have the service use the file that is in place; a running one rereads it and keeps its jobs.

    With `restart` it is stopped before, which waits for its jobs.
    """
    if restart:
        run("systemctl", "stop", NAME)
    pid = main_pid()
    if pid:
        os.kill(pid, signal.SIGHUP)
    else:
        start()


def start() -> None:
    """Start the service by our unit, whoever has put another there. Raises `StepError` unless it is running then."""
    unit.put()
    run("systemctl", "start", NAME)
    deadline = time.monotonic() + _START_SECONDS
    while run("systemctl", "is-active", "--quiet", NAME, check=False)[0] != 0:
        if time.monotonic() > deadline:
            raise StepError(f"the service {NAME} did not start; {_last_words()}")
        time.sleep(0.1)


def stop(job_seconds: int) -> None:
    """Stop the service once its jobs have ended, and tell how far that is; systemd bounds the time.

    `job_seconds` is told only; 0 stands for jobs that are aborted.
    """
    if is_stopped():
        return
    fate = f"may end, within {job_seconds} s (manager.stopTimeout)" if job_seconds else "aborted (manager.runningJobs)"
    say(f"stopping {NAME}: {_jobs()} {fate}")
    begun = time.monotonic()
    # Not with `run`: that may take hours.
    with subprocess.Popen(
        ["systemctl", "stop", NAME],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as stopping:
        while True:
            try:
                output, _ = stopping.communicate(timeout=_NEWS_SECONDS)
                break
            except subprocess.TimeoutExpired:
                say(f"waiting for {_jobs()}, {time.monotonic() - begun:.0f} s so far")
    if stopping.returncode == -signal.SIGKILL:
        raise KilledError("systemctl", "stop", NAME)
    if stopping.returncode != 0:
        raise StepError(f"`systemctl stop {NAME}` ended with {stopping.returncode}:\n{output.strip()}")
    if _shown("Result") == "timeout":
        warn("what still ran then was ended by force; raise manager.stopTimeout to give jobs more time")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Go on when the connection of the deployment breaks: otherwise the service would stay stopped."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def require_steady(seconds: float) -> None:
    """Raise `StepError` unless the service continues running for a while."""
    pid, deadline = main_pid(), time.monotonic() + seconds
    while pid and time.monotonic() < deadline:
        time.sleep(1)
        if main_pid() != pid:
            pid = 0
    if not pid:
        raise StepError(f"the service {NAME} did not keep running for {seconds:.0f} s; {_last_words()}")


def main_pid() -> int:
    """The process of the service; 0 where none runs."""
    return int(_shown("MainPID") or 0)


def environment() -> dict[str, str]:
    """The variables that the process of the service was started with; none where none runs."""
    try:
        text = Path(f"/proc/{main_pid()}/environ").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    pairs = (each.partition("=") for each in text.split("\0"))
    return {name: value for name, equals, value in pairs if equals}


def is_stopped() -> bool:
    """Whether somebody has stopped the service, or never started it; a failed one is not stopped."""
    return _shown("ActiveState") == "inactive"


def _shown(name: str) -> str:
    return run("systemctl", "show", "--property", name, "--value", NAME)[1]


def _last_words() -> str:
    lines = run("systemctl", "status", "--no-pager", NAME, check=False)[1].splitlines()
    return "\n".join([f"see: journalctl -u {NAME}, which ends with:", *lines[-_LINES:]])


def _jobs() -> str:
    """How many jobs run, as gitlab-runner last logged it with a job that came or went."""
    try:
        _, log = run("journalctl", "--unit", NAME, "--lines", "1000", "--output", "cat", "--no-pager", check=False)
    except (OSError, StepError):
        log = ""
    counts = re.findall(r"\bbuilds=(\d+)", log)
    return f"{counts[-1]} running job(s)" if counts else "running jobs"
