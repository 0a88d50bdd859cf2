"""Which entries the stand-in for gitlab-runner offers to its workers, and when a worker asks for a job.

Worked out from commands/multi.go and commands/builds_helper.go of gitlab-runner 19.3.
"""

import itertools
import time
from typing import Any

import pytest

from localcloud.host_programs.gitlab_runner_stand_in.counters import Counters

from .pretended_fleet import ROUND, entry, pretended, stays
from .running_gitlab_runner import until


def test_entries_are_offered_in_the_files_order_evenly_spread_over_the_interval() -> None:
    with pretended(2, entry("a"), entry("b"), entry("c")) as fleet:
        fleet.start()
        until(lambda: len(fleet.jobs.asked) >= 9)

        assert fleet.jobs.askers()[:9] == ["a", "b", "c"] * 3
        times = [moment for moment, _ in fleet.jobs.asked]
        assert all(later - earlier >= ROUND / 3 * 0.9 for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize(("strict", "expected"), [(False, 4), (True, 1)])
def test_after_a_job_the_entry_is_offered_again_at_once_unless_the_interval_is_strict(
    strict: bool, expected: int
) -> None:
    with pretended(4, entry("a", strict_check_interval=strict)) as fleet:
        fleet.change(check_interval=600)
        fleet.jobs.waiting = 9
        fleet.start()
        until(lambda: fleet.workers.jobs() == expected)

        stays(lambda: len(fleet.jobs.asked) == expected)


def test_with_as_many_jobs_as_workers_no_machine_is_made_or_removed() -> None:
    busy, growing, idle = entry("busy"), entry("growing", machine={"IdleCount": 1}), entry("idle")
    idle["machine"]["IdleTime"] = 0
    with pretended(1, busy, growing, idle) as fleet:
        fleet.machines.on_disk = ["runner-xxxxxxxxx-idle-1"]
        fleet.jobs.waiting = 1
        fleet.start()
        until(lambda: fleet.jobs.running)

        stays(lambda: (len(fleet.machines.asked), "runner-xxxxxxxxx-idle-1" in fleet.machines.on_disk) == (1, True))
        assert fleet.jobs.askers() == ["busy"]
        fleet.jobs.end()
        until(lambda: fleet.machines.asked_of(growing))
        until(lambda: "runner-xxxxxxxxx-idle-1" not in fleet.machines.on_disk)


def test_the_entry_that_nobody_could_take_is_offered_before_those_of_a_changed_file() -> None:
    with pretended(1, entry("a"), entry("gone"), entry("gone-too")) as fleet:
        fleet.jobs.waiting = 1
        fleet.start()
        until(lambda: fleet.jobs.running)
        fleet.change(runners=[entry("new")])
        stays(lambda: fleet.jobs.askers() == ["a"])
        fleet.jobs.end()
        until(lambda: "new" in fleet.jobs.askers())

        assert fleet.jobs.askers()[:4] == ["a", "gone", "gone-too", "new"], "a round has the entries of its beginning"


def test_more_workers_begin_at_once_and_fewer_as_their_jobs_end() -> None:
    with pretended(1, entry("a")) as fleet:
        fleet.machines.slow = True
        fleet.jobs.waiting = 9
        fleet.start()
        until(lambda: fleet.workers.jobs() == 1)
        fleet.change(concurrent=3)
        assert fleet.fit()
        until(lambda: fleet.workers.jobs() == 3)
        fleet.change(concurrent=1)
        assert not fleet.fit(), "all workers run jobs"
        fleet.jobs.waiting = 0
        fleet.machines.ready.release(9)
        until(lambda: len(fleet.jobs.running) == 3)
        fleet.jobs.end(1, 2)
        until(fleet.fit)

        fleet.jobs.waiting = 9
        stays(lambda: fleet.workers.jobs() == 1)


def test_requests_count_by_token_and_are_held_against_each_entrys_own_number() -> None:
    entries = [
        entry("a", request_concurrency=1, feature_flags={"FF_USE_ADAPTIVE_REQUEST_CONCURRENCY": False}),
        entry("b", request_concurrency=2, feature_flags={"FF_USE_ADAPTIVE_REQUEST_CONCURRENCY": False}),
        entry("c", request_concurrency=3),
        entry("other", "y"),
    ]
    with pretended(9, *entries) as fleet:
        fleet.jobs.answers_at_once.clear()
        fleet.start()
        until(lambda: len(fleet.jobs.open) == 3)

        # c's adaptive number begins with one, and one is open already; so it is for the other token.
        stays(lambda: fleet.jobs.open == ["a", "b", "other"])


def test_builds_count_by_token_and_are_held_against_each_entrys_own_limit() -> None:
    # With names of their own, a job of a may use up the word that one of b's machines is free, and b's job waits on:
    # `tryGetFreeExistingMachineFromCoordinator`, executors/docker/machine/provider.go.
    alike = {"MachineName": "alike-%s"}
    entries = entry("a", machine=alike, limit=1), entry("b", machine=alike, limit=3), entry("c", "y", limit=2)
    with pretended(9, *entries) as fleet:
        fleet.machines.slow = True
        fleet.jobs.waiting = 9
        fleet.start()
        until(lambda: fleet.workers.jobs() == 5)
        fleet.machines.ready.release(9)
        until(lambda: len(fleet.jobs.running) == 5)

        stays(lambda: sorted(fleet.jobs.running.values()) == ["a", "b", "b", "c", "c"])
        first = next(number for number, name in fleet.jobs.running.items() if name == "a")
        fleet.jobs.end(first)
        # The token's three: as two of b's continue, a is beyond its own limit.
        until(lambda: sorted(fleet.jobs.running.values()) == ["b", "b", "b", "c", "c"])


def adapted(counters: Counters, wanted: dict[str, Any]) -> int:
    """How many requests may be open now."""
    number = next(count for count in itertools.count() if not counters.acquire_request(wanted))
    for _ in range(number):
        # Without the flag the number stays as it is.
        counters.release_request({**wanted, "feature_flags": {"FF_USE_ADAPTIVE_REQUEST_CONCURRENCY": False}})
    return number


def test_the_number_of_requests_adapts_to_how_many_bring_a_job() -> None:
    counters, wanted = Counters(), entry("a", request_concurrency=4)

    def answered(times: int, **how: bool) -> int:
        for _ in range(times):
            assert counters.acquire_request(wanted)
            counters.release_request(wanted, **how)
        return adapted(counters, wanted)

    assert adapted(counters, wanted) == 1, "it begins with one"
    assert answered(1, has_job=True) == 1, "the first job makes 1.0 of 0.0"
    assert answered(1, has_job=True) == 2, "1.1, rounded up"
    assert answered(99, has_job=True) == 4, "never more than request_concurrency"
    assert answered(5) == 4, "3.1, rounded up"
    assert answered(1) == 3, "2.9"
    assert answered(1, has_job=True, slowed_down=True) == 2, "1.5: GitLab's trouble counts for more than its job"
    assert answered(99) == 1


def test_an_entry_without_a_free_machine_counts_as_a_request_without_a_job() -> None:
    with pretended(2, entry("a", machine={"IdleCount": 1, "MaxBuilds": 1})) as fleet:
        fleet.machines.slow = True
        fleet.start()
        until(lambda: fleet.machines.asked)
        time.sleep(3 * ROUND)

        assert fleet.jobs.asked == []
        assert len(fleet.machines.asked) == 1
