"""The config.toml of a running manager, fetched by a stand-in for ssh that runs the command on this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from config_render.__main__ import main
from config_render.migrate.host import fetched
from config_render.migrate.source import LARGEST

TOML = """\
concurrent = 4
[[runners]]
  name = "old"
  url = "https://gitlab.example.com"
  token = "glrt-AbCdEfGhIjKlMnOpQrSt"
  executor = "docker+machine"
  limit = 4
  [runners.machine]
    MachineDriver = "amazonec2"
    MachineName = "old-%s"
    MachineOptions = ["amazonec2-region=eu-west-1", "amazonec2-vpc-id=vpc-0a1b2c3d", "amazonec2-subnet-id=subnet-0a"]
"""
SSH = """\
#!/bin/sh
# A stand-in for ssh: no host, no login; the command runs here, in the login shell.
printf '%s\\n' "$@" > "$ARGUMENTS"
[ "$1" = -T ] && shift
[ "$1 $2" = "-o BatchMode=yes" ] && shift 2
[ "$1 $2 $#" = "-- root@manager 3" ] || exit 64
{before}
exec "${LOGIN_SHELL:-sh}" -c "$3"
"""
SUDO = """\
#!/bin/sh
# A stand-in for sudo: it has one file that nobody else may read.
[ "$1 $2" = "-n cat" ] || exit 64
[ -n "$OF_ROOT" ] || { echo "sudo: a password is required" >&2; exit 1; }
exec cat "$OF_ROOT"
"""
Programs = Callable[..., None]


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("ARGUMENTS", str(tmp_path / "arguments"))

    def put(before: str = "", of_root: str = "") -> None:
        monkeypatch.setenv("OF_ROOT", of_root)
        for name, text in (("ssh", SSH.replace("{before}", before)), ("sudo", SUDO)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    put()
    return put


def call(*arguments: str) -> int:
    return main(["from-host", "root@manager", *arguments])


def test_a_running_managers_file_is_converted_and_its_token_is_shown_nowhere(
    ssh: Programs, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    live = tmp_path / "it's live.toml"
    live.write_text(TOML)

    assert call("--path", str(live), "--executor", "docker-autoscaler") == 0
    out, err = capfd.readouterr()
    assert out.startswith(f"# Made from root@manager:{live}, without its secrets.")
    assert "gitlab-runner-aws:executor: docker-autoscaler" in out
    assert "runners[0].token (line 5)" in out
    arguments = (tmp_path / "arguments").read_text()
    assert [text for text in (out, err, arguments) if "glrt-" in text] == []
    assert [
        path for path in tmp_path.iterdir() if path != live and path.is_file() and "glrt-" in path.read_text()
    ] == []


def test_what_only_root_may_read_is_read_by_sudo(
    ssh: Programs, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "live.toml").write_text(TOML)
    ssh(of_root=str(tmp_path / "live.toml"))
    assert call("--path", "/of root/config.toml") == 0
    assert "gitlab-runner-aws:pools" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("echo 'Host key verification failed.' >&2; exit 255", "root@manager: ssh has failed, as it says above"),
        (f"head -c {LARGEST + 5} /dev/zero; sleep 60", f"has more than {LARGEST} bytes"),
        ("echo 'runners = 3'; exit 0", "runners: must be tables"),
        ("printf '[[runners'; exit 0", "root@manager:/nowhere/config.toml:1: is not valid TOML"),
        ("printf '\\377\\376'; exit 0", "root@manager:/nowhere/config.toml:1: is written in UTF-16"),
        ("", "root@manager:/nowhere/config.toml: can't be read there (exit code 1); name another file with --path"),
    ],
)
def test_what_can_not_be_had_or_read_is_told_and_nothing_is_written(
    before: str, message: str, ssh: Programs, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ssh(before)
    output = tmp_path / "Pulumi.old.yaml"

    assert call("--path", "/nowhere/config.toml", "--output", str(output)) == 2
    out, err = capfd.readouterr()
    assert (out, message in err, output.exists()) == ("", True, False), err


@pytest.mark.parametrize(
    "shell", [each for each in ("sh", "bash", "dash", "zsh", "ksh", "tcsh", "fish") if which(each)]
)
@pytest.mark.parametrize(
    "name", ["it's live", 'a "b"', "$HOME `id`", "a\\b\\\\c\\'", "!x!! *?[a]{b,c}~#;&|<>()", "é%s%%-\\n"]
)
def test_a_path_is_the_same_in_every_login_shell(
    name: str, shell: str, ssh: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGIN_SHELL", shell)
    (tmp_path / name).write_text(TOML)

    assert fetched("root@manager", str(tmp_path / name)) == TOML.encode()
    command = (tmp_path / "arguments").read_text().splitlines()[-1]
    # Of what shells may read otherwise within single quotes nothing is there: ! of csh, \\\\ and \\' of fish.
    assert (command.count("'"), re.findall(r"!|\\\\[^0]", command)) == (2, [])


@pytest.mark.parametrize("path", ["config.toml", "", "/etc/a\nb", "/etc/a\0", "/" + "a" * 5000, "~/config.toml"])
def test_what_is_no_absolute_path_never_reaches_ssh(
    path: str, ssh: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--path", path) == 2
    error = capsys.readouterr().err
    assert (
        error == f"--path {path!r}: is not an absolute path on one line; write it as /etc/gitlab-runner/config.toml\n"
    )
    assert not (tmp_path / "arguments").exists()


def program(path: Path) -> list[str]:
    return [sys.executable, "-m", "config_render", "from-host", "root@manager", "--path", str(path)]


def test_without_a_terminal_ssh_asks_for_no_password(ssh: Programs, tmp_path: Path) -> None:
    """A child in a session of its own has no terminal; nor has its ssh anything to read."""
    (tmp_path / "live.toml").write_text(TOML)
    ssh('[ -z "$(cat)" ] || exit 65')
    done = subprocess.run(
        program(tmp_path / "live.toml"), input=b"typed", capture_output=True, start_new_session=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "arguments").read_text().splitlines()[:5] == ["-T", "-o", "BatchMode=yes", "--", "root@manager"]


def test_at_a_terminal_ssh_may_ask_for_a_password(ssh: Programs, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(TOML)
    at_a_terminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"

    done = subprocess.run(
        [sys.executable, "-c", at_a_terminal, *program(tmp_path / "live.toml")], capture_output=True, check=False
    )
    assert done.returncode == 0, done
    assert (tmp_path / "arguments").read_text().splitlines()[:3] == ["-T", "--", "root@manager"]


def test_where_there_is_no_ssh_it_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert call() == 2
    assert "the program ssh is missing" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/x", "a b", "a;b", "$(x)", "", "host\n"])
def test_what_is_no_host_never_reaches_ssh(
    host: str, ssh: Programs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["from-host", "--", host]) == 2
    assert "is not a valid host; write it as user@host.example.com" in capsys.readouterr().err
    assert not (tmp_path / "arguments").exists()
