"""Which machines of sections that are gone may go: those that no job has used for a moment."""

import time
from pathlib import Path

import pytest

from components.manager_tool.config import drift, runners
from components.manager_tool.executors.docker_machine import draining, machines
from components.manager_tool.executors.docker_machine.folders import Folder
from components.manager_tool.gitlab import tokens
from components.manager_tool.host import StepError

WANTED, BUSY, IDLE = (f"runner-abcdefghi-{pool}-1764000000-0a1b2c3d" for pool in ("stays", "busy", "idle"))
LIVE = """[[runners]]
name = "stays"
token = "glrt-abcdefghijkl"
[runners.machine]
MachineName = "stays-%s"
"""


@pytest.fixture
def removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The machines that are removed, of three; a job on BUSY has a connection to its Docker at one moment in five."""
    gone: list[str] = []
    looks = iter([{"10.0.0.2"} if number == 4 else set[str]() for number in range(99)])
    folders = [Folder(name, "i-1", 0.0, (f"10.0.0.{number}",)) for number, name in enumerate((WANTED, IDLE, BUSY))]
    monkeypatch.setattr(runners, "LIVE", tmp_path / "config.toml")
    monkeypatch.setattr(drift, "WRITTEN", tmp_path / "written.json")
    monkeypatch.setattr(tokens, "KEPT", tmp_path / "runners.json")
    monkeypatch.setattr(machines, "names", lambda: [WANTED, BUSY, IDLE])
    monkeypatch.setattr(machines, "remove", lambda names: gone.extend(names) or [])  # type: ignore[func-returns-value]
    monkeypatch.setattr(draining, "folders", lambda: folders)
    monkeypatch.setattr(draining, "talked_to", lambda: next(looks))
    monkeypatch.setattr(draining, "run", lambda *command, check: (0, ""))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    (tmp_path / "config.toml").write_text(LIVE)
    return gone


def test_a_machine_to_which_there_was_a_connection_a_moment_ago_stays(removed: list[str]) -> None:
    draining.sweep()
    assert removed == [IDLE]


def test_once_all_sections_have_docker_autoscaler_every_machine_without_a_job_goes(
    removed: list[str], tmp_path: Path
) -> None:
    text = '[[runners]]\nname = "stays"\ntoken = "glrt-abcdefghijkl"\nexecutor = "docker-autoscaler"\n'
    (tmp_path / "config.toml").write_text(text)
    draining.sweep()
    assert sorted(removed) == sorted([WANTED, IDLE])


@pytest.mark.parametrize("text", ["", "a stray word", LIVE.replace("MachineName", "# MachineName")])
def test_a_file_that_does_not_say_what_is_wanted_removes_nothing(removed: list[str], tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(StepError):
        draining.sweep()
    assert removed == []
