"""The stand-ins for gitlab-runner and docker-machine as files, run with a home folder of the test's own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from localcloud import host_program_archives as archives

PROGRAMS = Path(archives.__file__).with_name("host_programs")
RUNNER_VERSION = "19.3.0"
MACHINE_VERSION = "0.16.2-gitlab.48"


_COLORS = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """What a person reads where the program colours its lines; the recordings have no colours either."""
    return _COLORS.sub("", text)


class Program:
    """One program below `folder`, which is also its home and the only folder besides the system's on its PATH."""

    def __init__(self, folder: Path, name: str, content: bytes) -> None:
        self.folder = folder
        self.path = folder / "bin" / name
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(content)
        self.path.chmod(0o755)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What the program sees; nothing of the person's own settings."""
        search = os.pathsep.join([str(self.path.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {"HOME": str(self.folder), "PATH": search, **(extra or {})}

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end, whatever the exit code."""
        return subprocess.run(
            [self.path, *arguments],
            env=self.environment(environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def gitlab_runner(folder: Path) -> Program:
    """The stand-in for gitlab-runner."""
    return Program(folder, "gitlab-runner", archives.gitlab_runner(PROGRAMS, RUNNER_VERSION, "amd64"))


def docker_machine(folder: Path, version: str = MACHINE_VERSION) -> Program:
    """The stand-in for docker-machine."""
    return Program(folder, "docker-machine", archives.docker_machine(PROGRAMS, version, "x86_64"))
