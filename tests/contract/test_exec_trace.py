"""Tracing records every process of an SSH command and changes nothing else about it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import manager_host

from .booted_host import BootedHost, booted, ssh, until


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedHost]:
    with booted(tmp_path_factory.mktemp("hosts"), trace=True) as host:
        yield host


def executed(host: BootedHost) -> list[list[str]]:
    assert host.host.exec_log
    return [json.loads(line) for line in host.host.exec_log.read_text().splitlines()]


def test_every_process_of_an_ssh_command_is_recorded(traced: BootedHost) -> None:
    ssh(traced, "/bin/echo 'one argument' | cat >/dev/null")

    assert ["/bin/echo", "one argument"] in executed(traced)
    assert ["cat"] in executed(traced)
    assert not any(program in ("nsenter", "/usr/bin/env") for program, *_ in executed(traced))


def test_a_daemon_left_behind_is_recorded_although_the_command_is_over(traced: BootedHost) -> None:
    daemon = "setsid sh -c 'read line < /root/gate; exec sleep 0.01' >/dev/null 2>&1 </dev/null &"
    ssh(traced, f"mkfifo /root/gate; {daemon}", timeout=60)

    assert ["sleep", "0.01"] not in executed(traced)
    traced.run("echo > /root/gate")
    until(lambda: ["sleep", "0.01"] in executed(traced), "the daemon is not traced any more")


def test_tracing_changes_neither_streams_nor_exit_codes(traced: BootedHost) -> None:
    result = ssh(traced, "wc -c; echo error >&2; exit 3", b"x" * 2_000_000)

    assert (result.stdout, result.stderr, result.exit_status) == (b"2000000\n", b"error\n", 3)
    assert ssh(traced, "no-such-program").exit_status == 127


def test_tracing_does_not_change_signals(traced: BootedHost) -> None:
    killed = ssh(traced, "kill -TERM $$").exit_signal
    handled = ssh(traced, "trap 'echo caught; exit 5' USR1; kill -USR1 $$; sleep 1")
    broken_pipe = ssh(traced, "yes | head -n 1; (yes; echo $? >&2) | true")

    assert killed
    assert killed[0] == "TERM"
    assert (handled.stdout, handled.exit_status) == (b"caught\n", 5)
    assert (broken_pipe.stdout, broken_pipe.stderr) == (b"y\n", b"141\n")


def test_a_traced_process_can_be_stopped_and_continued(traced: BootedHost) -> None:
    state = "grep -q '^State:.[tT]' /proc/$!/status && echo stopped"
    script = f"sleep 0.2 & kill -STOP $!; sleep 0.4; {state}; kill -CONT $!; wait $!; echo ended $?"

    assert ssh(traced, script).stdout == b"stopped\nended 0\n"


def test_a_traced_command_ends_with_its_connection(traced: BootedHost) -> None:
    async def disconnect() -> None:
        async with traced.connect() as connection:
            process = await connection.create_process("echo ready; sleep 1234")
            await process.stdout.readline()

    asyncio.run(disconnect())

    until(lambda: traced.run("pgrep -f 'sleep 123[4]'").returncode == 1, "the command was not hung up")


def test_signals_to_the_group_of_a_command_do_not_end_the_tracing_of_its_daemons(tmp_path: Path) -> None:
    log = tmp_path / "exec.log"
    daemon = "setsid sh -c 'echo ready; exec >/dev/null; sleep 0.2; exec true late'"
    tracer = [sys.executable, str(Path(manager_host.__file__).with_name("exec_trace.py")), str(log)]
    command = [*tracer, "--", "sh", "-c", f"{daemon} & exec sleep 1234"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as wrapper:
        assert wrapper.stdout
        assert wrapper.stdout.readline() == b"ready\n"
        os.killpg(wrapper.pid, signal.SIGHUP)
        assert wrapper.wait() == -signal.SIGHUP

    until(lambda: '["true", "late"]' in log.read_text(), "the daemon is not traced any more")
