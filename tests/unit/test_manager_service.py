"""What the tool on the manager tells while the service stops, and that it knows a program that can't be run."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from components.manager_tool import host, programs, service
from components.manager_tool.host import StepError

Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Make a program, which is found before the system's own."""
    monkeypatch.setitem(host.ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(stat.S_IRWXU)
        return path

    return make


def systemctl(script: Script, *, result: str = "success", stop: str = "sleep 0.3", state: str = "active") -> None:
    answers = f"*Result*) echo {result} ;; *ActiveState*) echo {state} ;; 'stop gitlab-runner') {stop} ;;"
    script("systemctl", f'#!/bin/sh\ncase "$*" in {answers} esac\n')


def test_a_stop_tells_how_many_jobs_it_waits_for(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "_NEWS_SECONDS", 0.2)
    systemctl(script)
    script(
        "journalctl", "#!/bin/sh\necho 'Added job  builds=3 max_builds=9'\necho 'Removed job  builds=2 max_builds=9'\n"
    )
    service.stop(600)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "stopping gitlab-runner: 2 running job(s) may end, within 600 s (manager.stopTimeout)"
    assert second == "waiting for 2 running job(s), 0 s so far"


def test_without_a_journal_nothing_is_said_of_their_number(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    systemctl(script)
    service.stop(600)
    assert capsys.readouterr().out.startswith("stopping gitlab-runner: running jobs may end")


def test_jobs_that_were_ended_by_force_are_told(script: Script, capsys: pytest.CaptureFixture[str]) -> None:
    systemctl(script, result="timeout")
    service.stop(600)
    assert "by force; raise manager.stopTimeout" in capsys.readouterr().out


def test_a_stop_that_fails_is_an_error_and_one_of_a_stopped_service_is_none(script: Script) -> None:
    systemctl(script, stop="exit 5")
    with pytest.raises(StepError, match="`systemctl stop gitlab-runner` ended with 5"):
        service.stop(600)
    systemctl(script, stop="exit 5", state="inactive")
    service.stop(600)


def test_a_program_for_another_machine_is_told(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script("gitlab-runner-0123456789abcdef", "\x7fELF of another kind")
    monkeypatch.setattr(programs, "KEPT", path.parent)
    with pytest.raises(StepError, match=f"{path} can't be run here: Exec format error; it may be for another"):
        programs.Program("gitlab-runner", "0123456789abcdef").version  # noqa: B018 - it is the asking that fails
