"""What the running stand-in for gitlab-runner makes of a changed file, of signals, and of GitLab's trouble."""

import os
import re
import signal
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.host_programs.gitlab_runner_stand_in import gitlab, jobs, run
from localcloud.host_programs.gitlab_runner_stand_in.health import Health

from .pretended_fleet import entry
from .running_gitlab_runner import TOKEN, Runner, runner_in, until
from .stand_in_programs import plain


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with runner_in(tmp_path) as made:
        yield made


def loads(runner: Runner) -> list[str]:
    """The number of workers that each load of the file called for."""
    return re.findall(r"Configuration loaded +builds=\d+ max_builds=(\d+)", plain(runner.log.read_text()))


def test_each_load_warns_of_settings_that_make_requests_wait(runner: Runner) -> None:
    runner.write(entry="limit = 2")
    runner.start()
    until(lambda: loads(runner) == ["2"])
    runner.send(signal.SIGHUP)
    until(lambda: loads(runner) == ["2", "2"])

    log = plain(runner.log.read_text())
    assert log.count("WARNING: CONFIGURATION: Long polling issues detected.\nIssues found:\n") == 2
    assert log.count("#long-polling-issues  builds=0 max_builds=2\n") == 2
    assert "  - Build limit bottleneck: 1 runners have low 'limit' settings (≤2) with request_concurrency=1\n" in log


def test_a_token_that_is_about_to_expire_is_exchanged_and_the_file_written_anew(runner: Runner) -> None:
    obtained, expires = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    runner.write(entry=f"token_obtained_at = {obtained}\ntoken_expires_at = {expires}\n# a comment")
    runner.start()
    runner.control("POST", "jobs", {"seconds": 0})
    until(lambda: runner.job_states() == ["success"])
    assert "# a comment" in runner.config.read_text(), "it is not time"

    runner.write(entry=f"token_obtained_at = {obtained}\ntoken_expires_at = 2020-01-02T00:00:00Z\n# a comment")
    until(lambda: "# a comment" not in runner.config.read_text())

    (entry,) = tomllib.loads(runner.config.read_text())["runners"]
    assert entry["token"] != TOKEN
    assert (entry["token_obtained_at"].year > 2020, entry["token_expires_at"].year) == (True, 1)
    runner.control("POST", "jobs", {"seconds": 0})
    until(lambda: runner.job_states() == ["success"] * 2)


def test_the_file_is_not_looked_at_while_more_jobs_run_than_it_allowed(runner: Runner) -> None:
    runner.write("IdleTime = 600")
    for _ in range(2):
        runner.control("POST", "jobs", {"seconds": 2.5})
    runner.start()
    until(lambda: runner.logged(" builds=2 "))
    runner.write("IdleTime = 600", concurrent=1)
    runner.send(signal.SIGHUP)
    until(lambda: loads(runner) == ["2", "1"])
    runner.write("IdleTime = 600", concurrent=3)
    runner.send(signal.SIGHUP)
    until(lambda: loads(runner) == ["2", "1", "3"])

    log = plain(runner.log.read_text())
    assert "Removed job" in log[: log.index("max_builds=3")]


def test_an_older_file_is_loaded_only_where_a_signal_asks_for_it(runner: Runner) -> None:
    runner.write()
    runner.start()
    until(lambda: loads(runner) == ["2"])
    older = runner.folder / "older"
    older.write_text("concurrent = 7")
    os.utime(older, (1, 1))
    older.rename(runner.config)
    time.sleep(run._RELOAD_SECONDS + 0.3)
    assert loads(runner) == ["2"]
    runner.send(signal.SIGHUP)

    until(lambda: loads(runner) == ["2", "7"])


def test_a_second_graceful_stop_waits_on_and_a_forceful_one_aborts_the_jobs(runner: Runner) -> None:
    runner.write("IdleTime = 600")
    runner.control("POST", "jobs", {"seconds": 60})
    runner.start()
    until(lambda: runner.logged("Starting docker-machine build"))
    for count in (1, 2):
        runner.send(signal.SIGQUIT)
        until(lambda count=count: runner.log.read_text().count("Starting graceful shutdown") == count)  # type: ignore[misc]
    runner.send(signal.SIGTERM)

    assert runner.ended() == 0
    assert runner.job_states() == ["failed"]


def test_what_does_not_end_in_time_is_left_as_it_is(runner: Runner) -> None:
    (runner.folder / "slow").touch()
    runner.write("IdleTime = 600", top="shutdown_timeout = 1\n[machine.shutdown_drain]\nenabled = true")
    runner.control("POST", "jobs", {"seconds": 60})
    runner.start()
    until(runner.machine_calls)
    runner.send(signal.SIGTERM)

    assert runner.ended() == 1
    assert runner.logged("FATAL: Service run failed: shutdown timed out")
    assert (runner.job_states(), len(runner.machine_calls())) == (["running"], 1)


def answering(monkeypatch: pytest.MonkeyPatch, health: Health, *statuses: int) -> jobs.Jobs:
    """The jobs of a GitLab that answers with these statuses, one after the other."""
    left = list(statuses)
    monkeypatch.setattr(gitlab, "version_info", lambda executor="": {})
    monkeypatch.setattr(gitlab, "call", lambda *args, **more: gitlab.Answer(left.pop(0), {"id": 1}))
    monkeypatch.setattr(jobs, "_FIRST_PAUSE_SECONDS", 0.001)
    return jobs.Jobs(health)


@pytest.mark.parametrize(
    ("statuses", "has_job", "slowed_down"),
    [
        ((201,), True, False),
        ((204,), False, False),
        ((429, 201), True, True),
        ((500, 502, 503, 504, 201), True, True),
        ((500,) * 5, False, True),
        ((400,), False, False),
    ],
)
def test_a_request_is_repeated_while_gitlab_has_trouble_and_that_slows_requests_down(
    monkeypatch: pytest.MonkeyPatch, statuses: tuple[int, ...], has_job: bool, slowed_down: bool
) -> None:
    job, slower = answering(monkeypatch, Health(), *statuses).request(entry("a"))

    assert (job is not None, slower) == (has_job, slowed_down)


def test_refusals_make_an_entry_unhealthy_until_the_next_load_and_trouble_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    health, asked = Health(), entry("a")
    for statuses, healthy in (((403, 403), True), ((400,), True), ((403, 403, 403), False)):
        source = answering(monkeypatch, health, *statuses)
        for _ in statuses:
            source.request(asked)
        assert health.may_ask(asked) is healthy
    health.forget()

    assert health.may_ask(asked)
