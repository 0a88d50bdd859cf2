"""The stand-ins that are one file have their modules compiled in it, for one Python, and the sources for any other."""

import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud import host_program_archives as archives
from localcloud.bytecode import FIRST_LINE

from .stand_in_programs import MACHINE_VERSION, PROGRAMS, Program

_HASH = f"""
import hashlib, pathlib
from localcloud.host_program_archives import docker_machine
print(hashlib.sha256(docker_machine(pathlib.Path({str(PROGRAMS)!r}), {MACHINE_VERSION!r}, "x86_64")).hexdigest())
"""


def archive() -> bytes:
    return archives.docker_machine(PROGRAMS, MACHINE_VERSION, "x86_64")


def with_changed(change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive with other contents of its files below the folder of the host's programs."""
    buffer = io.BytesIO()
    buffer.write(FIRST_LINE)
    with zipfile.ZipFile(io.BytesIO(archive())) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(name, content) if name.startswith(PROGRAMS.name) else content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda name, text: b"raise SystemExit(9)" if name.endswith(".py") else text, id="this Python"),
        pytest.param(lambda name, text: b"\0\0\0\0" + text[4:] if name.endswith(".pyc") else text, id="another Python"),
    ],
)
def test_the_program_runs_by_what_is_compiled_or_else_by_its_sources(
    change: Callable[[str, bytes], bytes], tmp_path: Path
) -> None:
    done = Program(tmp_path, "docker-machine", with_changed(change)).run("--version")

    assert (done.returncode, MACHINE_VERSION in done.stdout) == (0, True), done.stderr


def test_equal_programs_are_equal_bytes_in_every_process() -> None:
    # Their checksums are in states, which outlive the process that serves them.
    command = [sys.executable, "-c", _HASH]
    done = subprocess.run(command, cwd=PROGRAMS.parents[1], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == hashlib.sha256(archive()).hexdigest()
