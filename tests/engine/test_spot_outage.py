"""AWS has no spot capacity: in one zone, then in all, then again. Jobs are counted, and so is what they run on."""

import json
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.manager_tool.contract.constants import TARGET
from localcloud import control
from localcloud.host_programs.docker_machine_stand_in.creation import BOOTING
from tests import needs

from . import promises
from .conftest import Deployment
from .promises import count, keep_busy, queue, unfinished, until

POOL = "p00"
NO_CAPACITY = {"code": "InsufficientInstanceCapacity", "market": "spot"}
STAGED = "/etc/gitlab-runner/staged"
LIMIT, ON_DEMAND = 3, 1


IDLE_SECONDS = 1800
"""Longer than a test takes."""


@pytest.fixture
def outage(deployment: Deployment, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """A stack with spot machines in two zones and an on-demand machine that may take over; its parameter: IdleTime."""
    spot = {"maxPrice": 0.07, "onDemandLimit": ON_DEMAND}
    machine = {"IdleCount": 0, "IdleTime": getattr(request, "param", IDLE_SECONDS), "MaxGrowthRate": 2}
    deployment.pool.update(name=POOL, zones=["a", "b"], limit=LIMIT, spot=spot, machine=machine)
    deployment.config["gitlab-runner-aws:network"] = {"zones": ["a", "b"]}
    # The test looks itself, and says when a pause is over.
    watch = {"intervalSeconds": 3600, "breaker": {"failures": 2}}
    deployment.config["gitlab-runner-aws:manager"] |= {"runningJobs": "abort", "watch": watch}
    deployment.configure()
    deployment.up()
    look_once(deployment)
    promises.begin()
    yield deployment
    control.gitlab(deployment.cloud, "jobs", {"cancel": True})
    control.refuse(deployment.cloud)


def rewrite(deployment: Deployment, file: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change one of the files that the tool keeps."""
    host = deployment.host()
    content = json.loads(host.read(f"{STAGED}/{file}"))
    change(content)
    host.run(f"cat > {STAGED}/{file} <<'END'\n{json.dumps(content)}\nEND")


def on_demand_entry_left(deployment: Deployment) -> bool:
    """Whether the on-demand entry is gone after one more look, a quarter of an hour later."""
    # A request from before capacity was back may be refused only now, and pause the placement again.
    end_pauses(deployment)
    look(deployment)
    return f"od-{POOL}" not in live(deployment)


def look_once(deployment: Deployment) -> None:
    """Have a pass of the watch end at once, whatever it sees."""
    rewrite(deployment, "watch.json", lambda settings: settings.update(intervalSeconds=0))


def end_pauses(deployment: Deployment) -> None:
    """Have it be a quarter of an hour later."""
    rewrite(deployment, "breaker.json", lambda state: state.update(paused=dict.fromkeys(state["paused"], 0)))


def look(deployment: Deployment) -> str:
    """One pass of the watch; what it says."""
    return deployment.host().run(f"{TARGET} watch")


def live(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """The sections that are live, by their names."""
    return {runner["name"]: runner for runner in tomllib.loads(deployment.live()).get("runners", [])}


def jobs(deployment: Deployment) -> list[dict[str, Any]]:
    return list(control.gitlab(deployment.cloud, "state")["jobs"])


def running(deployment: Deployment) -> int:
    return count(deployment).jobs.total()


def busy(deployment: Deployment) -> bool:
    """Look, with more jobs than may run; whether as many run as may, each on its machine."""
    look(deployment)
    keep_busy(deployment, 2 * LIMIT)
    return running(deployment) == LIMIT and no_creations(deployment)


def no_creations(deployment: Deployment) -> bool:
    """Whether no job waits for its machine, at two looks."""

    def all_have_one() -> bool:
        return running(deployment) <= len(promises.machines(deployment))

    asked, had = refusals(deployment), all_have_one()
    time.sleep(4)
    return had and all_have_one() and refusals(deployment) == asked


def on_demand(deployment: Deployment) -> int:
    return count(deployment).on_demand[POOL]


def paused(deployment: Deployment) -> str:
    """What Prometheus is told."""
    text = deployment.host().run("cat /var/lib/node_exporter/textfile_collector/gitlab-runner-aws.prom")
    return next(line.split()[1] for line in text.splitlines() if line.startswith("gitlab_runner_aws_pools_paused "))


def refusals(deployment: Deployment) -> int:
    with urllib.request.urlopen(f"{deployment.cloud.addresses.aws}/-/stand-in/refusals") as answer:
        return sum(rule["used"] for rule in json.load(answer))


def zones(deployment: Deployment) -> set[str]:
    """Where machines run."""
    return {machine["Placement"]["AvailabilityZone"] for machine in promises.machines(deployment)}


class Story:
    """What happens, with the seconds since the beginning."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment, self._began = deployment, time.monotonic()
        self.lines = list[str]()

    def tell(self, what: str) -> None:
        seen = count(self._deployment)
        jobs, spot = seen.jobs.total(), seen.machines[POOL] - seen.on_demand[POOL]
        state = f"{jobs} jobs run, on {spot} spot and {seen.on_demand[POOL]} on-demand machines"
        self.lines.append(f"{time.monotonic() - self._began:5.1f} s  {what}: {state}")


@needs.JOBS
def test_jobs_go_on_while_spot_capacity_comes_and_goes(outage: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    story, pid = Story(outage), outage.service_pid()
    with promises.watched(outage) as most:
        # No capacity in the first zone: as many jobs as ever, in the other one.
        before = LIMIT - ON_DEMAND
        control.refuse(outage.cloud, {**NO_CAPACITY, "zone": "eu-central-1a"})
        story.tell("no spot capacity in zone a; 2 jobs are queued")
        queue(outage, None, before)
        until(lambda: "makes no machines" in look(outage), "the dry zone was not noticed")
        story.tell("the breaker has paused zone a")
        # Jobs that were taken for zone a fail, or take a machine that was made for another one, which then has to wait.
        until(lambda: keep_busy(outage, before) and len(promises.machines(outage)) == before, "no machines in zone b")
        story.tell("jobs run in zone b")
        assert zones(outage) == {"eu-central-1b"}
        assert list(live(outage)) == [POOL], "on-demand machines are made although there is spot capacity"
        until(lambda: not unfinished(outage), "jobs do not end")
        queue(outage, None, before)
        until(lambda: running(outage) == before and no_creations(outage), "no jobs run in the other zone")

        # None at all: running jobs continue, and on-demand machines are made, more slowly than the watch looks.
        outage.host().run(f"echo 20 > {BOOTING}")
        control.refuse(outage.cloud, NO_CAPACITY)
        story.tell("no spot capacity at all")
        until(lambda: (busy(outage), "od-" + POOL in live(outage))[1], "the on-demand entry is not live")
        story.tell("the breaker has paused all placements")
        took = until(lambda: busy(outage) and on_demand(outage) == ON_DEMAND, "no jobs continue on demand")
        outage.host().run(f"rm {BOOTING}")
        story.tell(f"on-demand machines took jobs within {took:.0f} s")
        assert paused(outage) == "2"
        # A deployment changes nothing of that.
        outage.config["gitlab-runner-aws:concurrent"] = 11
        outage.configure()
        outage.up()
        look_once(outage)
        assert list(live(outage)) == [POOL, "od-" + POOL]
        assert tomllib.loads(outage.live())["concurrent"] == 11
        until(lambda: busy(outage), "jobs do not continue, or AWS is asked for spot machines during the pause")
        assert on_demand(outage) == ON_DEMAND

        # A pause ends: one machine is tried, and no job is lost by it.
        failed = [job for job in jobs(outage) if job["state"] == "failed"]
        end_pauses(outage)
        until(lambda: "still can't make machines" in look(outage), "nothing was tried")
        story.tell("after the pause one machine was tried, in vain")
        assert [job for job in jobs(outage) if job["state"] == "failed"] == failed

        # Capacity is back: one machine proves it, then on-demand machines take no more.
        control.refuse(outage.cloud)
        story.tell("spot capacity is back")
        until(lambda: on_demand_entry_left(outage), "the on-demand entry stays")
        story.tell("the on-demand entry has left")
        until(lambda: busy(outage), "spot machines take no jobs again")
        story.tell("all jobs that may run do")
        until(lambda: (look(outage), on_demand(outage) == 0)[1], "on-demand machines stay")
    assert most.jobs.total() == LIMIT, "more jobs ran than the limit says"
    assert most.on_demand[POOL] <= ON_DEMAND
    assert most.machines[POOL] <= LIMIT + ON_DEMAND
    assert outage.service_pid() == pid
    with capsys.disabled():
        print("", *story.lines, sep="\n")


@needs.JOBS
@pytest.mark.parametrize("outage", [5], indirect=True)
def test_a_pool_at_its_limit_is_given_back_after_an_outage_of_its_first_zone(outage: Deployment) -> None:
    control.refuse(outage.cloud, {**NO_CAPACITY, "zone": "eu-central-1a"})
    queue(outage, None, LIMIT)
    home = live(outage)[POOL]["machine"]["MachineName"]
    until(lambda: (look(outage), live(outage)[POOL]["machine"]["MachineName"] != home)[1], "the zone was not changed")
    until(lambda: keep_busy(outage, LIMIT) and len(promises.machines(outage)) == LIMIT, "no machines in zone b")

    # Capacity is back, but with all machines there none can be tried.
    control.refuse(outage.cloud)
    end_pauses(outage)
    assert "may make one machine" in look(outage)
    control.gitlab(outage.cloud, "jobs", {"cancel": True})
    until(lambda: (look(outage), not promises.machines(outage))[1], "idle machines stay", 60)

    # Without the watch machines are made where the settings say.
    control.refuse(outage.cloud, {**NO_CAPACITY, "zone": "eu-central-1a"})
    queue(outage, None, 2)
    until(lambda: (look(outage), live(outage)[POOL]["machine"]["MachineName"] != home)[1], "the zone was not changed")
    outage.config["gitlab-runner-aws:manager"]["watch"] = {"enabled": False}
    outage.configure()
    outage.up()
    assert live(outage)[POOL]["machine"]["MachineName"] == home
