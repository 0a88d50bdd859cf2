"""Starting and stopping a local cloud, and running the real engine against it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from . import engine, real_programs
from .addresses import KEY, Addresses
from .real_programs import RealProgram
from .stack_file import SettingsFile

ROOT = Path(__file__).parent.parent
PASSPHRASE = "local"  # noqa: S105 - guards nothing: this state exists on one machine, for emulated resources
_START_SECONDS = 60


class LocalCloudError(Exception):
    """A part of the local cloud did not start or stop; the text says what to do."""


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud."""

    folder: Path
    addresses: Addresses
    cli: Path
    process: "subprocess.Popen[bytes] | None" = None
    """What serves it, where this process has started it."""
    secrets_provider: str = "passphrase"
    """What encrypts the secrets of new stacks."""

    @staticmethod
    def start(
        folder: Path,
        *,
        say: engine.Say = lambda _: None,
        hurried: bool = False,
        own_plugins: bool = False,
    ) -> "LocalCloud":
        """Start a local cloud that keeps all its state in `folder`, or return the one that runs there already.

        With `hurried`, programs are forks of one process that has loaded their libraries, see `program_starter.py`; the
        engine keeps no log of its own, which is a third of the processor time of its command; and secrets are encrypted
        with a key of the emulated AWS, as making one of a passphrase takes a quarter of a second at every command.
        It has the real programs of `real_programs.find` and, with `own_plugins`, of `installed_plugins`. Raises
        `LocalCloudError`, `EngineUnavailableError`, `RealProgramError`.
        """
        chosen = real_programs.find()
        real = {**(real_programs.installed_plugins() if own_plugins else {}), **chosen}
        cli = engine.obtain(say)
        folder.mkdir(parents=True, exist_ok=True)
        addresses, process = Addresses.load(folder), None
        if addresses is None:
            addresses, process = _spawn(folder, real, ["--hurried"] * hurried)
        elif any(addresses.real.get(name) != program.version for name, program in chosen.items()):
            raise LocalCloudError(
                f"the local cloud that runs from {folder} was started without the programs of "
                f"{real_programs.VARIABLE}; run `make down` first, or unset it"
            )
        if addresses.real:
            say(f"not stand-ins but real: {real_programs.listed(addresses.real)}")
        provider = f"awskms://{KEY}?region=eu-central-1" if hurried else "passphrase"
        return LocalCloud(folder, addresses, engine.beside_language_host(cli, folder / "bin"), process, provider)

    @staticmethod
    def running(folder: Path) -> "LocalCloud | None":
        """Return the local cloud that runs from `folder`, or None."""
        addresses = Addresses.load(folder)
        if addresses is None:
            return None
        return LocalCloud(folder, addresses, engine.beside_language_host(engine.obtain(), folder / "bin"))

    def stop(self) -> None:
        """End the process and with it every server and manager host."""
        os.kill(self.addresses.pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while Addresses.load(self.folder) is not None:
            if time.monotonic() > deadline:
                raise LocalCloudError(f"process {self.addresses.pid} did not end within 30 s; kill it by hand")
            time.sleep(0.05)
        if self.process is not None:
            self.process.wait()

    def environment(self) -> dict[str, str]:
        """What the engine needs to find the stand-ins and its state, and nothing from the person's own Pulumi."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "AWS_"))}
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        return {
            **inherited,
            "PATH": os.pathsep.join([str(self.cli.parent), inherited["PATH"]]),
            "PULUMI_HOME": str(self.folder / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
            "GOGC": "400",  # its commands are short; collecting garbage as they start takes a fifth of their time
            # For what asks AWS beside the provider; and what it remembers stays here.
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL": self.addresses.aws,
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    def aws_config(self, region: str | None) -> dict[str, Any]:
        """The provider settings that lead pulumi-aws to the emulated AWS."""
        services = (
            "autoscaling",
            "cloudwatch",
            "ec2",
            "events",
            "iam",
            "logs",
            "pricing",
            "s3",
            "servicequotas",
            "ssm",
            "sts",
        )
        return {
            **({} if region is None else {"aws:region": region}),
            "aws:accessKey": "local",
            "aws:secretKey": "local",
            "aws:endpoints": [dict.fromkeys(services, self.addresses.aws)],
            "aws:s3UsePathStyle": True,
            "aws:skipCredentialsValidation": True,
            "aws:skipMetadataApiCheck": True,
            "aws:skipRequestingAccountId": True,
        }


@dataclass(frozen=True)
class Project:
    """A Pulumi project folder with one stack, deployed into a local cloud."""

    cloud: LocalCloud
    folder: Path
    stack: str

    @staticmethod
    def create(
        cloud: LocalCloud,
        folder: Path,
        stack: str,
        config: Mapping[str, Any] | None = None,
        program: Path = ROOT,
        name: str | None = None,
    ) -> "Project":
        """Make a project in `folder` that runs `program`, with `config`, if given, as the stack's settings.

        Under another `name` than the program's own it declares no settings: they would have that name before them.
        The stack file lies in `folder`, not in the checkout, so that ports of this machine end up in no commit.
        An existing stack is kept, its settings are written anew, but for secrets and the salt of its encryption.
        """
        folder.mkdir(parents=True, exist_ok=True)
        project = yaml.safe_load((program / "Pulumi.yaml").read_text())
        project["main"] = os.path.relpath(program, folder)
        project["runtime"]["options"]["virtualenv"] = str(Path(sys.prefix))
        if name is not None:
            project = {key: value for key, value in project.items() if key != "config"} | {"name": name}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
        made = Project(cloud, folder, stack)
        if not made._file.exists():
            made.pulumi("stack", "init", stack, "--secrets-provider", cloud.secrets_provider)
        if config is not None:
            made.configure(config)
        return made

    @property
    def _file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def config(self) -> dict[str, Any]:
        """The settings as they stand in the stack file, without secrets."""
        return {key: value for key, value in self._content()["config"].items() if not is_secret(value)}

    def has(self, key: str) -> bool:
        """Whether the stack file has a value for `key`."""
        return key in (self._content().get("config") or {})

    def configure(self, config: Mapping[str, Any], lines_of: SettingsFile | None = None) -> None:
        """Write `config` over the stack's settings; existing secrets stay.

        Values that are in `lines_of`, too, are put on the lines that they have there: messages name these.
        """
        content = self._content()
        old = content.get("config") or {}
        secrets = {key: value for key, value in old.items() if is_secret(value)}
        content["config"] = {**secrets, **config}
        text = yaml.safe_dump(content, sort_keys=False) if lines_of is None else lines_of.with_config(**content)
        self._file.write_text(text)

    def _content(self) -> dict[str, Any]:
        return (yaml.safe_load(self._file.read_text()) if self._file.exists() else None) or {}

    def set_secret(self, key: str, value: str) -> None:
        """Encrypt `value` into the stack file; it goes by standard input and so into no process's arguments."""
        self.pulumi("config", "set", "--secret", "--path", key, "--stack", self.stack, stdin=value)

    def command(self, *arguments: str) -> list[str]:
        """The engine's command line, for callers that run it by themselves."""
        return [str(self.cloud.cli), "--non-interactive", "--color", "never", *arguments]

    def pulumi(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the engine in this project; raises `LocalCloudError` with its output when it fails and `check` is set."""
        result = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.cloud.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode != 0:
            raise LocalCloudError(f"pulumi {arguments[0]} failed:\n{result.stdout}{result.stderr}")
        return result


def is_secret(value: object) -> bool:
    """Whether a value of a stack file is encrypted, or a part of it is."""
    return isinstance(value, dict) and ("secure" in value or any(map(is_secret, value.values())))


def _spawn(
    folder: Path, real: Mapping[str, RealProgram], options: Sequence[str]
) -> tuple[Addresses, subprocess.Popen[bytes]]:
    log = folder / "daemon.log"
    programs = json.dumps({name: [str(program.path), program.version] for name, program in real.items()})
    command: Sequence[str] = [sys.executable, "-m", "localcloud.daemon", str(folder), programs, *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while (addresses := Addresses.load(folder)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            tail = "\n".join(log.read_text().splitlines()[-15:])
            raise LocalCloudError(f"the local cloud did not start; the end of {log}:\n{tail}")
        time.sleep(0.05)
    return addresses, process
