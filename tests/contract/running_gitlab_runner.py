"""A running stand-in for gitlab-runner, with a docker-machine that only writes down what it is told."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from localcloud.gitlab_stand_in import GitLabStandIn

from .stand_in_programs import PROGRAMS, gitlab_runner, plain

RECORDED_CALLS = json.loads((PROGRAMS.with_name("recordings") / "runner_gitlab_http.json").read_text())[
    "docker_machine_argv"
]["calls"]


TOKEN = "glrt-goodgoodgoodgood1234"


_FAKE_MACHINE = """#!/bin/sh
echo "$@" >> "$HOME/machine.log"
folder="$HOME/.docker/machine/machines"
for name in "$@"; do :; done
case "$2" in
create)
    test ! -e "$HOME/slow" || { echo $$ >> "$HOME/slow"; exec sleep 120; }
    test ! -e "$HOME/no-capacity" && mkdir -p "$folder/$name" && touch "$folder/$name/config.json" ;;
config) test ! -e "$HOME/unreachable" ;;
inspect) test -d "$folder/$3" ;;
stop) exit 1 ;;
rm) rm -r "$folder/$name" ;;
esac
"""


# With the pauses between tries so short that a test need not wait for them.
_HURRIED = """import sys
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0])
from host_programs.gitlab_runner_stand_in import execution, fleet, program
fleet._PROVISION_PAUSE_SECONDS = execution._PREPARATION_PAUSE_SECONDS = 0.05
program.main()
"""


class Runner:
    """One running process, its config file, and a docker-machine that only writes down what it is told."""

    def __init__(self, folder: Path, gitlab: GitLabStandIn) -> None:
        self.folder, self.gitlab = folder, gitlab
        self.program = gitlab_runner(folder)
        machine = self.program.path.with_name("docker-machine")
        machine.write_text(_FAKE_MACHINE)
        machine.chmod(0o755)
        self.config = folder / "config.toml"
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def write(
        self,
        machine: str = "IdleCount = 0",
        *,
        entry: str = "",
        top: str = "",
        token: str = TOKEN,
        concurrent: int = 2,
    ) -> None:
        """Replace the config file: keys of [runners.machine], of the entry, and of the top."""
        options = ", ".join(f'"{option.removeprefix("--")}"' for option in RECORDED_CALLS[0][4:-1])
        self.write_text(
            f"concurrent = {concurrent}\ncheck_interval = 1\n{top}\n"
            f'[[runners]]\nname = "m1"\nurl = "{self.gitlab.url}"\n'
            f'token = "{token}"\nexecutor = "docker+machine"\n{entry}\n[runners.machine]\nMachineDriver = "amazonec2"\n'
            f'MachineName = "ci-%s"\nMachineOptions = [{options}]\n{machine}\n'
        )

    def write_text(self, text: str) -> None:
        """Replace the config file."""
        scratch = self.folder / "config.new"
        scratch.write_text(text)
        scratch.rename(self.config)

    def start(self, *, hurried: bool = False) -> None:
        """Start the process; `hurried`, with short pauses between the tries to get a machine."""
        code = ["-c", _HURRIED] if hurried else []
        command = [sys.executable, *code, str(self.program.path), "run", "--config", str(self.config)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=self.program.environment(), cwd=self.folder, stderr=log)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        assert self.process
        return self.process.wait(10)

    def logged(self, text: str) -> bool:
        """Whether the log holds this text."""
        return text in plain(self.log.read_text())

    def machine_calls(self) -> list[list[str]]:
        """The arguments of each call of docker-machine so far."""
        log = self.folder / "machine.log"
        return [line.split() for line in log.read_text().splitlines()] if log.exists() else []

    def machines(self) -> list[str]:
        """The machines that exist."""
        folder = self.folder / ".docker/machine/machines"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Use GitLab's control side."""
        connection = HTTPConnection(self.gitlab.url.removeprefix("http://"))
        connection.request(method, f"/-/stand-in/{path}", json.dumps(body))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def job_states(self) -> list[str]:
        """The states of all jobs, oldest first."""
        return [job["state"] for job in self.control("GET", "state")["jobs"]]


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for a condition to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def runner_in(folder: Path) -> Iterator[Runner]:
    """A runner that GitLab knows; the test writes its config and starts it."""
    gitlab = GitLabStandIn()
    gitlab.start()
    made = Runner(folder, gitlab)
    made.control("POST", "runners", {"token": TOKEN})
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    if (folder / "slow").exists():
        for pid in (folder / "slow").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    gitlab.close()
