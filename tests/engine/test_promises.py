"""Each pool runs as many jobs at once as its limit says, on no more machines than is said: counted, for each layout."""

from collections import Counter

import pytest

from localcloud import control
from tests import needs

from . import promises
from .conftest import TOKEN_KEY, Deployment

ZONES = ["a", "b", "c"]


@needs.JOBS
def test_every_layout_runs_as_many_jobs_as_its_limit_and_no_more(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    promises.begin()
    layouts = promises.layouts()
    promises.configure(deployment, layouts, ZONES)
    runners = Counter({layout.runner: layout.jobs for layout in layouts})
    try:
        with promises.watched(deployment) as most:
            deployment.up()
            for runner, jobs in runners.items():
                promises.queue(deployment, runner, jobs + promises.MORE)
            # Or more than that somewhere, which may be at the cost of other pools.
            took = promises.until(
                lambda: (jobs := promises.count(deployment).jobs) >= runners or not jobs <= runners,
                "fewer jobs run than the limits say",
            )
            # More would come now.
            deployment.host().run("sleep 4")
            assert promises.count(deployment).jobs == runners
        assert most.jobs == runners, "at some time more jobs ran"
        for layout in layouts:
            assert most.machines[layout.pool["name"]] <= layout.machines, layout.source
            assert most.on_demand[layout.pool["name"]] == 0, "while there is spot capacity"
        with capsys.disabled():
            print("", *promises.table(layouts, most), f"all jobs ran after {took:.0f} s", sep="\n")
        assert "Long polling issues" not in deployment.host().run("journalctl -u gitlab-runner --no-pager")
    finally:
        control.gitlab(deployment.cloud, "jobs", {"cancel": True})


@needs.JOBS
def test_runners_of_their_own_spread_a_pool_over_its_zones(deployment: Deployment) -> None:
    promises.begin()
    access = control.gitlab(deployment.cloud, "access-tokens", {"scopes": ["create_runner", "manage_runner"]})["token"]
    deployment.run("config", "rm", TOKEN_KEY)
    deployment.project.set_secret("gitlab-runner-aws:accessToken", access)
    limit, types = 7, ["m5.large", "m6i.large"]
    deployment.pool.update(name="p00", zones=ZONES, instanceTypes=types, limit=limit, machine={"MaxBuilds": 50})
    deployment.config["gitlab-runner-aws:network"] = {"zones": ZONES}
    deployment.config["gitlab-runner-aws:createRunner"] = {"runnerType": "instance_type", "each": "entry"}
    deployment.config["gitlab-runner-aws:manager"] |= {"runningJobs": "abort"}
    deployment.configure()
    before = {runner["id"] for runner in control.gitlab(deployment.cloud, "state")["runners"]}
    deployment.up()

    created = {runner["id"] for runner in control.gitlab(deployment.cloud, "state")["runners"]} - before
    assert len(created) == len(ZONES) * len(types)
    assert {*deployment.outputs()["runner_ids"].values()} == created
    with promises.watched(deployment) as most:
        promises.queue(deployment, None, limit + promises.MORE)
        promises.until(lambda: len(promises.machines(deployment)) == limit, "fewer machines run than the limit says")
        deployment.host().run("sleep 4")
    assert (most.jobs.total(), most.machines["p00"]) == (limit, limit)
    found = Counter(machine["Placement"]["AvailabilityZone"][-1] for machine in promises.machines(deployment))
    assert sorted(found.values()) == [2, 2, 3]

    control.gitlab(deployment.cloud, "jobs", {"cancel": True})
    deployment.destroy()
    assert {runner["id"] for runner in control.gitlab(deployment.cloud, "state")["runners"]} == before
