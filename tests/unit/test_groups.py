"""Auto Scaling groups as the manager's tool reads, empties and leaves them."""

from pathlib import Path
from typing import Any

import pytest

from components.manager_tool.aws.api import Aws, AwsError, Credentials
from components.manager_tool.executors.docker_autoscaler import ending, groups, known
from components.manager_tool.host import StepError
from components.manager_tool.maintenance import removal

from .autoscaled_manager import Manager, autoscaled, machined, manager_in
from .fake_groups import Clock, FakeAws, FakeGroup

AWS = Aws("eu-central-1", Credentials("a", "b"))
RUNNING = {"i-1": "InService", "i-2": "InService"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    return FakeAws(monkeypatch)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_group_is_read_with_its_instances_and_one_that_is_not_there_is_none(aws: FakeAws) -> None:
    aws.groups["test/a"] = FakeGroup(2, {"i-1": "InService", "i-2": "Terminating:Wait"}, stubborn={"i-2"})
    found = groups.describe(AWS, "test/a")
    assert found is not None
    assert (found.desired, found.most) == (2, 9)
    # The one that is missing has been launched meanwhile.
    assert [(each.id, each.in_service, each.is_ending) for each in found.instances] == [
        ("i-1", True, False),
        ("i-2", False, True),
        ("i-a1", False, False),
    ]
    assert groups.describe(AWS, "test/b") is None


@pytest.mark.parametrize(
    "error", ["<DesiredCapacity>x", "<DesiredCapacity>-1", "<DesiredCapacity></DesiredCapacity><X>"]
)
def test_of_an_answer_that_is_not_aws_s_nothing_is_concluded(monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    aws = FakeAws(monkeypatch)
    aws.groups["test/a"] = FakeGroup()
    real = aws.answer

    def answer(*given: Any) -> bytes:
        tag = "X" if error.endswith("<X>") else "DesiredCapacity"
        return real(*given).replace(b"<DesiredCapacity>0</DesiredCapacity>", f"{error}</{tag}>".encode())

    monkeypatch.setattr(aws, "answer", answer)
    with pytest.raises(AwsError, match="UnexpectedAnswer: Auto Scaling told of a DesiredCapacity"):
        groups.describe(AWS, "test/a")


def test_groups_are_emptied_one_instance_after_the_other_and_launch_none_meanwhile(aws: FakeAws, clock: Clock) -> None:
    aws.groups = {"test/a": FakeGroup(2, dict(RUNNING)), "test/b": FakeGroup(), "test/c": FakeGroup(1, looks=9)}
    assert groups.empty(AWS, ["test/a", "test/b", "test/c", "test/gone"], print) == {}
    assert aws.calls == ["end i-1", "end i-2", "end i-c1"]
    assert {(group.desired, len(group.states)) for group in aws.groups.values()} == {(0, 0)}
    assert aws.groups["test/a"].launched == 0


def test_a_group_that_can_launch_nothing_gives_it_up_and_one_below_its_size_is_not_shrunk(
    aws: FakeAws, clock: Clock
) -> None:
    aws.groups = {
        "test/a": FakeGroup(5, {"i-1": "InService"}, refusal="no capacity"),
        "test/b": FakeGroup(0, {"i-2": "InService"}),
    }
    assert groups.empty(AWS, ["test/a", "test/b"], print) == {}
    assert aws.calls == ["test/a = 1", "end i-1", "end i-2"]
    assert aws.groups["test/a"].launched == 0


def test_what_does_not_end_is_waited_for_with_news_and_not_for_ever(aws: FakeAws, clock: Clock) -> None:
    aws.groups["test/a"] = FakeGroup(2, dict(RUNNING), stubborn={"i-2"})
    told: list[str] = []
    assert groups.empty(AWS, ["test/a"], told.append, seconds=100) == {"test/a": ["i-2"]}
    assert told == [f"waiting for instances to end: 1 of test/a, {n} s so far" for n in (30, 60, 90)]
    assert (aws.calls, clock.now <= 110) == (["end i-1", "end i-2"], True)


def test_a_missing_right_is_no_emptied_group(aws: FakeAws, clock: Clock) -> None:
    aws.groups["test/a"] = FakeGroup(2, dict(RUNNING))
    aws.denied = {"TerminateInstanceInAutoScalingGroup"}
    with pytest.raises(AwsError, match="not authorized to perform"):
        groups.empty(AWS, ["test/a"], print)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = manager_in(tmp_path, monkeypatch)
    monkeypatch.setattr(ending, "SECRETS", tmp_path / "secrets.json")
    monkeypatch.setattr("components.manager_tool.aws.api.of_instance", lambda: Credentials("a", "b"))
    return made


def test_at_the_end_of_life_the_instances_of_all_groups_go(manager: Manager, aws: FakeAws, clock: Clock) -> None:
    manager.up(autoscaled("a"), autoscaled("b"), machined("m"))
    aws.groups = {f"test/{name}": FakeGroup(2, {f"i-{name}1": "InService"}) for name in "abcm"}
    assert ending.empty_groups(list) == []
    assert {name for name, group in aws.groups.items() if group.states} == {"test/c", "test/m"}


def test_groups_are_known_from_what_is_live_or_staged_whichever_is_left(
    manager: Manager, aws: FakeAws, clock: Clock
) -> None:
    manager.up(autoscaled("a"))
    for lost in (manager.live, manager.folder / "staged.toml"):
        kept = lost.read_bytes()
        lost.unlink()
        aws.groups = {"test/a": FakeGroup(1, {"i-1": "InService"})}
        assert ending.empty_groups(list) == []
        assert aws.groups["test/a"].states == {}
        lost.write_bytes(kept)


def test_instances_that_stay_are_named_with_what_to_do(manager: Manager, aws: FakeAws, clock: Clock) -> None:
    manager.up(autoscaled("a"), autoscaled("b"))
    aws.groups = {"test/a": FakeGroup(1, {"i-1": "InService"}, stubborn={"i-1"})}
    lines = ending.empty_groups(list)
    assert lines == ["test/a: i-1"]
    with pytest.raises(StepError, match=r"not be ended:\ntest/a: i-1\n.*aws autoscaling terminate-.*\n.*run|Run"):
        removal.require_gone([], lines)
    aws.denied = {"DescribeAutoScalingGroups"}
    (line,) = ending.empty_groups(list)
    assert line.startswith("test/a, test/b: AWS: AccessDenied")
    removal.require_gone([], [])


def test_the_instances_of_a_manager_that_has_taken_over_are_left_alone(
    manager: Manager, aws: FakeAws, clock: Clock, capsys: Any
) -> None:
    manager.up(autoscaled("a"))
    aws.groups = {"test/a": FakeGroup(1, {"i-1": "InService"})}
    assert ending.empty_groups(lambda: ["i-successor"]) == []
    assert aws.calls == []
    assert "instances of test/a stay: they are those of i-successor now" in capsys.readouterr().out


def test_without_such_pools_aws_is_not_asked(manager: Manager, aws: FakeAws) -> None:
    manager.up(machined("m"))
    aws.denied = {"DescribeAutoScalingGroups"}
    assert ending.empty_groups(lambda: pytest.fail("it was asked")) == []
    known._FILE.unlink()
    assert ending.empty_groups(lambda: pytest.fail("it was asked")) == []
