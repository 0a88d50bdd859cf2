"""Counting what pools promise: jobs at GitLab's stand-in and machines in the emulated EC2, never limits in a file."""

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config_render.base.instance_types import architecture
from config_render.base.tags import MANAGER_TAG
from config_render.files.checked_file import checked
from localcloud import control
from localcloud.cloud import ROOT
from tests.docs.blocks import blocks

from .conftest import Deployment

NAMESPACE = "gitlab-runner-aws:"
MORE = 10
"""How many jobs are queued beyond what a pool runs."""
MOST_JOBS = 2
"""To what the limits of larger pools are scaled down, each file by one factor."""
LONG = 300
LOOK_SECONDS = 0.5
"""How often is counted: machines last for seconds at least, and each look costs the whole local cloud time."""
_POOL = re.compile(r"^runner-.*?-(?P<fallback>od-)?(?P<pool>p\d\d)-")


@dataclass
class Layout:
    """A pool of a stack, to be one of many pools of one stack."""

    source: str
    pool: dict[str, Any]
    shares_with: "Layout | None" = None
    """The layout whose runner it has."""
    runner: int = 0

    @property
    def machines(self) -> int:
        """The most machines that are promised, with those on demand that come on top."""
        jobs_each = int(self.pool.get("autoscaler", {}).get("capacity_per_instance", 1))
        return math.ceil(int(self.pool["limit"]) / jobs_each) + int(self.pool.get("spot", {}).get("onDemandLimit", 0))

    @property
    def jobs(self) -> int:
        """What the pool runs at once, alone or together with those of the same runner."""
        return int(max(self.pool["limit"], self.shares_with.pool["limit"] if self.shares_with else 0))

    @property
    def types(self) -> list[str]:
        """The instance types, of which the first is the usual one."""
        return list(self.pool.get("instanceTypes", ["m5.large"]))

    @property
    def deciding(self) -> tuple[object, ...]:
        """What decides how many jobs and machines there are: names, prices and times do not."""
        pool, machine, spot = self.pool, self.pool.get("machine", {}), self.pool.get("spot")
        return (
            *(pool.get("executor", "docker+machine"), pool["limit"], self.shares_with is not None),
            *(len(pool["zones"]), len(self.types), architecture(self.types[0])),
            *(spot is not None, (spot or {}).get("onDemandLimit", 0)),
            *(machine.get("IdleCount", 0), *(each["IdleCount"] for each in machine.get("autoscaling", []))),
            min(machine.get("MaxGrowthRate") or pool["limit"], pool["limit"]),
            pool.get("autoscaler", {}).get("capacity_per_instance", 1),
        )


def layouts() -> list[Layout]:
    """The default stack, more zones and types, all examples, all stacks of the pages, and pools with one runner.

    Of those that differ in nothing that decides about jobs and machines there is one, for all of them.
    """
    dev = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    types = ["m5.large", "m6i.large", "m6a.large", "m5a.large", "c5.large", "c6i.large"]
    spot = {"maxPrice": 0.07, "onDemandLimit": 1}
    found = [
        *_of("Pulumi.dev.yaml", dev[f"{NAMESPACE}pools"], ["a", "b"]),
        Layout("one zone, one type", {"zones": ["a"], "limit": 3}),
        Layout("2 zones x 2 types", {"zones": ["a", "b"], "instanceTypes": types[:2], "limit": 4, "spot": spot}),
        Layout("3 zones x 6 types", {"zones": ["a", "b", "c"], "instanceTypes": types, "limit": 4, "spot": spot}),
    ]
    for path in sorted((ROOT / "examples" / "stacks").glob("Pulumi.*.yaml")):
        found += _of(path.name, _pools_of(path), ["a", "b", "c"])
    for block in blocks("yaml"):
        if block.text.startswith("# Pulumi."):
            config = yaml.safe_load(block.text)["config"]
            executor = {"executor": config.get(f"{NAMESPACE}executor", "docker+machine")}
            pools = [{**executor, **pool} for pool in config.get(f"{NAMESPACE}pools", [])]
            found += _of(f"{block.page}: {block.text.splitlines()[0][2:]}", pools, ["a", "b", "c"])
    different: dict[tuple[object, ...], Layout] = {}
    for layout in found:
        if (same := different.setdefault(layout.deciding, layout)) is not layout:
            same.source += f"; {layout.source}"
    first = Layout("two pools on one token: the one", {"zones": ["a", "b"], "limit": 3})
    second = Layout("two pools on one token: the other", {"zones": ["a"], "limit": 3}, first)
    return [*different.values(), first, second]


def _pools_of(path: Path) -> list[dict[str, Any]]:
    _, settings = checked(path)
    return [
        {**pool.model_dump(by_alias=True, exclude_unset=True, mode="json"), "executor": settings.executor_of(pool)}
        for pool in settings.pools
    ]


def _of(source: str, pools: list[dict[str, Any]], zones: list[str]) -> Iterator[Layout]:
    """Scale the pools of one stack down; of each only what decides about jobs and machines is kept."""
    factor = max(1, max((pool["limit"] for pool in pools), default=1) / MOST_JOBS)
    for pool in pools:
        kept: dict[str, Any] = {key: pool[key] for key in ("executor", "instanceTypes", "limit", "spot") if key in pool}
        if jobs := pool.get("autoscaler", {}).get("capacity_per_instance"):
            kept["autoscaler"] = {"capacity_per_instance": jobs}
        machine = {key: value for key, value in pool.get("machine", {}).items() if key != "MachineOptions"}
        limit = math.ceil(pool["limit"] / factor)
        for numbers in (machine, *machine.get("autoscaling", [])):
            if "IdleCount" in numbers:
                numbers["IdleCount"] = min(limit, math.ceil(numbers["IdleCount"] / factor))
        if kept.get("spot", {}).get("onDemandLimit"):
            kept["spot"] = {**kept["spot"], "onDemandLimit": 1}
        yield Layout(
            f"{source} {pool['name']}",
            {**kept, "limit": limit, "zones": pool.get("zones") or zones, "machine": {**machine, "MaxBuilds": 50}},
        )


def configure(deployment: Deployment, chosen: list[Layout], zones: list[str]) -> None:
    """Make all layouts pools of the stack, each with a runner of its own but for those that share one."""
    config, secrets = deployment.config, list[str]()
    for number, layout in enumerate(chosen):
        name = f"p{number:02d}"
        if layout.shares_with is None:
            made = control.gitlab(deployment.cloud, "runners", {})
            layout.runner = made["id"]
            secrets += ["--secret", f"{NAMESPACE}secrets.{name}={made['token']}"]
            layout.pool["token"] = f"<secret:{name}>"
        else:
            layout.runner, layout.pool["token"] = layout.shares_with.runner, layout.shares_with.pool["token"]
        layout.pool["name"] = name
    config[f"{NAMESPACE}pools"] = [layout.pool for layout in chosen]
    config[f"{NAMESPACE}concurrent"] = sum(layout.pool["limit"] for layout in chosen) + 1
    config[f"{NAMESPACE}network"] = {"zones": zones}
    config[f"{NAMESPACE}manager"] |= {"instanceType": "t3.2xlarge", "runningJobs": "abort"}
    deployment.configure()
    deployment.run("config", "set-all", "--path", *secrets)


@dataclass
class Counted:
    """What was seen at one time, or the most of each at any time."""

    jobs: Counter[int] = field(default_factory=Counter)
    """Running jobs by the runner's id."""
    machines: Counter[str] = field(default_factory=Counter)
    """Machines that run, or are about to, by the names of their pools."""
    on_demand: Counter[str] = field(default_factory=Counter)
    """Those of them that are on demand although their pools are spot ones."""


_queued: set[int] = set()
"""The ids of the jobs that this test has queued: of other tests' some may have been aborted without a word."""


def begin() -> None:
    """Forget the jobs of the test before."""
    _queued.clear()


def queued() -> frozenset[int]:
    """The ids of the jobs that this test has queued."""
    return frozenset(_queued)


def count(deployment: Deployment) -> Counted:
    """Look once."""
    found = Counted()
    for job in control.gitlab(deployment.cloud, "state")["jobs"]:
        if job["state"] == "running" and job["id"] in _queued:
            found.jobs[job["runner_id"]] += 1
    for instance in _instances(deployment):
        if _is_of_docker_machine(instance):
            named = _POOL.search(instance["KeyName"])
            assert named, instance["KeyName"]
            found.machines[named["pool"]] += 1
            if named["fallback"]:
                found.on_demand[named["pool"]] += 1
        elif "KeyName" not in instance and (pool := pool_of(instance)):
            found.machines[pool] += 1
    return found


def machines(deployment: Deployment) -> list[dict[str, Any]]:
    """docker-machine's workers that run or are about to, as EC2 describes them; their key pairs have their names."""
    return [each for each in _instances(deployment) if _is_of_docker_machine(each)]


def _is_of_docker_machine(instance: Mapping[str, Any]) -> bool:
    name = str(instance.get("KeyName", ""))
    return name.startswith("runner-") and "-manager" not in name


def _instances(deployment: Deployment) -> list[dict[str, Any]]:
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = control.aws(deployment.cloud, "ec2").get_paginator("describe_instances").paginate(Filters=states)
    return [i for page in pages for reservation in page["Reservations"] for i in reservation["Instances"]]


def pool_of(machine: Mapping[str, Any]) -> str:
    """The pool of a group's instance; empty for others."""
    return next((tag["Value"] for tag in machine.get("Tags", ()) if tag["Key"] == MANAGER_TAG), "")


@contextmanager
def watched(deployment: Deployment) -> Iterator[Counted]:
    """Count again and again meanwhile, and keep the most of each."""
    most, over = Counted(), threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            now = count(deployment)
            for mine, its in ((most.jobs, now.jobs), (most.machines, now.machines), (most.on_demand, now.on_demand)):
                for key, number in its.items():
                    mine[key] = max(mine[key], number)  # type: ignore[index]

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def queue(deployment: Deployment, runner: int | None, jobs: int, seconds: float = LONG) -> list[int]:
    """Queue jobs, for one runner or for all; return their ids."""
    body: Mapping[str, Any] = {"seconds": seconds, "runner": runner}
    ids = [control.gitlab(deployment.cloud, "jobs", body)["id"] for _ in range(jobs)]
    _queued.update(ids)
    return ids


def unfinished(deployment: Deployment) -> int:
    """How many of the queued jobs run or wait."""
    jobs = control.gitlab(deployment.cloud, "state")["jobs"]
    return sum(job["id"] in _queued and job["state"] in ("running", "pending") for job in jobs)


def keep_busy(deployment: Deployment, wanted: int) -> bool:
    """Queue short jobs for all runners, until that many run or wait. Returns True."""
    queue(deployment, None, wanted - unfinished(deployment), seconds=8)
    return True


def until(condition: Callable[[], bool], what: str, seconds: float = 300) -> float:
    """Wait; returns how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, what
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def table(chosen: list[Layout], most: Counted) -> list[str]:
    """The rows of what was promised and what was counted."""
    lines = ["placements  limit  queued  jobs at once  machines at most: stated  counted  layouts"]
    for layout in chosen:
        pool = layout.pool
        lines.append(
            f"{len(pool['zones']) * len(layout.types):10}  {pool['limit']:5}  {layout.jobs + MORE:6}"
            f"  {most.jobs[layout.runner]:12}  {layout.machines:24}  {most.machines[pool['name']]:7}  {layout.source}"
        )
    return lines
