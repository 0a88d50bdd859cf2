"""The end of the runner's life on this manager."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from . import machines, watch_units
from .config import USER_DATA
from .drift import DRIFTED
from .host import BINARIES, ENVIRONMENT, LIVE, STAGED, StepError, load, run, write
from .runners import live_runners
from .tokens import delete_created_runners

LIFE = STAGED / "life.json"
"""Which life of the runner this host is in: that of the deployment's host that was last set up here."""

SERVICES = ("gitlab-runner",)
"""What must not start again at the next boot."""

ABORTING = Path("/etc/systemd/system/gitlab-runner.service.d/stop-at-once.conf")
PROGRESS_SECONDS = 30
"""Also keeps a connection alive that a firewall would cut for its silence."""


def begin(wanted: dict[str, Any]) -> None:
    """Take note of whose life begins, or goes on, here."""
    write(LIFE, json.dumps({"host": wanted["host"]}))


def remove(wanted: dict[str, Any]) -> None:
    """Stop the service, remove its machines, unregister.

    `wanted` holds `host`, as it was at the beginning, `runningJobs`, `wait` or `abort`, and `stopTimeout` in seconds.
    Machines cost money, so one that stays is a failure; a runner that stays in GitLab is but a line in a list.
    """
    if load(LIFE).get("host", wanted["host"]) != wanted["host"]:
        print("this host goes on under another name, or another took its address: nothing is removed here")
        return
    watch_units.remove()
    if not (BINARIES / "gitlab-runner").exists():
        return
    stop(wanted["runningJobs"] == "abort", wanted["stopTimeout"])
    stayed = machines.remove(machines.names())
    if stayed:
        listed = "\n".join(stayed)
        raise StepError(
            f"{len(stayed)} machine(s) could not be removed:\n{listed}\nThe runner is stopped, but still registered. "
            "Run the command again, or terminate them in EC2 and remove them here with: docker-machine rm -f NAME"
        )
    unregister()
    delete_created_runners()
    for service in SERVICES:
        run("systemctl", "disable", service, check=False)
    # Tokens, and keys that open others.
    LIVE.unlink(missing_ok=True)
    for folder in (STAGED, DRIFTED, USER_DATA):
        shutil.rmtree(folder, ignore_errors=True)


def stop(at_once: bool, seconds: int) -> None:
    """Let the service end: it takes no more jobs, and those that run end too, or are aborted."""
    ABORTING.unlink(missing_ok=True)
    if at_once:
        # With this signal gitlab-runner ends its jobs and tells GitLab.
        write(ABORTING, "[Service]\nKillSignal=SIGTERM\n", 0o644)
    run("systemctl", "daemon-reload", check=False)
    began = time.monotonic()
    stopping = subprocess.Popen(
        ["systemctl", "stop", "gitlab-runner"],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            stopping.wait(PROGRESS_SECONDS)
            break
        except subprocess.TimeoutExpired:
            waited = round(time.monotonic() - began)
            print(f"waiting for running jobs to end: {waited} of at most {seconds} s", flush=True)
    ABORTING.unlink(missing_ok=True)
    _, state = run("systemctl", "show", "--property", "MainPID,Result", "gitlab-runner", check=False)
    if "MainPID=0" not in state:
        raise StepError(f"the service gitlab-runner did not stop; see: journalctl -u gitlab-runner\n{state}")
    if "Result=timeout" in state:
        print(f"jobs that still ran after {seconds} s were aborted; manager.stopTimeout is how long they may take")


def unregister() -> None:
    """Take this manager from GitLab's lists, once for each token: sections that share one are one runner there."""
    first = {(section["url"], section["token"]): section["name"] for section in reversed([*live_runners().values()])}
    for (url, token), name in first.items():
        command = ("gitlab-runner", "unregister", "--name", json.loads(name))
        code, output = run(*command, check=False, hidden=[json.loads(token)])
        if code == 0:
            print(f"unregistered runner {name} at GitLab")
        else:
            print(f"warning: {url} may still list this manager of runner {name}; remove it there:\n{output}")
