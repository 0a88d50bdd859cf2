"""A manager host stand-in: a throw-away root in namespaces of its own, in which commands are run.

Nothing outside is written: what an installation touches lies in memory and vanishes with the host, the rest is
read-only. The network is the machine's own, so that the host reaches what listens on loopback.
"""

import base64
import contextlib
import io
import json
import os
import shutil
import site
import socket
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from ..bytecode import FIRST_LINE, bytecode
from .holder import COVERED

_FOLDER = Path(__file__).parent
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
_OWN_USER = ("--user", "--map-root-user")


class HostUnavailableError(Exception):
    """The namespaces can't be made on this machine; the text says what failed."""


class ManagerHost:
    """One throw-away machine, running from construction to `stop`. It also ends when this process does."""

    def __init__(
        self, programs: Path, environment: Mapping[str, str] | None = None, exec_log: Path | None = None
    ) -> None:
        """Start the host with what a system has from the start, from the stand-ins of the folder `programs`.

        `environment` is added to what every command sees. With `exec_log`, the arguments of every process that an SSH
        command starts are appended to that file. Raises `HostUnavailableError`.
        """
        self._nsenter = _program("nsenter")
        self.exec_log = exec_log
        if exec_log:
            exec_log.touch()
        self._environment = {**_ENVIRONMENT, **(environment or {})}
        settings = {
            "kept": _covered_parts_of_python(),
            "hidden": [path for path in site.getsitepackages([sys.base_prefix]) if Path(path).is_dir()],
            "python": os.path.realpath(sys.executable),
            "programs": {
                "systemctl": _text(_application(programs / "systemctl_stand_in", "program")),
                "journalctl": _text(_application(programs / "systemctl_stand_in", "journalctl")),
                **dict.fromkeys(
                    ("apt-get", "dnf"), _text(_application(programs / "package_manager_stand_in", "program"))
                ),
                "ssh": _text(_application(programs / "ssh_stand_in", "program")),
                "sudo": _text((_FOLDER / "sudo_stand_in.sh").read_bytes()),
            },
        }
        self._holder = _start_holder(json.dumps(settings))

    @property
    def pid(self) -> int:
        """A process, outside, that is in the host's user and mount namespaces."""
        return self._holder.process.pid

    @property
    def enter(self) -> list[str]:
        """The command line that runs the arguments after it as root on the host, in /root, with a clean environment."""
        own_user = ["--user", "--preserve-credentials"] if self._holder.has_own_user else []
        namespaces = [f"--target={self.pid}", "--mount", f"--pid=/proc/{self.pid}/ns/pid_for_children"]
        variables = [f"{name}={value}" for name, value in self._environment.items()]
        # Like sshd's, whatever this process itself was started with: under nohup, say, a hang-up would be ignored.
        clean = ["/usr/bin/env", "--ignore-environment", "--default-signal", "--chdir=/root", *variables]
        return [self._nsenter, *own_user, *namespaces, "--", *clean]

    def login_command(self, command: str) -> list[str]:
        """The command line for one command of an SSH client, traced where this host has an `exec_log`."""
        argv = [*self.enter, "sh", "-c", command]
        if self.exec_log is None:
            return argv
        tracer = [sys.executable, "-S", "-E", str(_FOLDER / "exec_trace.py"), str(self.exec_log)]
        return [*tracer, "--skip=2", "--", *argv]  # nsenter and env play the part of sshd

    def run(self, command: str, stdin: bytes = b"") -> CompletedProcess[bytes]:
        """Run a shell command as root on the host, untraced, and return its output and exit code."""
        return subprocess.run([*self.enter, "sh", "-c", command], input=stdin, capture_output=True, check=False)

    def shell(self) -> list[str]:
        """The command line of an interactive shell on the host, to be executed on a terminal."""
        return [*self.enter, f"TERM={os.environ.get('TERM', 'dumb')}", "PS1=manager# ", "sh", "-i"]

    def stop(self) -> None:
        """End the host and every process on it. Stopping twice is allowed."""
        self._holder.life_line.close()
        self._holder.process.wait()


@dataclass(frozen=True)
class _Holder:
    process: subprocess.Popen[bytes]
    life_line: socket.socket
    """Its standard streams. The host ends when this closes, however this process ends."""

    has_own_user: bool


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise HostUnavailableError(f"the manager host needs the program {name}, on Debian from the package util-linux")
    return path


def _application(package: Path, module: str) -> bytes:
    """A Python package, with a `main` in one of its modules, as one file that can be executed."""
    buffer = io.BytesIO()
    buffer.write(FIRST_LINE)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("__main__.py", f"from {package.name}.{module} import main\n\nmain()\n")
        for file in sorted(package.glob("*.py")):
            name = f"{package.name}/{file.name}"
            archive.write(file, name)
            archive.writestr(f"{name}c", bytecode(name, file.read_bytes()))
    return buffer.getvalue()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _covered_parts_of_python() -> list[str]:
    """What this interpreter needs of the folders that get covered, such as a Python built in the person's home."""
    library = sysconfig.get_config_var("INSTSONAME") or ""
    parts = {
        os.path.realpath(sys.executable),
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
        os.path.join(sysconfig.get_config_var("LIBDIR") or "", library),
    }
    roots = [Path(folder) for folder in COVERED]
    return sorted(p for p in parts if Path(p).exists() and any(root in Path(p).parents for root in roots))


def _start_holder(settings: str) -> _Holder:
    reasons = []
    # Root inside a container may be forbidden to make user namespaces, but does not need one.
    for own_user in (_OWN_USER, ()) if os.geteuid() == 0 else (_OWN_USER,):
        ours, theirs = socket.socketpair()
        unshare = [_program("unshare"), *own_user, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        process = subprocess.Popen(
            [*unshare, sys.executable, "-S", "-E", "-B", str(_FOLDER / "holder.py")],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=theirs.fileno(),
            start_new_session=True,
        )
        theirs.close()
        with ours.makefile("rw") as stream:
            stream.write(settings + "\n")
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                stream.flush()
                answer = stream.readline()
            if answer == "ready\n":
                return _Holder(process, ours, bool(own_user))
            reasons.append((answer + stream.read()).strip().rpartition("\n")[2])
        ours.close()
        process.wait()
    raise HostUnavailableError(
        "the manager host needs Linux 5.12 or newer with user namespaces (or root): " + "; ".join(reasons)
    )
