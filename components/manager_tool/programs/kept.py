"""The programs that are installed: kept by their checksums, and copied to where they are run from.

A copy and no link: gitlab-runner writes the path that a link leads to into its unit file, which has to stay the same
from version to version.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..contract.documents import ProgramFiles
from ..host import BINARIES, INSTALLED, STAGED, StepError, load, run, say, write
from ..texts import printable
from .downloads import digest, download, published_checksum, require_space

KEPT = Path("/usr/local/lib/gitlab-runner-programs")
SOURCES = STAGED / "sources.json"
"""The checksums of the live programs by their addresses: one that is in place already is not asked for again."""

PLACED = STAGED / "programs.json"
"""What was put in place, by name: `sha256`, `version`, and `file`, which is another one once the file is replaced."""
PUT_BACK = "set manager.rerun to another number and run `pulumi up`, which puts back what is wanted"
_LONGEST_VERSION = 60


class Program(NamedTuple):
    """One version of a program, downloaded and checked."""

    name: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return KEPT / f"{self.name}-{self.sha256[:16]}"

    @property
    def version(self) -> str:
        """What it says of itself. Raises `StepError` where it can't be run."""
        return version_of(self.path)


@cache
def version_of(path: Path) -> str:
    """Return what a program says of itself. Raises `StepError` where it can't be run."""
    try:
        _, output = run(str(path), "--version")
    except OSError as error:
        raise StepError(f"{path} can't be run here: {error.strerror}; it may be for another architecture") from error
    found = re.search(r"version:?\s+([^\s,]+)", output, re.IGNORECASE)
    return printable(found[1] if found else output.partition("\n")[0], _LONGEST_VERSION)


def live(name: str) -> Program | None:
    """The version that is in place, kept as well from now on; None where there is none."""
    target = BINARIES / name
    if not target.exists():
        return None
    program = Program(name, digest(target))
    if digest(program.path) != program.sha256:
        copy(target, program.path)
    return program


def prepare(name: str, spec: ProgramFiles) -> Program:
    """Download a version beside the one in place, unless it is there already. Raises `StepError`."""
    machine = platform.machine()
    if machine not in spec["files"]:
        raise StepError(f"{name} has no build for {machine}; choose an x86_64 or arm64 manager.instanceType")
    url, setting = spec["files"][machine], spec["setting"]
    missing = f"check {setting}.version; what there is: {spec['releases']}"
    wanted = spec["sha256"] or _known(name, url)
    if not wanted:
        wanted = published_checksum(spec["checksums"], url.rsplit("/", 1)[-1], setting, missing)
    program = Program(name, wanted)
    if digest(program.path) == wanted:
        return program
    if digest(BINARIES / name) == wanted:
        # It may be in place without being kept, on a host where the runner has lived before.
        return live(name) or program
    KEPT.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = KEPT / f".{name}.new"
    try:
        found = download(url, scratch, missing)
        if found != wanted:
            raise StepError(
                f"{url} has SHA-256 {found}, wanted was {wanted}; nothing was replaced. "
                f"Check {setting}.sha256, or whether the download was altered."
            )
        scratch.chmod(0o755)
        scratch.rename(program.path)
    finally:
        scratch.unlink(missing_ok=True)
    return program


def require_room(program: Program) -> None:
    """Raise `StepError` unless a version can be put in place."""
    require_space(BINARIES, program.path.stat().st_size)


def put(program: Program) -> None:
    """Take a version into use: whoever starts the program gets the old one or this one as a whole."""
    remember(program)
    if digest(BINARIES / program.name) != program.sha256:
        copy(program.path, BINARIES / program.name)
    say(f"{program.name} {program.version} is in place")


def remember(program: Program) -> None:
    """Take down that this version is the one to be in place."""
    known = load(PLACED)
    if _placed(known, program.name).get("sha256") != program.sha256:
        write(PLACED, json.dumps({**known, program.name: {"sha256": program.sha256, "version": program.version}}))


def wanted_version(name: str) -> str:
    """Return the version that was put in place; empty where none was yet."""
    return str(_placed(load(PLACED), name).get("version", ""))


def replaced() -> list[str]:
    """Return a line for each program that is no longer the one that was put in place.

    A file is read only if it was written since it was last read.
    """
    known, lines = load(PLACED), []
    for name in INSTALLED:
        path, placed = BINARIES / name, _placed(known, name)
        file = _file(path)
        if not placed.get("sha256") or (file and file == placed.get("file")):
            continue
        if digest(path) == placed["sha256"]:
            known[name] = {**placed, "file": file}
            write(PLACED, json.dumps(known))
            continue
        lines.append(f"{path} {_found(path, file)}, wanted is {placed.get('version')}: {PUT_BACK}")
    return lines


def _placed(known: dict[str, object], name: str) -> dict[str, object]:
    placed = known.get(name)
    return placed if isinstance(placed, dict) else {}


def _file(path: Path) -> list[int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    # Unlike the time of its change, that of the inode can't be set.
    return [found.st_ino, found.st_size, found.st_ctime_ns]


def _found(path: Path, file: list[int]) -> str:
    if not file:
        return "is missing"
    try:
        return f"was replaced by version {version_of(path)}"
    except StepError:
        return "was replaced by something that can't be run"


def forget_others(new: Program, old: Program | None) -> None:
    """Remove what is kept of other versions than these."""
    for path in KEPT.glob(f"{new.name}-*"):
        if path not in (new.path, old and old.path):
            path.unlink()


def _known(name: str, url: str) -> str:
    checksum = load(SOURCES).get(url, "")
    return checksum if checksum and digest(BINARIES / name) == checksum else ""


def copy(source: Path, target: Path) -> None:
    """Put a program in place: whoever starts it gets the old one or this one as a whole. Raises `StepError`."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    require_space(target.parent, source.stat().st_size)
    scratch = target.with_name(f".{target.name}.new")
    try:
        shutil.copyfile(source, scratch)
        scratch.chmod(0o755)
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        scratch.rename(target)
    finally:
        scratch.unlink(missing_ok=True)
