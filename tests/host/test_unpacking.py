"""The shell scripts that the component runs itself, on both shells that managers have."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.manager.tool_bundle import as_root, bundle, unpack
from components.manager_tool.contract.constants import TARGET

from ..contract.booted_host import BootedHost, booted, ssh
from .stepped_host import text

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
SHELLS = ("dash", "bash")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedHost]:
    with booted(tmp_path_factory.mktemp("hosts")) as host:
        yield host


def put(host: BootedHost, content: str, stdin: str | None = None, shell: str = "sh") -> tuple[int | None, str]:
    script = unpack(content).replace("'", "'\\''")
    done = ssh(host, f"{shell} -c '{script}'", (content if stdin is None else stdin).encode())
    return done.exit_status, text(done.stderr)


def in_use(host: BootedHost) -> str:
    return host.run(f"cat $(dirname $(readlink -f {TARGET}))/bundle").stdout.decode()


def version(number: int) -> str:
    return f"{bundle()}# version {number}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_shellcheck_has_nothing_to_say(shell: str) -> None:
    for script in (unpack(bundle()), as_root(unpack(bundle()), "ubuntu"), as_root("true", "root")):
        checked = subprocess.run(
            [str(SHELLCHECK), "--shell", shell, "--enable", "all", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_puts_the_tool_in_place_again_and_again(host: BootedHost, shell: str) -> None:
    for number in (1, 2, 2):
        assert put(host, version(number), shell=shell) == (0, "")
        assert in_use(host) == version(number)
    assert host.run(f"echo '{{}}' | {TARGET} user-data").returncode == 0
    kept = host.run(f"find $(dirname {TARGET}) -mindepth 1 -maxdepth 1 -type d").stdout.decode().split()
    assert [Path(folder).name for folder in kept] == [hashlib.sha256(version(2).encode()).hexdigest()[:12]]


@pytest.mark.parametrize("shell", SHELLS)
def test_what_arrives_cut_off_leaves_the_old_tool(host: BootedHost, shell: str) -> None:
    put(host, version(3))
    code, printed = put(host, version(4), version(4)[:-100], shell)
    assert code != 0
    assert "tool: it arrived cut off" in printed
    assert "tool: not put in place; what was there still is. Run pulumi up again." in printed
    assert in_use(host) == version(3)
    assert put(host, version(4), shell=shell)[0] == 0
    assert in_use(host) == version(4)


@pytest.mark.parametrize("shell", SHELLS)
def test_it_stops_at_the_first_command_that_fails(host: BootedHost, shell: str) -> None:
    put(host, version(5))
    host.run(
        "printf '#!/bin/sh\\necho awk is broken >&2; exit 3\\n' > /usr/local/bin/awk; chmod 755 /usr/local/bin/awk"
    )
    code, printed = put(host, version(6), shell=shell)
    host.run("rm /usr/local/bin/awk")
    assert code == 3
    assert printed.splitlines() == [
        "awk is broken",
        "tool: not put in place; what was there still is. Run pulumi up again.",
    ]
    assert in_use(host) == version(5)


def test_two_at_once_take_turns(host: BootedHost) -> None:
    ended: list[tuple[int | None, str]] = []
    versions = [version(7), version(8), version(8)]
    threads = [threading.Thread(target=lambda each=each: ended.append(put(host, each))) for each in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [(0, "")] * 3
    assert in_use(host) in versions


def test_a_user_without_sudo_is_told_before_anything_changes(host: BootedHost) -> None:
    put(host, version(9))
    host.run("cd /usr/local/bin && mv sudo /root/ && printf '#!/bin/sh\\nexit 1\\n' > sudo && chmod 755 sudo")
    done = ssh(host, as_root(unpack(version(10)), "admin"), version(10).encode())
    host.run("mv /root/sudo /usr/local/bin/sudo")
    assert done.exit_status == 1
    assert "manager.user = admin: may not use sudo without a password" in text(done.stderr)
    assert in_use(host) == version(9)
