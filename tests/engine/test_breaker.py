"""AWS has no spot capacity: the entry is paused, another one takes the jobs, and it comes back by itself."""

import json
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.tool_bundle import TARGET
from localcloud import control

from .conftest import Deployment

SPOT, ON_DEMAND = "local-a-m5-large", "local-od-a-m5-large"
NO_CAPACITY = {"code": "InsufficientInstanceCapacity", "market": "spot"}
COOL_DOWN = 3
SETTINGS = "/etc/gitlab-runner/staged/watch.json"


@pytest.fixture
def lockout(deployment: Deployment) -> Iterator[Deployment]:
    """A stack with spot machines and one on-demand machine that may take over, when AWS has no spot capacity."""
    deployment.pool["spot"] = {"maxPrice": 0.07, "onDemandPrice": 0.115, "onDemandLimit": 1}
    deployment.pool["machine"] = {"IdleCount": 1, "IdleTime": 1800}
    # The test looks itself, with a shorter pause.
    deployment.config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600, "breaker": {"failures": 2}}
    deployment.configure()
    control.refuse_instances(deployment.cloud, NO_CAPACITY)
    deployment.up()
    host = deployment.host()
    settings = json.loads(host.read(SETTINGS))
    settings["breaker"]["coolDownSeconds"] = COOL_DOWN
    host.run(f"echo '{json.dumps(settings)}' > {SETTINGS}")
    yield deployment
    control.refuse_instances(deployment.cloud)


def look(deployment: Deployment) -> str:
    """One pass of the watch; what it says."""
    return deployment.host().run(f"{TARGET} watch")


def paused_entries(deployment: Deployment) -> str:
    """What Prometheus is told."""
    text = deployment.host().run("cat /var/lib/node_exporter/textfile_collector/gitlab-runner-aws.prom")
    return next(line for line in text.splitlines() if line.startswith("gitlab_runner_aws_pools_paused "))


def state(deployment: Deployment) -> dict[str, Any]:
    return dict(json.loads(deployment.host().read("/etc/gitlab-runner/staged/breaker.json")))


def live(deployment: Deployment) -> dict[str, int]:
    """The limits of the entries that are live, by their names."""
    return {runner["name"]: runner["limit"] for runner in tomllib.loads(deployment.live()).get("runners", [])}


def journal(deployment: Deployment, text: str) -> int:
    command = "journalctl -u gitlab-runner -o json --all --no-pager"
    lines = [json.loads(line)["MESSAGE"] for line in deployment.host().run(command).splitlines()]
    return sum(text in (line if isinstance(line, str) else bytes(line).decode()) for line in lines)


def settled(text: str) -> dict[str, Any]:
    """A config.toml, less when its token was obtained."""
    content = tomllib.loads(text)
    for runner in content["runners"]:
        del runner["token_obtained_at"]
    return content


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def refusals(deployment: Deployment) -> int:
    with urllib.request.urlopen(f"{deployment.cloud.addresses.aws}/-/stand-in/refusals") as answer:
        return sum(rule["used"] for rule in json.load(answer))


def job_runs(deployment: Deployment) -> None:
    """A job that is asked for now succeeds."""
    job = control.gitlab(deployment.cloud, "jobs", {"seconds": 0.2})["id"]

    def ended() -> bool:
        jobs = control.gitlab(deployment.cloud, "state")["jobs"]
        return any(each["id"] == job and each["state"] == "success" for each in jobs)

    until(ended, "the job did not succeed")


def test_a_spot_lockout_and_the_recovery_from_it(lockout: Deployment) -> None:
    until(lambda: journal(lockout, "Machine creation failed") >= 2, "no creation failed")
    before = lockout.live()
    pid = lockout.service_pid()

    assert f"{SPOT} makes no machines for {COOL_DOWN} s: 2 creations in a row failed" in look(lockout)

    assert live(lockout) == {ON_DEMAND: 1}
    assert state(lockout)["paused"].keys() == {SPOT}
    assert paused_entries(lockout) == "gitlab_runner_aws_pools_paused 1"
    time.sleep(1.5)  # gitlab-runner rereads its file, and what was on its way ends
    asked = refusals(lockout)
    job_runs(lockout)
    assert refusals(lockout) == asked, "AWS is asked for spot machines during the pause"

    lockout.config["gitlab-runner-aws:concurrent"] = 7
    lockout.configure()
    lockout.up()
    assert live(lockout) == {ON_DEMAND: 1}, "a deployment ends the pause"
    assert tomllib.loads(lockout.live())["concurrent"] == 7

    time.sleep(COOL_DOWN)
    assert "may make one machine" in look(lockout)
    assert live(lockout) == {SPOT: 1, ON_DEMAND: 1}
    until(lambda: refusals(lockout) > asked, "no machine was tried")
    until(lambda: "it still can't make machines" in look(lockout), "the pause did not begin again")
    assert live(lockout) == {ON_DEMAND: 1}

    control.refuse_instances(lockout.cloud)
    time.sleep(COOL_DOWN)
    look(lockout)
    until(lambda: "makes machines again" in look(lockout), "the pause did not end")
    assert settled(lockout.live()) == {**settled(before), "concurrent": 7}
    assert (state(lockout)["paused"], lockout.service_pid()) == ({}, pid)
    assert paused_entries(lockout) == "gitlab_runner_aws_pools_paused 0"
    assert state(lockout)["failures_total"] >= 3
    job_runs(lockout)


def test_without_the_watch_there_are_no_pauses(lockout: Deployment) -> None:
    def paused() -> bool:
        look(lockout)
        return live(lockout) == {ON_DEMAND: 1}

    until(paused, "the pause did not begin")

    lockout.config["gitlab-runner-aws:manager"]["watch"] = {"enabled": False}
    lockout.configure()
    lockout.up()

    assert live(lockout) == {SPOT: 4, ON_DEMAND: 1}
