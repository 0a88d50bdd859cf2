"""What the rendered layouts promise, counted with the stand-in for gitlab-runner: idle machines, bursts, spread."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from config_render import document, problems_of
from localcloud.host_programs.gitlab_runner_stand_in import long_polling
from tests.render.settings_samples import FACTS, REGION, TOKEN, stack

from ..contract.pretended_fleet import PretendedFleet, pretended
from ..contract.running_gitlab_runner import until

TYPES = ["m5.large", "m6i.large", "m6a.large", "m5a.large", "c5.large", "c6i.large"]
CREATION = 0.15
"""Seconds that a machine takes to be there."""
JOBS = 10
PLACEMENTS = {1: (["a"], 1), 2: (["a", "b"], 1), 4: (["a", "b"], 2), 12: (["a", "b", "c"], 4)}


def rendered(count: int, own: bool, concurrent: int = 60, **pool: Any) -> dict[str, Any]:
    """The config.toml of a pool with so many placements, with a token for each runner."""
    zones, types = PLACEMENTS[count]
    raw = stack({"zones": zones, "instanceTypes": TYPES[:types], **pool}, concurrent=concurrent)
    tokens = {"token": TOKEN}
    if own:
        raw["createRunner"] = {"runnerType": "instance_type", "each": "entry"}
        tokens = {"accessToken": "glpat-" + "a1B2" * 5}
    settings, problems = problems_of(raw, tokens=tokens, region=REGION)
    assert settings is not None, problems
    content = document(settings, FACTS)
    letters = iter("abcdefghijklmnopqr")
    tokens = {}
    for runner in content["runners"]:
        runner["token"] = tokens.setdefault(runner["token"], f"glrt-{next(letters) * 20}")
    return content


@contextmanager
def running(content: dict[str, Any]) -> Iterator[PretendedFleet]:
    with pretended(content["concurrent"], *content["runners"]) as fleet:
        fleet.machines.seconds = CREATION
        yield fleet


@pytest.mark.parametrize("own", [False, True], ids=["one runner", "a runner for each entry"])
@pytest.mark.parametrize("idle", [1, 4])
@pytest.mark.parametrize("count", PLACEMENTS)
def test_jobs_that_come_one_by_one_each_meet_an_idle_machine(count: int, idle: int, own: bool) -> None:
    content = rendered(count, own, limit=20, machine={"IdleCount": idle, "IdleTime": 3600})
    assert len(content["runners"]) == (min(count, idle) if own else 1)
    met = 0
    with running(content) as fleet:
        fleet.start()
        until(lambda: len(fleet.machines.on_disk) == idle)
        for number in range(1, JOBS + 1):
            until(lambda: len(fleet.machines.asked) == len(fleet.machines.on_disk))
            there = {*fleet.machines.on_disk}
            fleet.jobs.waiting += 1
            until(lambda: len(fleet.jobs.traces) == number)  # noqa: B023 - called here alone
            met += fleet.jobs.traces[-1].split()[2] in there
            fleet.jobs.end(number)
            until(lambda: not fleet.jobs.running)

    assert met == JOBS


@pytest.mark.parametrize("own", [False, True], ids=["one runner", "a runner for each entry"])
def test_fifty_jobs_that_come_at_once_are_taken_within_seconds(own: bool) -> None:
    content = rendered(12, own, limit=60)
    content["check_interval"] = 3
    with running(content) as fleet:
        fleet.change(check_interval=3)
        fleet.jobs.waiting = 50
        began = time.monotonic()
        fleet.start()
        until(lambda: fleet.workers.jobs() == 50)

    assert time.monotonic() - began < 10


@pytest.mark.parametrize("own", [False, True], ids=["one runner", "a runner for each entry"])
@pytest.mark.parametrize("count", PLACEMENTS)
def test_the_limit_is_what_runs_whatever_the_number_of_placements(count: int, own: bool) -> None:
    limit = 14
    with running(rendered(count, own, limit=limit)) as fleet:
        fleet.jobs.waiting = limit + 10
        fleet.start()
        until(lambda: len(fleet.jobs.running) == limit)
        time.sleep(0.5)
        assert (fleet.workers.jobs(), len(fleet.machines.on_disk)) == (limit, limit)
        zones = Counter(name.rpartition("-m")[0][-1] for name in fleet.machines.on_disk if "-m" in name)

    if own and count > 1:
        assert max(zones.values()) - min(zones.values()) <= 2, "over the zones evenly"


def test_idle_machines_are_in_each_zone() -> None:
    content = rendered(12, True, limit=20, machine={"IdleCount": 6})
    with running(content) as fleet:
        fleet.start()
        until(lambda: len(fleet.machines.on_disk) == 6)
        zones = Counter(name.split("-")[-3] for name in fleet.machines.on_disk)

    assert zones == {"a": 2, "b": 2, "c": 2}


@pytest.mark.parametrize("own", [False, True], ids=["one runner", "a runner for each entry"])
@pytest.mark.parametrize("count", PLACEMENTS)
def test_the_runner_warns_of_no_starvation(count: int, own: bool) -> None:
    assert long_polling.warning(rendered(count, own, limit=14, concurrent=14)) == ""
