"""Which changes of config.toml have gitlab-runner start again, and that no job and no token is lost by it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool.executors.docker_autoscaler import groups, switching
from components.manager_tool.host import StepError

from .autoscaled_manager import Manager, autoscaled, machined, manager_in

STOPPED = ["stop within 7200", "start"]
A = autoscaled("a")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = manager_in(tmp_path, monkeypatch)
    monkeypatch.setattr(switching, "probe", lambda aws, sections, told: None)
    monkeypatch.setattr(groups, "empty", lambda aws, names, say: made.done.append(f"empty {names}") or {})  # type: ignore[func-returns-value]
    return made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([A], [A], id="the same"),
        pytest.param([A], [autoscaled("a", policy="idle_count = 5\nscale_factor = 0.5")], id="a policy"),
        pytest.param([A], [autoscaled("a", more="limit = 9")], id="what is not under autoscaler"),
        pytest.param([A], [A, autoscaled("b")], id="a new section"),
        pytest.param([machined("m")], [machined("m"), A], id="the first such section, of a process that knows of it"),
        pytest.param([A, machined("m")], [A], id="a removed section of docker+machine"),
        pytest.param([], [A], id="the first config.toml"),
    ],
)
def test_what_gitlab_runner_rereads_needs_no_start(manager: Manager, before: list[str], after: list[str]) -> None:
    if before:
        manager.up(*before)
    manager.take_done()
    manager.up(*after)
    assert manager.done == ["reload"]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([A], [autoscaled("a", max_instances=5)], "a: autoscaler.max_instances changed"),
        ([A], [autoscaled("a", plugin="aws:1.2.0", idle=1)], "a: autoscaler.plugin, autoscaler.idle changed"),
        ([machined("a")], [A], "a: its executor changes from docker+machine to docker-autoscaler"),
        ([A, machined("m")], [machined("m")], "a: it is removed"),
    ],
)
def test_what_it_reads_once_has_it_start_again_after_its_jobs_and_says_why_before(
    manager: Manager, capsys: Any, before: list[str], after: list[str], why: str
) -> None:
    manager.up(*before)
    manager.take_done()
    told: list[str] = []
    manager.while_stopping.append(lambda: told.append(capsys.readouterr().out))
    manager.up(*after)
    assert manager.done[:2] == STOPPED
    assert f"its jobs end before:\n- {why}\n" in told[0]
    manager.take_done()
    manager.up(*after)
    assert manager.done == ["reload"], "once is enough"


def test_the_groups_of_sections_that_left_are_emptied_once_nothing_runs_there(manager: Manager) -> None:
    manager.up(A, autoscaled("b"))
    manager.take_done()
    manager.up(machined("a"))
    assert manager.done == [*STOPPED, "empty ['test/a', 'test/b']"]


def test_a_process_from_before_the_plugin_was_installed_starts_again_for_the_first_section(
    manager: Manager, capsys: Any
) -> None:
    manager.up(machined("m"))
    manager.environment = {"AWS_REGION": "eu-central-1"}
    manager.take_done()
    manager.up(machined("m"))
    assert manager.take_done() == ["reload"]
    manager.up(machined("m"), A)
    assert manager.done == STOPPED
    assert "- it was started without FLEETING_PLUGIN_PATH\n" in capsys.readouterr().out


def test_what_gitlab_runner_itself_writes_is_no_change(manager: Manager) -> None:
    manager.up(autoscaled("a", update_interval="90s"))
    manager.take_done()
    written = manager.live.read_text().replace('"15m"', '"15m0s"').replace('"90s"', '"1m30s"')
    manager.live.write_text(written.replace("max_instances = 4", 'max_instances = 4\nmax_use_count = 0\nx = ""'))
    manager.up(autoscaled("a", update_interval="90s"))
    assert manager.done == ["reload"]


def test_a_token_that_is_rotated_until_the_service_has_stopped_is_not_lost(manager: Manager) -> None:
    manager.up(A)
    rotated = "glrt-rotatedrotatedrotated"

    def rotate() -> None:
        text = manager.live.read_text().replace(manager.token, rotated)
        manager.live.write_text(text.replace("token_obtained_at = 2", "token_obtained_at = 3"))

    manager.while_stopping.append(rotate)
    manager.up(autoscaled("a", max_instances=5))
    (section,) = tomllib.loads(manager.live.read_text())["runners"]
    assert (section["token"], section["autoscaler"]["max_instances"]) == (rotated, 5)


def test_after_a_failure_while_it_is_stopped_the_old_config_runs_on(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.up(A)
    before = manager.live.read_text()
    manager.take_done()

    def fail(*_: object) -> None:
        raise StepError("GitLab did not answer")

    manager.while_stopping.append(fail)
    changed = autoscaled("a", max_instances=5)
    with pytest.raises(StepError, match="did not answer"):
        manager.up(changed)
    assert (manager.live.read_text(), manager.take_done()) == (before, STOPPED)
    manager.while_stopping.clear()
    manager.up(changed)
    assert manager.done == STOPPED, "the next run begins anew"


def test_the_watch_has_nobody_wait_and_the_next_deployment_catches_up(manager: Manager, capsys: Any) -> None:
    manager.up(A)
    by_hand = manager.live.read_text().replace("max_instances = 4", "max_instances = 400")
    manager.live.write_text(by_hand)
    manager.take_done()
    manager.up(A, patient=False)
    assert manager.take_done() == ["reload"]
    assert "once it is started again, as by the next `pulumi up`: a: autoscaler.max_inst" in capsys.readouterr().out
    manager.up(A, patient=False)
    assert "once it is started again" not in capsys.readouterr().out, "it is said once"
    manager.take_done()
    manager.up(A)
    assert manager.take_done() == STOPPED
    assert not (manager.folder / "restart.json").exists(), "processes of another boot may have the same number"
    manager.up(A)
    assert manager.take_done() == ["reload"]


def test_nothing_is_due_any_more_after_somebody_else_has_started_the_service_again(manager: Manager) -> None:
    manager.up(A)
    manager.live.write_text(manager.live.read_text().replace("max_instances = 4", "max_instances = 400"))
    manager.up(A, patient=False)
    manager.pid = 4800
    manager.take_done()
    manager.up(A)
    assert manager.done == ["reload"]
