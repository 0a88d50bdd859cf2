"""The running process of the stand-in for gitlab-runner: machines, jobs, reloads and signals."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from .booted_host import free_port
from .running_gitlab_runner import RECORDED_CALLS, Runner, runner_in, until

NAME = r"runner-goodgoodg-ci-\d{10}-[0-9a-f]{8}"


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with runner_in(tmp_path) as made:
        yield made


def test_a_machines_life_has_the_recorded_calls(runner: Runner) -> None:
    runner.write("IdleCount = 1")
    runner.start()
    until(lambda: len(runner.machine_calls()) >= 2)
    runner.write("IdleCount = 0")
    runner.send(signal.SIGHUP)
    until(lambda: not runner.machines())

    calls = runner.machine_calls()
    name = calls[0][-1]
    assert re.fullmatch(NAME, name)
    recorded = [[*call[:-1], name] for call in RECORDED_CALLS]
    assert calls == recorded


def test_a_job_runs_on_a_machine_made_for_it(runner: Runner) -> None:
    runner.write("IdleCount = 0\nIdleTime = 600")
    runner.control("POST", "jobs", {"seconds": 0.1})
    runner.start()
    until(lambda: runner.job_states() == ["success"])

    # Made, found among the free ones, then asked how it is to be reached.
    assert [call[1] for call in runner.machine_calls()] == ["create", "config", "config", "url", "inspect"]
    [manager] = runner.control("GET", "state")["runners"][0]["managers"]
    assert (manager["version"], manager["executor"]) == ("19.3.0", "docker+machine")
    assert [status for _, path, status in runner.gitlab.requests if path.endswith("/trace")] == [202]


def test_a_job_fails_when_no_machine_can_be_made(runner: Runner) -> None:
    (runner.folder / "no-capacity").touch()
    runner.write("IdleCount = 0")
    runner.control("POST", "jobs", {"seconds": 0.1})
    runner.start(hurried=True)
    until(lambda: runner.job_states() == ["failed"])

    assert [call[1] for call in runner.machine_calls()].count("create") == 9, "three preparations of three tries"
    assert runner.logged("ERROR: Machine creation failed")
    assert "\x1b[31;1mname\x1b[0;m=runner-" in runner.log.read_text(), "colours, though nobody watches"


def test_no_job_is_asked_for_before_a_machine_waits(runner: Runner) -> None:
    (runner.folder / "no-capacity").touch()
    runner.write("IdleCount = 1")
    runner.start()
    until(lambda: [call[1] for call in runner.machine_calls()].count("create") >= 2)

    assert not runner.logged("no free machines that can process builds"), "that is said at log level debug alone"
    assert runner.gitlab.requests == []


def test_the_limit_caps_the_idle_machines(runner: Runner) -> None:
    runner.write("IdleCount = 5\nIdleTime = 600", entry="limit = 2")
    runner.start()
    until(lambda: len(runner.machines()) == 2)
    until(lambda: len([r for r in runner.gitlab.requests if r[1].endswith("jobs/request")]) >= 2)

    assert [call[1] for call in runner.machine_calls()].count("create") == 2


def test_a_machine_left_by_an_earlier_process_counts_as_used(runner: Runner) -> None:
    left = "runner-goodgoodg-ci-1795468438-f4a40119"
    strange = "runner-othertoke-ci-1795468438-f4a40119"
    for name in (left, strange):
        folder = runner.folder / ".docker/machine/machines" / name
        folder.mkdir(parents=True)
        (folder / "config.json").touch()
    runner.write("IdleCount = 1\nIdleTime = 600\nMaxBuilds = 1")
    runner.start()
    until(lambda: left not in runner.machines() and len(runner.machines()) == 2)

    assert strange in runner.machines()


def test_a_machine_that_does_not_answer_is_removed(runner: Runner) -> None:
    (runner.folder / "unreachable").touch()
    runner.write("IdleCount = 1\nIdleTime = 600")
    runner.start()

    until(lambda: "rm" in [call[1] for call in runner.machine_calls()])
    # It counted as idle when it was looked at, so that a job is asked for all the same.
    until(lambda: runner.gitlab.requests)


@pytest.mark.parametrize(
    ("number", "seconds", "states", "line"),
    [
        (signal.SIGQUIT, 8, ["success", "pending"], "Starting graceful shutdown"),
        (signal.SIGTERM, 60, ["failed", "pending"], "Starting forceful shutdown"),
    ],
)
def test_a_graceful_stop_ends_the_jobs_and_a_forceful_one_aborts_them(
    runner: Runner, number: signal.Signals, seconds: float, states: list[str], line: str
) -> None:
    runner.write("IdleCount = 0\nIdleTime = 600", entry="limit = 1")
    runner.control("POST", "jobs", {"seconds": seconds})
    runner.control("POST", "jobs", {"seconds": 0.1})
    runner.start()
    until(runner.machines)
    runner.send(number)

    assert runner.ended() == 0
    assert runner.job_states() == states
    assert runner.logged(line)
    assert len(runner.machines()) == 1, "without draining, machines outlive the process"


def test_draining_removes_all_machines_at_the_end(runner: Runner) -> None:
    runner.write("IdleCount = 2\nIdleTime = 600", top="[machine.shutdown_drain]\nenabled = true")
    runner.start()
    until(lambda: len(runner.machines()) == 2)
    runner.send(signal.SIGTERM)

    assert runner.ended() == 0
    assert runner.machines() == []
    assert [call[1:3] for call in runner.machine_calls() if call[1] == "rm"] == [["rm", "-f"]] * 2


def test_metrics_are_served_where_the_file_says(runner: Runner) -> None:
    port = free_port()
    (runner.folder / "no-capacity").touch()
    runner.write("IdleCount = 1", top=f'listen_address = "127.0.0.1:{port}"')
    runner.start()
    until(lambda: runner.logged("Machine creation failed"))
    (runner.folder / "no-capacity").unlink()
    until(lambda: runner.logged("Machine created"))

    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        metrics = answer.read().decode()

    assert 'gitlab_runner_autoscaling_actions_total{action="creation-failed",executor="docker+machine"} ' in metrics
    assert 'gitlab_runner_autoscaling_actions_total{action="created",executor="docker+machine"} 1\n' in metrics
    assert "\ngitlab_runner_concurrent 2\n" in metrics
    assert "\ngitlab_runner_jobs 0\n" in metrics
    until(lambda: 'machine_states{executor="docker+machine",state="idle"} 1' in urlopen(answer.url).read().decode())


def test_a_broken_file_leaves_the_old_settings_until_it_is_mended(runner: Runner) -> None:
    runner.write()
    runner.start()
    until(lambda: runner.logged("Configuration loaded                                builds=0 max_builds=2\n"))
    runner.config.write_text("concurrent = ")
    runner.send(signal.SIGHUP)
    until(lambda: runner.logged("ERROR: Failed to load config"))
    asked = len(runner.gitlab.requests)
    until(lambda: len(runner.gitlab.requests) > asked)
    runner.config.write_text("concurrent = 9")
    runner.send(signal.SIGHUP)

    until(lambda: runner.logged("builds=0 max_builds=9"))


def test_a_change_is_seen_without_a_signal(runner: Runner) -> None:
    runner.start()
    until(lambda: runner.logged(f"Failed to load config stat {runner.config}: no such file or directory"))
    runner.write()

    until(lambda: runner.logged("builds=0 max_builds=2"))


@pytest.mark.parametrize("text", ["concurrent = 0", "concurrent = ", "check_interval = 'often'"])
def test_it_does_not_start_with_a_broken_file(runner: Runner, text: str) -> None:
    runner.config.write_text(text)
    runner.start()

    assert runner.ended() == 1
    assert runner.logged("FATAL: ")


def test_a_concurrency_of_none_ends_even_a_running_process(runner: Runner) -> None:
    runner.write()
    runner.start()
    until(lambda: runner.logged("Configuration loaded"))
    runner.config.write_text("concurrent = 0")
    runner.send(signal.SIGHUP)

    assert runner.ended() == 1


def test_a_refused_token_is_given_up_for_a_while_and_the_process_goes_on(runner: Runner) -> None:
    runner.write(token="glrt-deaddeaddeaddead1234", entry="unhealthy_requests_limit = 2")
    runner.start()
    until(lambda: runner.logged("is unhealthy and will be disabled for 1h0m0s seconds!"))
    time.sleep(1.2)

    def asked() -> list[int]:
        return [status for _, path, status in runner.gitlab.requests if path.endswith("jobs/request")]

    assert asked() == [403, 403]
    assert runner.process
    assert runner.process.poll() is None
    assert not runner.logged("glrt-")
    runner.send(signal.SIGHUP)
    until(lambda: asked() == [403] * 4)
