"""The end of the runner's life on this manager."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from ..config import snapshot
from ..config.drift import DRIFTED
from ..config.template import TEMPLATE
from ..contract.documents import HostLifetime
from ..deployment.activation import USER_DATA
from ..executors.docker_autoscaler import ending, known
from ..executors.docker_machine import machines
from ..gitlab import tokens
from ..host import BINARIES, LIFE, LIVE, STAGED, StepError, explain, load, run, warn, write
from ..programs import registries, service, watch_units
from ..programs.kept import KEPT
from . import last_look

ABORTING = Path("/etc/systemd/system/gitlab-runner.service.d/stop-at-once.conf")


def begin(wanted: HostLifetime, mode: str = "") -> None:
    """Take note of whose life begins here, or continues, if `mode` is `again`.

    Raises `StepError` where that of the same host is to begin a second time: Pulumi would end the first after it, and
    with it the only one there is.
    """
    known = load(LIFE)
    same = known.get("host") == wanted["host"]
    if same and mode != "again" and TEMPLATE.exists():
        raise StepError(
            "the runner lives on this host already, and a replacement of this step would end it. Run `pulumi up` "
            "without --replace for registration-life; to have all steps run again, set manager.rerun to another "
            f"number. If this stack's state was lost, first delete {LIFE} and {snapshot.COPY} on the manager"
        )
    began = known.get("began", 0.0) if same else time.time()
    write(LIFE, json.dumps({"host": wanted["host"], "began": began}))


def remove(wanted: HostLifetime) -> None:
    """Stop the service, remove its machines, unregister.

    `wanted` holds the host as it was at the beginning.
    Machines cost money, so one that stays is a failure; a runner that stays in GitLab is but a line in a list.
    """
    if load(LIFE).get("host", wanted["host"]) != wanted["host"]:
        print("this host continues under another name, or another took its address: nothing is removed here")
        return
    watch_units.remove()
    # Without the program there is still much to remove, if it is only missing since.
    if not (BINARIES / "gitlab-runner").exists() and not TEMPLATE.exists():
        return
    stop(wanted["runningJobs"] == "abort", wanted["stopTimeout"])
    # Before the machines, of which one that can't be removed would have the instances of groups stay too.
    running = ending.empty_groups(last_look.other_managers)
    damaged = machines.damaged() if last_look.has_last_look() else set()
    stayed = machines.remove(name for name in machines.names() if name not in damaged)
    require_gone(stayed, running)
    look_for_more()
    tokens.leave_all()
    run("systemctl", "disable", service.NAME, check=False)
    # Tokens, and keys that open others.
    snapshot.forget()
    LIVE.unlink(missing_ok=True)
    known.forget()
    forget_registries()
    for folder in (STAGED, DRIFTED, USER_DATA, KEPT):
        shutil.rmtree(folder, ignore_errors=True)


def require_gone(machines_left: list[str], instances_left: list[str]) -> None:
    """Raise `StepError` if there is something left that costs money; both are lines on what there is."""
    found = []
    if machines_left:
        listed = "\n".join(machines_left)
        found.append(
            f"{len(machines_left)} machine(s) could not be removed:\n{listed}\nTo remove them by hand, terminate them "
            "in EC2, and here: docker-machine rm -f NAME"
        )
    if instances_left:
        listed = "\n".join(instances_left)
        found.append(
            f"instances of Auto Scaling groups could not be ended:\n{listed}\nTo end them by hand: aws autoscaling "
            "terminate-instance-in-auto-scaling-group --should-decrement-desired-capacity --instance-id ID"
        )
    if found:
        problems = "\n".join(found)
        raise StepError(f"{problems}\nThe runner is stopped, but still registered. Run the command again.")


def stop(at_once: bool, seconds: int) -> None:
    """Let the service end: it takes no more jobs, and those that run end too, or are aborted."""
    ABORTING.unlink(missing_ok=True)
    if at_once:
        abort_jobs()
    run("systemctl", "daemon-reload", check=False)
    service.stop(0 if at_once else seconds)
    ABORTING.unlink(missing_ok=True)


def abort_jobs() -> None:
    """Have the service end its jobs, and tell GitLab, when it is stopped."""
    write(ABORTING, "[Service]\nKillSignal=SIGTERM\n", 0o644)


def forget_registries() -> None:
    """Take the registries out of the file of Docker's that a host may have had before, and may have afterwards."""
    try:
        registries.configure([])
    except StepError as error:
        warn(f"the registries of Amazon ECR stay in {registries.CONFIG}: {explain(error)}")


def look_for_more() -> None:
    """Remove what EC2 has that docker-machine does not know: a failure here must not keep the rest from going."""
    try:
        last_look.last_look()
    except Exception as error:
        warn(f"EC2 could not be asked for what may be left of machines: {explain(error)}")
