"""`make job`: one job, from the queue to its result, as GitLab, the manager and AWS show it."""

import re
import time
from collections.abc import Callable
from typing import Any

from . import control
from .cloud import LocalCloud, LocalCloudError

SECONDS = 3.0
"""What the job takes, once it has a machine."""
_PATIENCE_SECONDS = 120
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z \d\d[OE][ +]", re.MULTILINE)
"""What the real gitlab-runner puts before the lines of a job's log, for GitLab to show beside them."""


def run_one(cloud: LocalCloud, say: Callable[[str], None]) -> None:
    """Queue a job, and say where it is until it ends.

    Raises LocalCloudError where no manager runs, no runner takes the job in 120 s, or it fails.
    """
    hosts = control.hosts(cloud)
    if not hosts:
        raise LocalCloudError("no manager runs; deploy one with: make up")
    number = int(control.gitlab(cloud, "jobs", {"seconds": SECONDS})["id"])
    say(f"queued     job {number} in GitLab; gitlab-runner asks for one every few seconds")
    _await(cloud, number, {"running", "success", "failed"}, "no runner took it")
    say("taken      by the manager")
    job = _await(cloud, number, {"success", "failed"}, "it did not end")
    log = next(iter(hosts.values())).run("journalctl -u gitlab-runner --no-pager")
    about = [line for line in _COLOUR.sub("", log).splitlines() if re.search(rf"\bjob={number}\b", line)]
    machine = next((found[1] for line in about if (found := re.search(r"\bname=(runner-\S+)", line))), "")
    if machine:
        say(f"ran on     {machine}{_instance(cloud, machine)}")
    print("\nthe job's log, as GitLab has it:\n")
    print("".join(f"    {line}\n" for line in readable(job["trace"]).splitlines()))
    print("the same job in gitlab-runner's log on the manager:\n")
    print("".join(f"    {line.partition(']: ')[2]}\n" for line in about))
    if job["state"] != "success":
        raise LocalCloudError(f"job {number} failed; why is in gitlab-runner's log above")
    say(f"result     job {number}: success")


def readable(trace: str) -> str:
    """A job's log as GitLab shows it."""
    return _TIMESTAMP.sub("", _COLOUR.sub("", trace))


def _await(cloud: LocalCloud, number: int, states: set[str], otherwise: str) -> Any:
    """The job once it is in one of these states."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (job := control.gitlab(cloud, f"jobs/{number}"))["state"] not in states:
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"job {number}: {otherwise} within {_PATIENCE_SECONDS} s; look at the runner's log: make shell, "
                "then: journalctl -u gitlab-runner"
            )
        time.sleep(0.1)
    return job


def _instance(cloud: LocalCloud, machine: str) -> str:
    """What kind of instance a machine is, and where; nothing where it is gone."""
    for region in (each["RegionName"] for each in control.aws(cloud, "ec2").describe_regions()["Regions"]):
        named = [{"Name": "tag:Name", "Values": [machine]}]
        reservations = control.aws(cloud, "ec2", region).describe_instances(Filters=named)["Reservations"]
        for instance in (each for found in reservations for each in found["Instances"]):
            zone = instance["Placement"]["AvailabilityZone"]
            return f": {instance['InstanceId']}, {instance['InstanceType']} in {zone}"
    return ""
