"""What the watch tells of Auto Scaling groups, and that it counts failed launches as failed creations."""

import calendar
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool.aws.api import Aws, Credentials
from components.manager_tool.executors.docker_autoscaler import watching
from components.manager_tool.executors.docker_autoscaler.watching import Kept
from components.manager_tool.executors.docker_machine import overrides, reaping
from components.manager_tool.maintenance import metrics, watch
from components.manager_tool.maintenance.look import Pass
from components.manager_tool.maintenance.watch_state import State
from components.manager_tool.programs import journal

from .autoscaled_manager import Manager, autoscaled, machined, manager_in
from .fake_groups import FakeAws, FakeGroup

AWS = Aws("eu-central-1", Credentials("a", "b"))
NOW = float(calendar.timegm((2026, 11, 27, 6, 0, 30)))
REASON = "We currently do not have sufficient m5.large capacity in the AZ you requested"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    return FakeAws(monkeypatch)


NOTHING = Kept({}, {}, {}, {})
DAY = 24 * 3600


def look(names: Sequence[str], before: Kept = NOTHING, after: float = 0, **began: float) -> watching.Found:
    """Look at groups so many seconds later; jobs began on instances, written with _, so many seconds later."""
    times = {instance.replace("_", "-"): NOW + time for instance, time in began.items()}
    return watching.look(AWS, names, before, times, NOW + after)


def test_each_failed_launch_is_told_once_with_aws_s_own_reason_the_oldest_first(aws: FakeAws) -> None:
    aws.groups["test/a"] = FakeGroup(2, refusal=REASON)
    aws.groups["test/b"] = FakeGroup()
    first = look(["test/a", "test/b"])
    assert (first.lines, first.failures) == ([f"group test/a can't launch an instance: {REASON}"], 1)
    aws.groups["test/a"].activities.insert(0, ("ok", "Successful", "2026-11-27T06:00:09.000Z", ""))
    aws.groups["test/a"].refusal = "Your quota allows for 0 more\nrunning instance(s)"
    second = look(["test/a", "test/b"], first.kept, 60)
    assert second.lines == ["group test/a can't launch an instance: Your quota allows for 0 more running instance(s)"]
    aws.groups["test/a"].desired = 0
    third = look(["test/a"], second.kept, 120)
    assert (third.lines, third.failures, third.kept.short) == ([], 0, {})
    assert {*third.kept.told} == {"test/a-0", "test/a-2"}


def test_of_failures_of_before_the_first_look_only_late_ones_are_told(aws: FakeAws) -> None:
    aws.groups["test/a"] = FakeGroup(1, refusal=REASON)
    assert look(["test/a"], after=3700).failures == 0


def test_a_group_that_stays_below_its_size_is_told_every_ten_minutes(aws: FakeAws) -> None:
    aws.groups["test/a"] = FakeGroup(2, {"i-1": "InService"}, looks=99)
    kept, lines = NOTHING, {}
    for minute in range(24):
        found = look(["test/a"], kept, 60 * minute)
        kept, lines[minute] = found.kept, found.lines
    told = {minute: said for minute, said in lines.items() if said}
    assert [*told] == [11, 22]
    assert told[11] == ["group test/a has 1 of 2 instances for more than 10 minutes; its activities in EC2 say why"]


def test_a_group_that_is_not_there_is_told(aws: FakeAws) -> None:
    assert look(["test/a"]).lines == ["group test/a of config.toml does not exist; run `pulumi up --refresh`"]


def test_instances_on_which_no_job_begins_are_told_once_a_day(aws: FakeAws) -> None:
    aws.groups["test/a"] = FakeGroup(2, {"i-1": "InService", "i-2": "InService"})
    first = look(["test/a"])
    assert look(["test/a"], first.kept, DAY).unused == 0
    late = look(["test/a"], first.kept, DAY + 60, i_2=DAY - 60)
    (line,) = late.lines
    assert (late.unused, line.partition(";")[0]) == (
        1,
        "group test/a: no job has begun on 1 of its instances for 24 hours (i-1)",
    )
    again = look(["test/a"], late.kept, DAY + 120)
    assert (again.unused, again.lines) == (1, [])
    next_day = look(["test/a"], again.kept, 2 * DAY + 120)
    assert (next_day.unused, len(next_day.lines)) == (2, 1)
    del aws.groups["test/a"].states["i-1"]
    aws.groups["test/a"].desired = 1
    assert look(["test/a"], next_day.kept, 3 * DAY, i_2=3 * DAY - 5).kept == Kept(
        {}, {}, {"i-2": NOW + 3 * DAY - 5}, {}
    )


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[0;mDialing instance                                   \x1b[0;m \x1b[0;mexternal-address\x1b[0;m= "
        "\x1b[0;minstance-id\x1b[0;m=i-0ab1 \x1b[0;mjob\x1b[0;m=7",
        'time="2026-11-27T06:00:30Z" level=info msg="Dialing instance" instance-id=i-0ab1 job=7',
        '{"external-address":"","instance-id":"i-0ab1","job":7,"level":"info","msg":"Dialing instance"}',
    ],
)
def test_the_journal_tells_on_which_instance_a_job_begins(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [(NOW, line), (NOW + 5, line.replace("Dialing instance", "Job succeeded").replace("i-0ab1", "i-0ab2"))]
    monkeypatch.setattr(journal, "messages", lambda since: iter(said))
    assert watching.jobs_began(NOW) == {"i-0ab1": NOW}


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    monkeypatch.setattr("components.manager_tool.aws.api.of_instance", lambda: Credentials("a", "b"))
    return manager_in(tmp_path, monkeypatch)


def settings(folder: Path, **more: Any) -> Any:
    told = {"region": "eu-central-1", "graceMinutes": 10, "metricsFile": str(folder / "m.prom"), "alarms": True}
    return {**told, "deployment": "test", **more}


def test_failed_launches_are_among_the_failed_creations_of_metrics_and_alarm(
    manager: Manager, aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(metrics, "send_to_cloudwatch", lambda *given: sent.append(given[-1]))
    manager.up(autoscaled("a"), machined("m"))
    overrides.save(overrides.State(failures_total=4))
    aws.groups["test/a"] = FakeGroup(1, refusal=REASON)
    asked: list[float] = []

    def messages(since: float) -> Iterator[tuple[float, str]]:
        asked.append(since)
        yield NOW, ""

    monkeypatch.setattr(journal, "messages", messages)
    state = State(spot_failures=4)
    for _ in range(2):
        look = Pass(settings(tmp_path), {}, state, dry_run=False, started=NOW)
        watch._look_at_groups(look)
        watch._tell(look)
    assert (sent, asked) == ([1, 1], [NOW - 24 * 3600 - 60, NOW - 60])
    assert "creation_failures_total 6\n" in (tmp_path / "m.prom").read_text()


def test_where_no_pool_makes_machines_ec2_is_searched_as_long_as_something_of_earlier_ones_may_be_left(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def look(*_: object) -> None:
        raise AssertionError("it was searched")

    monkeypatch.setattr(reaping, "look", look)
    monkeypatch.setattr("components.manager_tool.maintenance.look.instance_id", lambda: "i-1")
    told = {"profile": "p", "group": "g", "apart": True, "manager": "m", "ownInstance": True, "stopTimeout": 1}
    of_groups = settings(tmp_path, onlyGroups=True, **told)
    manager.up(autoscaled("a"))
    folders: list[object] = []
    monkeypatch.setattr(watch, "folders", lambda: folders)
    watch._reap(Pass(of_groups, {}, State(), dry_run=False))
    folders.append("one that is left")
    with pytest.raises(AssertionError, match="it was searched"):
        watch._reap(Pass(of_groups, {}, State(), dry_run=False))
    folders.clear()
    months = 40 * 86_400
    named = State(templates={"runner-abc-m-%s": NOW - months})
    with pytest.raises(AssertionError, match="it was searched"):
        watch._reap(Pass(of_groups, {}, named, dry_run=False, started=NOW - months + 3600))
    watch._reap(Pass(of_groups, {}, named, dry_run=False, started=NOW))
    with pytest.raises(AssertionError, match="it was searched"):
        watch._reap(Pass(settings(tmp_path, **told), {}, State(), dry_run=False))


def test_the_watch_is_told_where_no_pool_makes_machines(deployed_with: Any) -> None:
    machines, both = {"name": "m", "limit": 2, "instanceTypes": ["m5.large"]}, {"executor": "docker-autoscaler"}
    for given, only in (
        ({}, False),
        (both, True),
        ({"pools": [{**machines, **both}, {**machines, "name": "n"}]}, False),
    ):
        told = json.loads(deployed_with(**given).named("runner-registration-watch")["stdin"])
        assert told.get("onlyGroups", False) is only
