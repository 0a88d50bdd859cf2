"""Days on which AWS is down in part or slow, or the manager's clock is wrong: nothing is lost and nothing is left.

The last two tests are about one stack, which the last one destroys.
"""

import shlex
import time

from localcloud import control
from tests import needs

from .conftest import Deployment
from .test_end_of_life import has_machine, machines_of
from .test_watch import TOOL

SHIFTED = """\
import time
now, gmtime = time.time, time.gmtime
time.time = lambda: now() + {seconds}
time.gmtime = lambda moment=None: gmtime(time.time() if moment is None else moment)
"""
"""A `sitecustomize` by which a program sees another time."""


def finished(deployment: Deployment) -> str:
    """Run a job and return how it ended."""
    job = control.gitlab(deployment.cloud, "jobs", {"seconds": 0})["id"]
    deadline = time.monotonic() + 100
    while True:
        state = next(each["state"] for each in control.gitlab(deployment.cloud, "state")["jobs"] if each["id"] == job)
        if state not in ("pending", "running"):
            return str(state)
        assert time.monotonic() < deadline, state
        time.sleep(0.2)


@needs.MACHINES
def test_without_s3_a_stack_is_changed_and_runs_jobs_and_its_end_goes_on_when_s3_is_back(
    deployment: Deployment,
) -> None:
    deployment.pool["machine"] = {"IdleCount": 0, "IdleTime": 1800}
    deployment.configure()
    deployment.up()
    control.refuse(deployment.cloud, {"service": "s3", "code": "ServiceUnavailable"})
    try:
        deployment.pool["limit"] = 7
        deployment.configure()
        deployment.up()
        assert "limit = 7\n" in deployment.live()
        assert finished(deployment) == "success"
        failed = deployment.run("destroy", "--yes", "--skip-preview", check=False)
    finally:
        control.refuse(deployment.cloud)
    assert failed.returncode != 0
    assert "ServiceUnavailable" in failed.stdout + failed.stderr
    assert [each["type"] for each in deployment.resources() if "s3/" in each["type"]], "the state has the bucket still"
    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []


@needs.MACHINES
def test_a_clock_that_jumps_makes_the_watch_remove_nothing(shared: Deployment) -> None:
    shared.config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600, "graceMinutes": 6}
    shared.pool["machine"] = {"IdleCount": 1, "IdleTime": 1800}
    shared.configure()
    shared.up()
    has_machine(shared)
    host = shared.host()
    machines = machines_of(host)
    for minutes, told in ((4, ""), (-4, ""), (120, "120 minutes ahead of AWS's"), (-120, "120 minutes behind AWS's")):
        shifted = shlex.quote(SHIFTED.format(seconds=minutes * 60))
        # Of a file that has changed within a second, and not in size, Python would take the compiled one of before.
        said = host.run(
            f"mkdir -p /root/clock && printf %s {shifted} > /root/clock/sitecustomize.py; "
            f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/root/clock {TOOL} 2>&1 || true"
        )
        assert told in said
        assert ("RequestExpired" in said) == bool(told), said
        assert "removed" not in said
        assert machines_of(host) == machines
    assert host.run(f"{TOOL} 2>&1") == ""


@needs.MACHINES
def test_a_destroy_ends_all_machines_though_aws_lets_few_calls_through(shared: Deployment) -> None:
    count = 6
    shared.pool.update({"limit": count, "machine": {"IdleCount": count, "IdleTime": 1800}})
    shared.configure()
    shared.up()
    deadline = time.monotonic() + 200
    while len(machines_of(shared.host())) < count:
        assert time.monotonic() < deadline, "too few machines"
        time.sleep(1)
    busy = {"code": "RequestLimitExceeded", "perSecond": 1}
    control.refuse(shared.cloud, *({**busy, "action": each} for each in ("TerminateInstances", "DeleteKeyPair")))
    try:
        told = shared.destroy()
    finally:
        control.refuse(shared.cloud)
    assert "machine(s) stayed; once more" in told.stdout
    assert control.leftovers(shared.cloud) == []
