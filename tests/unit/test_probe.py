"""Groups are tried before gitlab-runner moves to them, and what does not do stops that with nothing changed."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from components.manager_tool.aws.api import Credentials
from components.manager_tool.executors.docker_autoscaler import probe
from components.manager_tool.host import StepError

from .autoscaled_manager import Manager, autoscaled, machined, manager_in
from .fake_groups import Clock, FakeAws, FakeGroup

NEW = autoscaled("a", instance_ready_command="cloud-init status --wait")
Answer = tuple[int, str]


class Workers:
    """What the SSH client is called with, and how that ends."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.answer: Callable[[str], Answer] = lambda command: (0, "")

    def run(self, *call: str, check: bool) -> Answer:
        assert call[0] == "timeout"
        self.calls.append(call)
        return self.answer(call[-1])

    @property
    def commands(self) -> list[str]:
        return [call[-1] for call in self.calls]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    made = FakeAws(monkeypatch)
    made.groups["test/a"] = FakeGroup(looks=3)
    return made


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    made = Workers()
    monkeypatch.setattr(probe, "run", made.run)
    return made


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: FakeAws, workers: Workers) -> Manager:
    monkeypatch.setattr("components.manager_tool.aws.api.of_instance", lambda: Credentials("a", "b"))
    made = manager_in(tmp_path, monkeypatch)
    Clock(monkeypatch)
    (tmp_path / "worker-key.pub").write_text("ssh-ed25519 AAAA gitlab-runner-aws\n")
    made.up(machined("a"))
    made.take_done()
    return made


def test_each_new_group_is_tried_with_an_instance_that_goes_again(
    manager: Manager, aws: FakeAws, workers: Workers
) -> None:
    aws.groups["test/b"] = FakeGroup()
    manager.up(NEW, autoscaled("b"), machined("m"))
    assert sorted(aws.calls) == ["end i-a1", "end i-b1", "test/a = 1", "test/b = 1"]
    assert aws.calls[:2] == ["test/a = 1", "test/b = 1"], "all start at once"
    assert [(group.desired, group.states) for group in aws.groups.values()] == [(0, {})] * 2
    assert sorted(workers.commands) == ["cloud-init status --wait", "docker info", "docker info"]
    assert manager.done == ["stop within 7200", "start"]


def test_the_manager_logs_in_as_the_plugin_does(manager: Manager, aws: FakeAws, workers: Workers) -> None:
    connector = '[runners.autoscaler.connector_config]\nusername = "ubuntu"\nprotocol_port = 2222\n'
    section = NEW.replace("[[runners.autoscaler.policy]]", f"{connector}[[runners.autoscaler.policy]]")
    manager.up(section)
    (call,) = {call[:-1] for call in workers.calls}
    options = dict(pairwise(call))
    assert (options["-i"], options["-p"], options["-l"]) == (str(manager.folder / "worker-key"), "2222", "ubuntu")
    assert call[-2:] == ("--", "10.0.0.7")
    assert len(aws.pushed) == 2, "a key is good for a minute alone"
    assert aws.pushed[0] == {
        "InstanceId": "i-a1",
        "InstanceOSUser": "ubuntu",
        "SSHPublicKey": "ssh-ed25519 AAAA gitlab-runner-aws\n",
        "AvailabilityZone": "eu-central-1a",
    }
    manager.up(machined("a"))
    workers.calls.clear()
    manager.up(section.replace('username = "ubuntu"', "use_external_addr = true"))
    assert {call[-2] for call in workers.calls} == {"203.0.113.7"}


def test_what_is_not_ready_yet_is_asked_again(manager: Manager, aws: FakeAws, workers: Workers) -> None:
    answers = iter(
        [(255, "Connection refused"), (124, ""), (0, ""), (1, "Cannot connect to the Docker daemon"), (0, "")]
    )
    workers.answer = lambda command: next(answers)
    manager.up(NEW)
    assert workers.commands == ["cloud-init status --wait"] * 3 + ["docker info"] * 2
    assert manager.done == ["stop within 7200", "start"]


def test_the_command_of_gitlab_runner_may_fail_once_and_docker_for_a_minute(
    manager: Manager, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.answer = lambda command: (1, "status: error")
    with pytest.raises(StepError, match=r"`cloud-init status --wait` ended with 1"):
        manager.up(NEW)
    assert workers.commands == ["cloud-init status --wait"], "gitlab-runner would give the instance up"
    clock = Clock(monkeypatch)
    workers.answer = lambda command: (0, "") if "cloud-init" in command else (127, "docker: not found")
    with pytest.raises(StepError, match=r"`docker info` ended with 127"):
        manager.up(NEW)
    assert 60 <= clock.now < 120


def test_a_login_that_is_refused_is_tried_for_a_minute_and_a_machine_that_does_not_answer_for_five(
    manager: Manager, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for said, least in (("Permission denied (publickey).", 60), ("Connection timed out", 300)):
        clock = Clock(monkeypatch)
        workers.answer = lambda command, said=said: (255, said)  # type: ignore[misc]
        with pytest.raises(StepError, match="can't log in"):
            manager.up(NEW)
        assert least <= clock.now < least + 60


def no_docker(aws: FakeAws, workers: Workers) -> None:
    workers.answer = lambda command: (127, "bash: docker: command not found") if "docker" in command else (0, "")


def no_login(aws: FakeAws, workers: Workers) -> None:
    workers.answer = lambda command: (255, "ubuntu@10.0.0.7: Permission denied (publickey).")


def endless(aws: FakeAws, workers: Workers) -> None:
    workers.answer = lambda command: (124, "")


def bad_image(aws: FakeAws, workers: Workers) -> None:
    aws.groups["test/a"].refusal = "The image id '[ami-0123]' does not exist. Launching EC2 instance failed."


def no_capacity(aws: FakeAws, workers: Workers) -> None:
    aws.groups["test/a"].refusal = "We currently do not have sufficient m5.large capacity."


def slow(aws: FakeAws, workers: Workers) -> None:
    aws.groups["test/a"].looks = 10_000


def no_group(aws: FakeAws, workers: Workers) -> None:
    del aws.groups["test/a"]


def no_right(aws: FakeAws, workers: Workers) -> None:
    aws.denied = {"SetDesiredCapacity"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            no_docker,
            r"`docker info` ended with 127 on i-a1: bash: docker.*bring Docker, .*ec2-user .*get-console-.* i-a1",
        ),
        (no_login, r"can't log in to i-a1 as ec2-user at 10\.0\.0\.7, port 22: .*Permission denied.*Check .*username"),
        (endless, r"`cloud-init status --wait` did not end on i-a1"),
        (bad_image, r"test/a can't launch an instance: The image id .* does not exist"),
        (no_capacity, r"test/a can't launch an instance: We currently do not have sufficient"),
        (slow, r"test/a can't launch an instance: no instance came into service in 300 s"),
        (no_group, r"AWS has no Auto Scaling group test/a, which config.toml names; run"),
        (no_right, r"AccessDenied: User is not authorized to perform: autoscaling:SetDesiredCapacity"),
    ],
)
def test_what_would_not_do_for_jobs_leaves_the_old_config_live_and_no_instance(
    manager: Manager, aws: FakeAws, workers: Workers, wrong: Callable[[FakeAws, Workers], None], said: str
) -> None:
    before = manager.live.read_text()
    wrong(aws, workers)
    with pytest.raises(StepError, match=rf"(?s){said}.*config\.toml was not changed"):
        manager.up(NEW)
    assert (manager.live.read_text(), manager.done) == (before, [])
    assert all((group.desired, group.states) == (0, {}) for group in aws.groups.values())


def test_a_wrong_image_is_told_at_once_and_other_failures_may_pass(
    manager: Manager, aws: FakeAws, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    bad_image(aws, workers)
    with pytest.raises(StepError):
        manager.up(NEW)
    assert clock.now < 30
    no_capacity(aws, workers)
    monkeypatch.setattr(clock, "sleep", lambda seconds: None)
    group, sleep = aws.groups["test/a"], clock.sleep

    def later(seconds: float) -> None:
        clock.now += seconds
        group.refusal = group.refusal if clock.now < 90 else ""
        sleep(seconds)

    monkeypatch.setattr("time.sleep", later)
    manager.up(NEW)
    assert manager.done == ["stop within 7200", "start"]


def test_an_instance_that_an_interrupted_try_has_left_is_used(manager: Manager, aws: FakeAws, workers: Workers) -> None:
    aws.groups["test/a"] = FakeGroup(1, {"i-left": "InService"})
    manager.up(NEW)
    assert (aws.calls, aws.groups["test/a"].states) == (["end i-left"], {})


@pytest.mark.parametrize("before", [[autoscaled("b")], [autoscaled("a"), machined("m")]])
def test_a_group_that_is_used_and_the_only_executor_need_no_trying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: FakeAws, workers: Workers, before: list[str]
) -> None:
    manager = manager_in(tmp_path, monkeypatch)
    manager.up(*before)
    manager.up(NEW, *before[1:])
    assert workers.calls == []
    assert not any(call.startswith("test/a =") for call in aws.calls)


def test_the_watch_tries_nothing(manager: Manager, workers: Workers) -> None:
    manager.up(machined("a"), autoscaled("a"), patient=False)
    assert workers.calls == []
