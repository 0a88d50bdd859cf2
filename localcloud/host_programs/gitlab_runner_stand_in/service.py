"""The commands for the service: its systemd unit, and what systemctl does with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..go_flags import Flag, Parsed
from . import settings
from .log import FatalError

UNITS = Path("/etc/systemd/system")

FLAGS = [
    Flag("service", short="n", default="gitlab-runner"),
    Flag("working-directory", short="d"),
    Flag("syslog", "bool"),
    Flag("user", short="u"),
    Flag("init-user", short="i"),
]
NAME_FLAGS = FLAGS[:1]

_UNIT = """[Unit]
Description=GitLab Runner
ConditionFileIsExecutable={program}

After=network.target

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart={program} {arguments}

Restart=always
RestartSec=120
EnvironmentFile=-/etc/sysconfig/{name}

[Install]
WantedBy=multi-user.target
"""


def install(parsed: Parsed, config: Path) -> None:
    """Write the unit and enable it; a missing config file is created, too. Raises `FatalError`."""
    options = parsed.values
    if os.getuid() == 0 and not (options["user"] or options["init-user"]):
        raise FatalError("Please specify user that will run gitlab-runner service")
    if not config.exists():
        settings.save(config, settings.load(config))
    name = options["service"]
    unit = UNITS / f"{name}.service"
    if unit.exists():
        raise FatalError(f"Failed to install {name}: Init already exists: {unit}")
    program = os.path.realpath(sys.argv[0])
    arguments = ["run", "--config", str(config)]
    arguments += ["--working-directory", options["working-directory"] or os.getcwd(), "--service", name]
    if options["user"]:
        arguments += ["--user", options["user"]]
    quoted = " ".join(f'"{argument}"' for argument in arguments)
    unit.write_text(_UNIT.format(program=program, arguments=quoted, name=name), encoding="utf-8")
    _systemctl("enable", unit.name)
    _systemctl("daemon-reload")


def uninstall(parsed: Parsed, _: Path) -> None:
    """Disable the unit and remove it. Raises `FatalError`."""
    unit = UNITS / f"{parsed.values['service']}.service"
    if not unit.exists():
        raise FatalError(f"Failed to uninstall {parsed.values['service']}: the service is not installed")
    _systemctl("disable", unit.name)
    unit.unlink()
    _systemctl("daemon-reload")


def status(parsed: Parsed, _: Path) -> int:
    """Say whether the service runs, or waits to be started again; 1 if not."""
    name = parsed.values["service"]
    asked = subprocess.run(["systemctl", "is-active", f"{name}.service"], capture_output=True, text=True, check=False)
    if asked.stdout.startswith(("active", "activating")):
        print(f"{name}: Service is running")
        return 0
    print(f"{name}: Service has stopped", file=sys.stderr)
    return 1


def start(parsed: Parsed, _: Path) -> None:
    """Start the service. Raises `FatalError`."""
    _systemctl("start", f"{parsed.values['service']}.service")


def stop(parsed: Parsed, _: Path) -> None:
    """Stop the service. Raises `FatalError`."""
    _systemctl("stop", f"{parsed.values['service']}.service")


def _systemctl(*arguments: str) -> None:
    try:
        result = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise FatalError('exec: "systemctl": executable file not found in $PATH') from None
    if result.returncode != 0:
        raise FatalError(f'"systemctl" failed with stderr: {result.stderr.strip()}')
