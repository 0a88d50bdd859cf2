"""The stand-in for gitlab-runner runs jobs of docker-autoscaler on a group's instances."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from .emulated_fleet import Account, account, until
from .running_autoscaler import POLICY, AutoscaledRunner, autoscaled
from .running_gitlab_runner import TOKEN

IDLE = 'idle_count = {}\nidle_time = "0s"\npreemptive_mode = true'
WAIT = "cloud-init status --wait || test $? -eq 2"


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture
def runner(aws: Account, tmp_path: Path) -> Iterator[AutoscaledRunner]:
    with autoscaled(tmp_path, aws) as made:
        yield made


def test_jobs_run_on_instances_of_the_group_that_go_when_they_are_idle(runner: AutoscaledRunner) -> None:
    runner.configure()
    runner.start()
    runner.jobs(2, 1)

    runner.succeeded(2)
    until(lambda: not runner.aws.described()["Instances"])

    assert runner.aws.described()["DesiredCapacity"] == 0
    assert {each["user"] for each in runner.aws.control("auto-scaling")["pushed"]} == {"ubuntu"}
    assert runner.logged("instance discovery")


def test_idle_instances_are_kept_by_the_last_policy_whose_period_holds(runner: AutoscaledRunner) -> None:
    never = 'periods = ["0 0 30 2 *"]\n' + IDLE.format(5)
    runner.configure("\n\n".join([IDLE.format(1), IDLE.format(2), never]))
    runner.start()

    until(lambda: len(runner.instances()) == 2)
    time.sleep(1)

    assert len(runner.instances()) == 2


def test_a_changed_policy_is_taken_up_without_a_restart_and_nothing_else_is(runner: AutoscaledRunner) -> None:
    runner.configure(IDLE.format(1), most=3)
    runner.start()
    until(lambda: len(runner.instances()) == 1)

    runner.configure(IDLE.format(5), most=5)

    until(lambda: len(runner.instances()) == 3)
    time.sleep(1)
    assert len(runner.instances()) == 3


def test_in_preemptive_mode_no_job_is_asked_for_before_an_instance_is_ready(runner: AutoscaledRunner) -> None:
    runner.aws.control("auto-scaling", {"boot": 3600})
    runner.configure(IDLE.format(1))
    runner.start()
    runner.jobs(1)

    until(lambda: len(runner.aws.members("Pending")) == 1)
    time.sleep(1.5)

    assert runner.job_states() == ["pending"]


def test_several_jobs_share_an_instance_as_capacity_per_instance_says(runner: AutoscaledRunner) -> None:
    runner.configure(
        POLICY.replace("1s", "1h"), autoscaler="capacity_per_instance = 2", entry="request_concurrency = 4"
    )
    runner.start()
    runner.jobs(4, 2)

    runner.succeeded(4)

    assert len(runner.aws.described()["Instances"]) == 2


def test_an_instance_goes_after_as_many_jobs_as_it_may_have(runner: AutoscaledRunner) -> None:
    runner.configure(POLICY.replace("1s", "1h"), autoscaler="max_use_count = 1")
    runner.start()
    runner.jobs(1)
    runner.succeeded(1)

    until(lambda: not runner.aws.described()["Instances"])


def test_no_more_instances_are_made_than_max_instances(runner: AutoscaledRunner) -> None:
    runner.configure(most=1, entry="request_concurrency = 3")
    runner.start()
    runner.jobs(3, 0.3)

    runner.succeeded(3)

    assert runner.aws.described()["DesiredCapacity"] <= 1
    assert all("from 1 to 2" not in each["Cause"] for each in runner.aws.activities())


def test_a_job_that_gets_no_instance_in_time_fails(runner: AutoscaledRunner) -> None:
    runner.aws.refuse({"code": "InsufficientInstanceCapacity"})
    runner.configure(autoscaler='instance_acquire_timeout = "500ms"')
    runner.start()
    runner.jobs(1)

    until(lambda: runner.job_states() == ["failed"])

    text = "unable to acquire instance within the configured timeout of 500ms: context deadline exceeded"
    assert runner.logged(text)
    # The reason is AWS's, and the runner never hears of it.
    assert not runner.logged("InsufficientInstanceCapacity")
    assert runner.aws.activities()[0]["StatusCode"] == "Failed"


def test_a_ready_command_holds_jobs_back_until_it_has_ended(runner: AutoscaledRunner) -> None:
    runner.aws.control("workers", {"cloudInitSeconds": 3600})
    runner.configure(autoscaler=f'instance_ready_command = "{WAIT}"')
    runner.start()
    runner.jobs(1)
    until(runner.instances)
    time.sleep(1)
    assert runner.job_states() == ["running"]
    assert not runner.logged("Dialing instance")

    runner.aws.control("workers", {"cloudInitSeconds": 0})

    runner.succeeded(1)


def test_an_instance_whose_ready_command_fails_is_removed(runner: AutoscaledRunner) -> None:
    runner.aws.control("workers", {"cloudInitFails": True})
    runner.configure(IDLE.format(1), autoscaler=f'instance_ready_command = "{WAIT}"')
    runner.start()

    until(lambda: sum(each["Description"].startswith("Terminating") for each in runner.aws.activities()) > 1)

    assert runner.logged("ready command: Process exited with status 1")


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"docker": False}, "ssh tunnel: Process exited with status 127 (docker: command not found)"),
        ({"user": "ec2-user"}, "ssh: handshake failed: ssh: unable to authenticate"),
        ({"instanceConnect": False}, "ssh: handshake failed: ssh: unable to authenticate"),
    ],
)
def test_a_job_fails_where_the_instance_can_not_run_it(
    runner: AutoscaledRunner, facts: dict[str, object], text: str
) -> None:
    good = {"user": "ubuntu", "docker": True, "instanceConnect": True}
    runner.aws.control("workers", {"images": {runner.aws.image: {**good, **facts}}})
    runner.configure()
    runner.start()
    runner.jobs(1)

    until(lambda: runner.job_states() == ["failed"], 90)

    assert runner.logged(text)


RARELY = 'update_interval = "1h"\nupdate_interval_when_expecting = "100ms"'


def test_a_job_whose_spot_instance_is_reclaimed_fails_and_so_does_the_next_one_sent_to_it(
    runner: AutoscaledRunner,
) -> None:
    """Six polls long the instance is believed to be there."""
    runner.configure(POLICY.replace("1s", "1h"), intervals=RARELY)
    runner.start()
    _reclaim_under_a_job(runner)

    runner.jobs(1)

    until(lambda: runner.job_states().count("failed") == 2, 90)
    assert runner.logged("i/o timeout")


def test_heartbeats_keep_jobs_from_an_instance_that_is_gone(runner: AutoscaledRunner) -> None:
    flags = "[runners.feature_flags]\nFF_USE_FLEETING_ACQUIRE_HEARTBEATS = true\n"
    runner.configure(POLICY.replace("1s", "1h"), tables=flags, intervals=RARELY)
    runner.start()
    _reclaim_under_a_job(runner)

    runner.jobs(1)

    runner.succeeded(1)
    assert runner.logged("heartbeat failed")


def _reclaim_under_a_job(runner: AutoscaledRunner) -> None:
    runner.jobs(1, 600)
    until(lambda: runner.logged("Dialing instance"))
    runner.aws.control("auto-scaling", {"reclaim": runner.instances()[0]})
    until(lambda: runner.job_states() == ["failed"])


def test_without_state_a_restart_removes_every_instance(runner: AutoscaledRunner) -> None:
    runner.configure(IDLE.format(1))
    runner.start()
    until(lambda: len(runner.instances()) == 1)
    before = runner.instances()
    _restart(runner)

    until(lambda: runner.instances() not in ([], before))

    assert runner.logged("no data on pre-existing instance so removing for safety")


def _restart(runner: AutoscaledRunner) -> None:
    runner.send(signal.SIGQUIT)
    assert runner.ended() == 0
    runner.start()


STATE = "[runners.autoscaler.state_storage]\nenabled = true\n"


def test_with_state_a_restart_keeps_the_instances(runner: AutoscaledRunner) -> None:
    runner.configure(IDLE.format(1), tables=STATE)
    runner.start()
    until(lambda: runner.logged("instance is ready"))
    before = runner.instances()
    (kept,) = (runner.folder / ".taskscaler").glob("*/*.json")
    assert kept.stat().st_mode & 0o077 == 0

    _restart(runner)
    until(lambda: runner.log.read_text().count("instance is ready") > 1)

    assert runner.instances() == before


def test_an_instance_that_had_a_job_when_the_process_died_is_removed(runner: AutoscaledRunner) -> None:
    runner.configure(tables=STATE)
    runner.start()
    runner.jobs(1, 600)
    until(lambda: runner.logged("Dialing instance"))
    before = runner.instances()
    assert runner.process is not None
    runner.process.kill()
    runner.process.wait()

    runner.start()

    until(lambda: runner.instances() != before)
    assert runner.logged("pre-existing instance has acquisition so removing for safety")


def test_a_graceful_end_waits_for_jobs_and_leaves_the_instances(runner: AutoscaledRunner) -> None:
    runner.configure(POLICY.replace("1s", "1h"))
    runner.start()
    runner.jobs(1, 1)
    until(lambda: runner.logged("Dialing instance"))

    runner.send(signal.SIGQUIT)

    assert runner.ended() == 0
    assert runner.job_states() == ["success"]
    assert len(runner.instances()) == 1


def test_instances_are_removed_at_the_end_where_the_entry_says_so(runner: AutoscaledRunner) -> None:
    more = 'delete_instances_on_shutdown = true\nshutdown_deletion_interval = "100ms"'
    runner.configure(IDLE.format(2), autoscaler=more)
    runner.start()
    until(lambda: len(runner.instances()) == 2)

    runner.send(signal.SIGQUIT)

    assert runner.ended() == 0
    until(lambda: not runner.aws.described()["Instances"])


def test_an_entry_whose_plugin_is_not_installed_takes_no_job(runner: AutoscaledRunner) -> None:
    runner.configure(plugin="aws:9.9.9")
    runner.start()
    runner.jobs(1)

    place = runner.plugins / "registry.gitlab.com/gitlab-org/fleeting/plugins/aws"
    until(lambda: runner.logged(f"running autoscaler plugin: loading fleeting plugin: plugin not found: {place}"))
    assert runner.job_states() == ["pending"]


@pytest.mark.parametrize("periods", ['["* * 9-17 * * mon-fri *"]', '["nonsense"]'])
def test_an_entry_whose_periods_can_not_be_read_takes_no_job(runner: AutoscaledRunner, periods: str) -> None:
    runner.configure(f"periods = {periods}\n{POLICY}")
    runner.start()
    runner.jobs(1)

    until(lambda: runner.logged("configuring taskscaler schedules: "))
    time.sleep(1.5)

    assert runner.job_states() == ["pending"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "nosuch"}, "unexpected number of autoscaling groups returned: 0"),
        ({"most": 2000}, "max size option exceeds instance group's max size: 2000 > 1000"),
        ({"tables": 'protocol = "telnet"'}, "invalid protocol: must be either winrm, ssh, or winrm+https"),
        (
            {"tables": "protocol_port = 70000"},
            "protocol port is invalid: must be 0 (default) or in the range 1 through",
        ),
        (
            {"tables": 'key_path = "/none"'},
            "reading instance group connector key: open /none: no such file or directory",
        ),
    ],
)
def test_what_can_not_be_started_is_said_at_each_request(
    runner: AutoscaledRunner, change: dict[str, object], text: str
) -> None:
    runner.configure(**change)  # type: ignore[arg-type]
    runner.start()

    until(lambda: runner.log.read_text().count(text) > 1)


def test_the_metrics_tell_slots_and_instances_without_the_token(runner: AutoscaledRunner) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    runner.configure(IDLE.format(1), top=f'listen_address = "{address}"')
    runner.start()

    def told() -> str:
        with urlopen(f"http://{address}/metrics") as answer:
            return str(answer.read().decode())

    until(lambda: runner.logged("instance is ready"))
    assert 'fleeting_provisioner_instances{runner="goodgoodg",state="running"} 1' in told()
    assert 'fleeting_taskscaler_tasks{runner="goodgoodg",state="idle"} 1' in told()
    assert TOKEN not in told()
