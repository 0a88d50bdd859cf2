"""What the tool on the manager tells while the service stops, and that it knows a program that can't be run."""

import errno
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.manager_tool import host
from components.manager_tool.executors.docker_machine import machines
from components.manager_tool.host import KilledError, StepError
from components.manager_tool.programs import kept as programs
from components.manager_tool.programs import service

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


KILLED = "was killed (signal 9), as the kernel does when memory runs out: `journalctl -k` and"


def test_a_program_that_was_killed_is_told_with_what_may_have_killed_it(script: Script) -> None:
    script("docker-machine", "#!/bin/sh\necho half an answer\nkill -9 $$\n")
    for check in (True, False):
        with pytest.raises(KilledError) as raised:
            host.run("docker-machine", "ls", check=check)
        assert str(raised.value).startswith(f"`docker-machine ls` {KILLED}")
        assert "a larger manager.instanceType has more" in str(raised.value)


def test_a_machine_whose_removal_was_killed_keeps_no_other_from_going(
    script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machines, "_PAUSE_SECONDS", 0)
    script("docker-machine", '#!/bin/sh\n[ "$3" = second ] && kill -9 $$\nexit 0\n')
    (stayed,) = machines.remove(["first", "second", "third"])
    assert stayed.startswith(f"second: `docker-machine rm -y second` {KILLED}")
    said = ["1 machine(s) stayed; once more", "removed machine first", "removed machine third"]
    assert sorted(capsys.readouterr().out.splitlines()) == said


def test_a_stop_that_was_killed_is_told_so(script: Script) -> None:
    systemctl(script, stop="kill -9 $$")
    with pytest.raises(KilledError, match="`systemctl stop gitlab-runner` was killed"):
        service.stop(60)


@pytest.mark.parametrize(
    "error",
    [
        *(MemoryError(), SystemError("error return without exception set"), RuntimeError("can't start new thread")),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libssl.so.3: failed to map segment from shared object"),
    ],
)
def test_lack_of_memory_has_one_text_in_whatever_way_python_says_it(error: Exception) -> None:
    assert host.explain(error).startswith("the manager has no memory left: `journalctl -k` and `free -m` say what")


def test_other_errors_are_no_lack_of_memory() -> None:
    for error in (RecursionError("maximum recursion depth"), ImportError("No module named x"), OSError(errno.EIO, "x")):
        assert not host.lacks_memory(error)


def test_the_environment_is_that_of_the_process_not_of_the_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"AWS_REGION": "eu-central-1", "WITH": "a=b\nc", "EMPTY": ""}
    program = ["/bin/sh", "-c", "echo begun; read -r _"]
    with subprocess.Popen(program, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"  # until it runs, the kernel shows no environment
        monkeypatch.setattr(service, "main_pid", lambda: process.pid)
        assert service.environment() == given
        process.kill()
    for gone in (0, process.pid):
        monkeypatch.setattr(service, "main_pid", lambda gone=gone: gone)
        assert service.environment() == {}
