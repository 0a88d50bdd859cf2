"""Which machines the stand-in for gitlab-runner makes, lends and removes, and for which entry.

Worked out from executors/docker/machine of gitlab-runner 19.3.
"""

import queue
import threading
import time

import pytest

from localcloud.host_programs.gitlab_runner_stand_in import coordinator, execution, fleet
from localcloud.host_programs.gitlab_runner_stand_in.coordinator import Coordinator, Creation
from localcloud.host_programs.gitlab_runner_stand_in.docker_machine import is_of

from .pretended_fleet import Entry, entry, pretended, stays
from .running_gitlab_runner import until


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "_PROVISION_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(execution, "_PREPARATION_PAUSE_SECONDS", 0.01)


def old(name: str, number: int = 1) -> str:
    """A machine of an earlier process."""
    return f"runner-xxxxxxxxx-{name}-{number}"


@pytest.mark.parametrize(
    ("template", "name", "fits"),
    [
        ("ci-%s", "runner-xxxxxxxxx-ci-1795468438-f4a40119", True),
        ("ci-%s", "runner-xxxxxxxxx-ci-large-1795468438-f4a40119", True),
        ("ci-large-%s", "runner-xxxxxxxxx-ci-1795468438-f4a40119", False),
        ("ci-%s-new", "runner-xxxxxxxxx-ci-1795468438-f4a40119-old", True),
        ("ci-%s-new", "runner-xxxxxxxxx-ci-1795468438-f4a40119", True),
        ("ci-%s", "runner-xxxxxxxxx-ci-", False),
        ("ci-%s", "runner-yyyyyyyyy-ci-1795468438-f4a40119", False),
        ("ci", "runner-xxxxxxxxx-ci", False),
    ],
)
def test_a_machine_is_of_an_entry_by_what_stands_before_the_placeholder(template: str, name: str, fits: bool) -> None:
    assert is_of(entry("a", machine={"MachineName": template}), name) is fits


def test_a_changed_name_behind_the_placeholder_and_changed_options_leave_the_old_machines() -> None:
    machine = {"IdleCount": 2, "MachineName": "ci-%s-old", "MachineOptions": ["old"]}
    with pretended(2, entry("a", machine=machine)) as own:
        own.start()
        until(lambda: len(own.machines.on_disk) == 2)
        changed = entry("a", machine={**machine, "MachineName": "ci-%s-new", "MachineOptions": ["new"]})
        own.change(runners=[changed])
        stays(lambda: len(own.machines.asked) == 2)
        changed["machine"]["IdleCount"] = 3
        until(lambda: len(own.machines.asked) == 3)

    name, options = own.machines.asked[2]
    assert (name.endswith("-new"), options) == (True, ["new"])


def test_a_job_keeps_the_options_of_the_entry_with_which_it_came() -> None:
    with pretended(1, entry("a", machine={"MachineOptions": ["old"]})) as own:
        own.machines.slow, own.machines.failures = True, 2
        own.jobs.waiting = 1
        own.start()
        until(lambda: own.machines.asked)
        own.change(runners=[entry("a", machine={"MachineOptions": ["new"]})])
        own.machines.ready.release(3)
        until(lambda: own.jobs.running)

        assert [options for _, options in own.machines.asked] == [["old"]] * 3


def test_a_job_fails_after_three_preparations_of_three_tries() -> None:
    with pretended(1, entry("a")) as own:
        own.machines.failures = 99
        own.jobs.waiting = 1
        own.start()
        until(lambda: own.jobs.failed)

        assert len(own.machines.asked) == 9


def test_no_more_machines_are_made_at_once_than_the_growth_rate_says_for_the_token() -> None:
    growing = {"IdleCount": 3, "MaxGrowthRate": 2}
    with pretended(2, entry("a", machine=growing), entry("b", machine=growing)) as own:
        own.machines.slow = True
        own.start()
        until(lambda: own.machines.at_once == 2)
        stays(lambda: len(own.machines.asked) == 2)
        own.machines.ready.release(1)
        # Two of each entry were called for, and two of all are made: of b's two the first follows.
        until(lambda: len(own.machines.asked) == 3)
        own.machines.ready.release(9)
        until(lambda: len(own.machines.on_disk) == 6)

        assert own.machines.most_at_once == 2


def test_a_growth_rate_below_zero_lets_no_machine_be_made() -> None:
    with pretended(2, entry("a", machine={"IdleCount": 1, "MaxGrowthRate": -1})) as own:
        own.start()

        stays(lambda: own.machines.asked == [])


def test_while_as_many_machines_are_being_made_as_the_growth_rate_says_no_job_is_asked_for() -> None:
    with pretended(3, entry("a", strict_check_interval=True, machine={"MaxGrowthRate": 1})) as own:
        own.machines.slow = True
        own.jobs.waiting = 1
        own.start()
        until(lambda: own.machines.asked)

        stays(lambda: own.jobs.askers() == ["a"])


def test_below_zero_idle_machines_none_is_made_and_jobs_are_asked_for_while_one_is_idle() -> None:
    with pretended(2, entry("a", machine={"IdleCount": -1}), entry("b", machine={"IdleCount": -1})) as own:
        own.machines.on_disk = [old("b")]
        own.jobs.waiting = 2
        own.start()
        until(lambda: own.jobs.running)

        stays(lambda: own.jobs.askers() == ["b"])
        own.jobs.end()
        until(lambda: own.jobs.askers() == ["b", "b"])
        assert own.machines.asked == []


def test_a_job_is_asked_for_if_a_machine_counted_as_idle_that_does_not_answer() -> None:
    with pretended(1, entry("a", machine={"IdleCount": 1})) as own:
        own.machines.on_disk, own.machines.unreachable = [old("a")], {old("a")}
        own.machines.slow = True
        own.start()
        until(lambda: own.jobs.asked)

        until(lambda: own.machines.on_disk == [])
        stays(lambda: own.jobs.askers() == ["a"])


def test_a_job_takes_a_machine_that_becomes_free_before_its_own_is_made() -> None:
    with pretended(2, entry("a")) as own:
        own.jobs.waiting = 1
        own.start()
        until(lambda: own.jobs.running)
        own.machines.slow = True
        own.jobs.waiting = 1
        until(lambda: len(own.machines.asked) == 2)
        own.jobs.end(1)
        until(lambda: 2 in own.jobs.running)

        assert own.machines.at_once == 1, "its own is still being made"


def test_a_job_takes_no_machine_of_another_entry_of_its_token() -> None:
    with pretended(2, entry("a", limit=1), entry("b", limit=2)) as own:
        own.jobs.waiting = 1
        own.start()
        until(lambda: "a" in own.jobs.running.values())
        own.machines.slow = True
        own.jobs.waiting = 1
        until(lambda: own.workers.jobs() == 2)
        own.jobs.end(1)
        until(lambda: own.workers.jobs() == 1)

        stays(lambda: not own.jobs.running, coordinator._LOOK_AGAIN_SECONDS)
        assert len(own.machines.asked_of(own.config["runners"][1])) == 1


def test_the_news_of_a_free_machine_reaches_the_job_of_the_token_that_has_waited_longest() -> None:
    shared, told = Coordinator(), queue.SimpleQueue[str]()

    def wait(name: str) -> None:
        shared.wait(Creation())
        told.put(name)

    waiting = [threading.Thread(target=wait, args=(name,)) for name in ("first", "second")]
    for thread in waiting:
        thread.start()
        time.sleep(0.1)
    shared.add_available()

    assert told.get(timeout=0.5) == "first"
    # Whoever looks first takes it off the count, whichever entry the machine is of.
    assert (shared.take_available(), shared.take_available()) == (True, False)
    assert told.empty()
    assert told.get(timeout=2) == "second", "each looks again after a second"


def test_a_machine_goes_at_the_end_of_its_last_job() -> None:
    with pretended(1, entry("a", machine={"MaxBuilds": 1}), entry("b")) as own:
        own.change(check_interval=600)
        own.jobs.waiting = 1
        own.start()
        until(lambda: own.jobs.running)
        assert len(own.machines.on_disk) == 1
        own.jobs.end()

        until(lambda: own.machines.on_disk == [])
        assert own.jobs.askers() == ["a"], "nobody looked at the entry again"


def test_the_oldest_machines_are_kept_and_the_newest_lent() -> None:
    kept: Entry = entry("a", machine={"IdleCount": 2, "IdleTime": 0})
    with pretended(1, kept) as own:
        own.machines.on_disk = [old("a", number) for number in (3, 1, 2)]
        own.start()
        until(lambda: sorted(own.machines.on_disk) == [old("a", 1), old("a", 2)])
        own.jobs.waiting = 1
        until(lambda: own.jobs.running)

        assert own.jobs.traces == [f"Running on {old('a', 2)} ...\n"]


def test_entries_of_which_one_name_begins_like_the_others_share_machines() -> None:
    with pretended(1, entry("ci", machine={"IdleCount": 1}), entry("ci-large", machine={"IdleCount": 1})) as own:
        own.machines.on_disk = [old("ci-large")]
        own.start()
        time.sleep(0.5)

        assert own.machines.asked == [], "the machine of ci-large is one of ci's, too"


def test_draining_waits_for_a_machine_that_is_being_made() -> None:
    with pretended(1, entry("a", machine={"IdleCount": 1})) as own:
        own.machines.slow = True
        own.start()
        until(lambda: own.machines.asked)
        own.workers.stop()
        draining = threading.Thread(target=own.fleet.drain, args=({}, 5))
        draining.start()
        stays(draining.is_alive)
        own.machines.ready.release()
        draining.join()

        assert own.machines.on_disk == []
        assert not own.fleet.states()
