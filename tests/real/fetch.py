"""Real programs for LOCALCLOUD_REAL, fetched as their vendors publish them, and checked against the vendors' checksums.

What is in the folder already is kept, whatever its version.
"""

import hashlib
import os
import platform
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from components.manager.installation import installation
from config_render import ManagerSettings
from localcloud import engine
from localcloud.real_programs import ON_MANAGER, PLUGINS, plugin_path

PLUGIN_RELEASES = "https://github.com/pulumi/pulumi-{name}/releases/download/v{version}"
_CHUNK = 1 << 20
_SECONDS = 60
"""How long a server may be silent."""
_GO_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}

Say = Callable[[str], None]


class NotFetchedError(Exception):
    """A program can't be had; the text says which and why."""


def fetch_all(folder: Path, say: Say, settings: ManagerSettings | None = None, server: str = "") -> list[str]:
    """Put what is missing into `folder`, and return a text for each program that can't be had.

    Which programs, and from where, `settings` say. With `server`, plugins and their checksums come from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    specs: dict[str, Any] = {**installation(settings or ManagerSettings(), 0)}
    failures = []
    for name in (*ON_MANAGER, *PLUGINS):
        try:
            say(_program(folder, name, specs[name]) if name in ON_MANAGER else _plugin(folder, name, server))
        except NotFetchedError as error:
            failures.append(f"{name}: {error}")
    return failures


def _program(folder: Path, name: str, spec: dict[str, Any]) -> str:
    target = folder / name
    if target.exists():
        return f"{name} is there: {target}"
    machine = platform.machine()
    if machine not in spec["files"]:
        raise NotFetchedError(f"there is none for {machine}")
    url = spec["files"][machine]
    with _checked(url, spec["checksums"], folder) as program:
        program.chmod(0o755)
        program.rename(target)
    return f"{name} fetched: {url}"


def _plugin(folder: Path, name: str, server: str) -> str:
    number = version(f"pulumi-{name}")
    if found := plugin_path(folder, name):
        return f"plugin {name} is there: {found}"
    site = server or PLUGIN_RELEASES.format(name=name, version=number)
    kind = _GO_MACHINE.get(platform.machine(), platform.machine())
    url = f"{site}/pulumi-resource-{name}-v{number}-linux-{kind}.tar.gz"
    # Not by its --checksum: 3.259.0 leaves out of its sum what comes with the end of the answer (checksumReader.Read in
    # sdk/go/common/workspace/plugins.go), which an answer of known length always has.
    with _checked(url, f"{site}/pulumi-{name}_{number}_checksums.txt", folder) as archive:
        command = [str(engine.obtain()), "plugin", "install", "resource", name, number, "--file", str(archive)]
        environment = {**os.environ, "PULUMI_HOME": str(folder), "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        (*_, last) = ["", *(done.stderr or done.stdout).strip().splitlines()]
        raise NotFetchedError(f"`pulumi plugin install resource {name} {number}` failed: {last}")
    return f"plugin {name} fetched: {url}"


@contextmanager
def _checked(url: str, checksums: str, folder: Path) -> Iterator[Path]:
    """Download what is at `url`, and remove it in the end. Raises `NotFetchedError` where it has another checksum."""
    wanted = _listed(checksums, url.rpartition("/")[2])
    scratch = folder / f".{url.rpartition('/')[2]}"
    try:
        found = _download(url, scratch)
        if found != wanted:
            raise NotFetchedError(f"{url} has SHA-256 {found}, {checksums} says {wanted}")
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)


def _listed(url: str, file_name: str) -> str:
    with _opened(url) as answer:
        lines = answer.read(_CHUNK).decode(errors="replace").splitlines()
    for words in map(str.split, lines):
        if len(words) == 2 and words[1].lstrip("*").rpartition("/")[2] == file_name:
            return str(words[0])
    raise NotFetchedError(f"{url} names no checksum for {file_name}")


def _download(url: str, target: Path) -> str:
    total = hashlib.sha256()
    with _opened(url) as answer, target.open("wb") as file:
        while chunk := answer.read(_CHUNK):
            total.update(chunk)
            file.write(chunk)
    return total.hexdigest()


def _opened(url: str) -> Any:
    try:
        return urllib.request.urlopen(url, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotFetchedError(f"{url}: HTTP {error.code}") from None
    except OSError as error:
        raise NotFetchedError(f"{url}: {getattr(error, 'reason', error)}") from None
