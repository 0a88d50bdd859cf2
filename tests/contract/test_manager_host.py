"""The manager host stand-in is a throw-away machine with a real SSH server, and leaves the person's machine alone."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from localcloud.manager_host import Hypervisor, UserDataError

from .booted_host import INSTANCE, PROGRAMS, BootedHost, booted, cloud_config, free_port, ssh, until


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedHost]:
    with booted(tmp_path_factory.mktemp("hosts")) as host:
        yield host


@pytest.mark.parametrize("folder", ["/etc", "/root", "/home", "/usr/local/bin", "/var/lib", "/run", "/opt", "/srv"])
def test_what_is_written_on_the_host_stays_there(host: BootedHost, folder: str) -> None:
    path = f"{folder}/local-cloud-test-{os.getpid()}"

    assert host.run(f"echo x > {path} && cat {path}").stdout == b"x\n"

    assert not os.path.exists(path)
    host.run(f"rm {path}")


@pytest.mark.parametrize("folder", ["/usr/bin", "/usr", "/", "/boot", str(PROGRAMS), "/sys/kernel", "/proc/sys/vm"])
def test_everything_else_is_read_only(host: BootedHost, folder: str) -> None:
    name = f"local-cloud-test-{os.getpid()}"

    assert host.run(f"touch {folder}/{name} || mkdir {folder}/{name}").returncode != 0

    assert not Path(folder, name).exists()


def test_python_has_none_of_the_machines_packages(host: BootedHost) -> None:
    look = "import os, site; print(*(each for path in site.getsitepackages() for each in os.listdir(path)))"

    assert host.run(f'python3 -c "{look}"').stdout == b"\n"


def test_the_machines_own_disks_and_processes_are_out_of_reach(host: BootedHost) -> None:
    devices = host.run("ls /dev").stdout.decode().split()
    processes = host.run("cat /proc/[0-9]*/cmdline").stdout

    streams = {"fd", "stdin", "stdout", "stderr"}
    assert set(devices) - streams <= {"full", "null", "ptmx", "pts", "random", "shm", "tty", "urandom", "zero"}
    assert b"pytest" not in processes


def test_the_host_starts_empty_and_with_an_identity_of_its_own(host: BootedHost, tmp_path: Path) -> None:
    assert host.run("find /opt /srv /var/lib /home/ubuntu -mindepth 1").stdout == b""
    assert host.run("test -e /etc/gitlab-runner").returncode == 1
    with booted(tmp_path) as other:
        machine_ids = {h.run("cat /etc/machine-id").stdout for h in (host, other)} | {_own_machine_id()}
    assert len(machine_ids) == 3


def _own_machine_id() -> bytes:
    path = Path("/etc/machine-id")
    return path.read_bytes() if path.exists() else b""


def test_programs_are_installed(host: BootedHost) -> None:
    assert host.run("cd /usr/local/bin; stat -c '%a %n' s*").stdout == b"755 ssh\n755 sudo\n755 systemctl\n"
    assert host.run("/usr/local/bin/python3 -c 'import ssl, json; print(json.dumps(1))'").stdout == b"1\n"


def test_sudo_runs_the_command(host: BootedHost) -> None:
    assert host.run("sudo -n -- sh -c 'echo $0 $1' a b; sudo A=b env | grep ^A").stdout == b"a b\nA=b\n"
    assert host.run("sudo -l").returncode == 1
    assert host.run("sudo").returncode == 1


def test_nothing_of_the_callers_environment_is_seen(host: BootedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")

    lines = str(ssh(host, "env", encoding="utf-8").stdout).splitlines()
    variables = {name: value for name, _, value in (line.partition("=") for line in lines)}

    assert variables.keys() == {"PATH", "HOME", "LANG", "PWD"}
    assert variables["PATH"] == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert variables["HOME"] == variables["PWD"] == "/root"


@pytest.mark.parametrize("user", ["ubuntu", "root"])
def test_both_users_are_root(host: BootedHost, user: str) -> None:
    assert ssh(host, "id -u", user=user).stdout == b"0\n"


def test_streams_and_exit_codes_pass_through_ssh(host: BootedHost) -> None:
    result = ssh(host, "cat; echo error >&2; exit 3", b"x" * 2_000_000)

    assert (result.stdout, result.stderr, result.exit_status) == (b"x" * 2_000_000, b"error\n", 3)


def test_a_signal_that_kills_the_command_is_reported(host: BootedHost) -> None:
    result = ssh(host, "kill -KILL $$")

    assert result.exit_signal
    assert result.exit_signal[0] == "KILL"


def test_the_client_can_not_set_variables(host: BootedHost) -> None:
    assert ssh(host, "echo $SET", env={"SET": "x"}).stdout == b"\n"


def test_only_the_authorized_key_and_the_images_users_may_log_in(host: BootedHost) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")

    for login in (host.connect(key=stranger), host.connect("admin")):
        with pytest.raises(asyncssh.PermissionDenied):
            asyncio.run(_enter(login))


async def _enter(login: Any) -> None:
    async with login:
        pass


def test_a_command_ends_with_its_connection_but_a_daemon_does_not(host: BootedHost) -> None:
    async def disconnect() -> None:
        async with host.connect() as connection:
            daemon = "setsid sh -c 'echo ready; exec sleep 4321 >/dev/null 2>&1 </dev/null'"
            command = f"{daemon} & exec sleep 1234"
            process = await connection.create_process(command)
            assert await process.stdout.readline() == "ready\n"

    asyncio.run(disconnect())

    until(lambda: host.run("pgrep -f 'sleep 123[4]'").returncode == 1, "the command was not hung up")
    assert host.run("pkill -f 'sleep 432[1]'").returncode == 0


def test_as_with_openssh_a_command_may_outlive_its_connection_but_not_its_streams(tmp_path: Path) -> None:
    """Seen with OpenSSH 9.2: without a terminal nobody signals the command. Writes fail with EPIPE, its input ends."""
    command = "trap '' PIPE; echo up; cat > /dev/null; while echo x; do sleep 0.1; done; echo outlived > /srv/done"
    with booted(tmp_path, hangs_up=False) as host:

        async def cut() -> None:
            async with host.connect() as connection:
                process = await connection.create_process(command)
                assert await process.stdout.readline() == "up\n"
                connection.abort()

        asyncio.run(cut())
        until(lambda: host.run("cat /srv/done").stdout == b"outlived\n", "the command ended with its connection")


def test_no_instance_gets_the_address_of_the_one_that_has_just_ended(tmp_path: Path) -> None:
    with booted(tmp_path) as first:
        authorized = first.key.export_public_key().decode()
        assert first.hypervisor.boot("i-2", "", authorized) == "127.0.0.2"
        first.hypervisor.terminate(INSTANCE)
        assert first.hypervisor.address(INSTANCE) is None
        assert first.address == "127.0.0.1"
        assert first.hypervisor.boot("i-3", "", authorized) == "127.0.0.3"
        assert first.hypervisor.hosts().keys() == {"i-2", "i-3"}
        first.hypervisor.terminate("i-unknown")


def test_a_host_that_was_powered_off_refuses_connections_and_keeps_its_address(tmp_path: Path) -> None:
    with booted(tmp_path) as off:
        pid = off.host.pid
        off.hypervisor.power_off(INSTANCE)

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((off.address, off.port)).close()
        assert not Path(f"/proc/{pid}").exists()
        assert off.hypervisor.hosts() == {}
        assert off.hypervisor.address(INSTANCE) == off.address
        assert off.hypervisor.boot("i-2", "", off.key.export_public_key().decode()) != off.address


def test_stopping_a_host_breaks_off_its_sessions(tmp_path: Path) -> None:
    with booted(tmp_path) as host:

        async def stop_meanwhile() -> None:
            async with host.connect() as connection:
                process = await connection.create_process("echo ready; sleep 1234")
                await process.stdout.readline()
                await asyncio.to_thread(host.hypervisor.terminate, INSTANCE)
                assert (await process.wait()).exit_status != 0

        asyncio.run(asyncio.wait_for(stop_meanwhile(), 5))


@pytest.mark.parametrize(
    ("user_data", "problem"),
    [
        ("#!/bin/sh\ntrue\n", "must start with the line #cloud-config"),
        ("#cloud-config\nssh_keys: [", "not YAML: line 2"),
        ("#cloud-config\n- a\n", "must be a mapping"),
        ("#cloud-config\nssh_keys: {ed25519_private: s3cret}\n", "Invalid private key"),
    ],
)
def test_user_data_that_cloud_init_would_not_take_is_refused(tmp_path: Path, user_data: str, problem: str) -> None:
    hypervisor = Hypervisor(tmp_path, free_port(), PROGRAMS)
    try:
        with pytest.raises(UserDataError, match=problem) as refusal:
            hypervisor.boot("i-1", user_data, "")
        assert "s3cret" not in str(refusal.value)
        assert hypervisor.hosts() == {}
    finally:
        hypervisor.close()


def test_a_public_host_key_of_another_pair_is_refused(tmp_path: Path, host: BootedHost) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    hypervisor = Hypervisor(tmp_path, free_port(), PROGRAMS)
    try:
        with pytest.raises(UserDataError, match="does not belong"):
            hypervisor.boot("i-1", f"{cloud_config(host.host_key)}  ed25519_public: {other}\n", "")
    finally:
        hypervisor.close()


def test_the_host_dies_with_the_process_that_booted_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from localcloud.manager_host import ManagerHost; "
        "print(ManagerHost(Path(sys.argv[1])).pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(PROGRAMS)],
        cwd=PROGRAMS.parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as booter:
        assert booter.stdout
        pid = int(booter.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        booter.kill()

    until(lambda: not Path(f"/proc/{pid}/exe").exists(), "the host continues without its parent")


def test_the_shell_needs_nothing_of_the_caller(host: BootedHost) -> None:
    shell = subprocess.run(host.host.shell(), input=b"id -u; pwd\n", capture_output=True, env={}, check=True)

    assert shell.stdout == b"0\n/root\n"
