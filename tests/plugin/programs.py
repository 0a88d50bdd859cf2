"""Projects whose programs are in other languages than this one, and what builds and runs them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud import engine
from localcloud.cloud import ROOT, LocalCloud, Project
from tests import npm
from tests.engine import installed

STACK = "dev"
HERE = Path(__file__).parent
GO_SDK = "example.com/pulumi-gitlab-runner-aws/sdk/go"
_ENGINE_RECIPE = ROOT / "localcloud" / "cli_build"
_STAMP = ("-trimpath", "-ldflags", "-s -w")


def plugin_folder(folder: Path) -> Path:
    """Fill a folder with the plugin as it is in this checkout, but with the Python of these tests."""
    folder.mkdir()
    for each in (ROOT / "plugin").iterdir():
        # Its packages are here already: without this file nothing is installed.
        if each.name not in (".venv", "requirements.txt", "__pycache__"):
            (folder / each.name).symlink_to(each)
    # One of its own: the real language host brings pip up to date in it.
    installed.environment(folder / ".venv")
    return folder


def go(folder: Path, *command: str) -> None:
    """Run the Go command in a folder."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -modcacherw"}
    run([engine.go_toolchain(lambda _: None), *command], folder, environment)


def run(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command that must not fail; returns what it printed."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def _built(name: str, recipe: list[Path], package: str) -> Path:
    """Build a Go program from the files of a recipe, once for each content of these; returns its path."""
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in recipe)).hexdigest()[:12]
    home = engine.cache_folder() / f"{name}-{digest}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            for each in recipe:
                shutil.copy(each, scratch)
            made = Path(scratch) / "made"
            go(Path(scratch), "build", *_STAMP, "-o", str(made / name), package)
            # Where another process of this test run was first, its folder stays.
            with suppress(OSError):
                made.rename(home)
    return home / name


def generated_sdks(schema: Path, folder: Path) -> None:
    """Write the SDKs for Node.js, Go and Python into the folder."""
    recipe = [HERE / "sdk_generator" / "main.go", *(_ENGINE_RECIPE / name for name in ("go.mod", "go.sum"))]
    run([str(_built("sdk_generator", recipe, ".")), str(schema), str(folder)], folder)


def bring_language_hosts(cloud: LocalCloud) -> None:
    """Put hosts for Node.js and YAML beside the engine, unless it has brought its own."""
    node = [sys.executable, "-m", "tests.plugin.node_host_stand_in", str(npm.NODE)]
    _launcher(cloud, "nodejs", f'cd "{ROOT}" && exec {" ".join(node)}')
    host = cloud.cli.parent / "pulumi-language-yaml"
    if not host.exists():
        recipe = [HERE / "yaml_host" / name for name in ("go.mod", "go.sum")]
        host.symlink_to(_built(host.name, recipe, f"github.com/pulumi/pulumi-yaml/cmd/{host.name}"))


def _launcher(cloud: LocalCloud, language: str, command: str) -> None:
    path = cloud.cli.parent / f"pulumi-language-{language}"
    if not path.exists():
        path.write_text(f'#!/bin/sh\n{command} "$@"\n')
        path.chmod(0o755)


@dataclass(frozen=True)
class Program:
    """A project with one stack, whose program may use the plugin."""

    project: Project
    plugin: Path
    name: str

    @staticmethod
    def create(cloud: LocalCloud, folder: Path, plugin: Path, runtime: Any, name: str = "acme") -> "Program":
        """Make the project and a stack without settings."""
        folder.mkdir(parents=True)
        made = Program(Project(cloud, folder, STACK), plugin, name)
        made.describe({"runtime": runtime})
        made.project.pulumi("stack", "init", STACK, "--secrets-provider", cloud.secrets_provider)
        return made

    def describe(self, rest: Mapping[str, Any]) -> None:
        """Write Pulumi.yaml, with the plugin that `pulumi package add` would have recorded there."""
        plugins = {"providers": [{"name": "gitlab-runner-aws", "path": str(self.plugin)}]}
        described = {"name": self.name, "plugins": plugins, **rest}
        (self.project.folder / "Pulumi.yaml").write_text(yaml.safe_dump(described, sort_keys=False))

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.project.folder / name).write_text(text)

    def run_javascript(self, path: str) -> None:
        """Have a file be the program."""
        self.write("package.json", json.dumps({"name": self.name, "main": path}))

    def configure(self, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Write the stack's settings, those of the project by their names, and secrets."""
        self.project.configure({key if ":" in key else f"{self.name}:{key}": settings[key] for key in settings})
        for key, value in secrets.items():
            self.project.set_secret(f"{self.name}:{key}", value)

    def pulumi(self, command: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the engine on the stack."""
        return self.project.pulumi(command, "--stack", STACK, *arguments, check=check)


def typescript(folder: Path, sdk: Path) -> None:
    """Make a folder one in which TypeScript programs compile, with the SDK as `pulumi package add` leaves it."""
    shutil.copytree(sdk, folder / "sdks" / "gitlab-runner-aws")
    packages = folder / "node_modules"
    packages.mkdir()
    for each in (npm.installed(HERE / "typescript_programs") / "node_modules").iterdir():
        (packages / each.name).symlink_to(each)
    (packages / "gitlab-runner-aws").symlink_to(folder / "sdks" / "gitlab-runner-aws")
    path = f"{packages / '.bin'}{os.pathsep}{npm.NODE.parent}{os.pathsep}{os.environ['PATH']}"
    run([str(npm.NODE), "scripts/postinstall.js"], folder / "sdks" / "gitlab-runner-aws", {**os.environ, "PATH": path})


def compile_typescript(folder: Path, *names: str) -> str:
    """Compile files into the folder `bin`, as strictly as TypeScript can; returns what the compiler has to say."""
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    options = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--types",
        "node",
        "--outDir",
        "bin",
    ]
    command = [str(npm.NODE), str(compiler), *options, *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def go_module(folder: Path, sdk: Path) -> None:
    """Make a folder a Go module that has the generated SDK, with the versions of the engine's recipe."""
    shutil.copytree(sdk, folder)
    recipe = (_ENGINE_RECIPE / "go.mod").read_text().splitlines()
    kept = [line for line in recipe if not line.startswith(("module ", "tool "))]
    (folder / "go.mod").write_text("\n".join([f"module {GO_SDK}", *kept]) + "\n")
    shutil.copy(_ENGINE_RECIPE / "go.sum", folder)
