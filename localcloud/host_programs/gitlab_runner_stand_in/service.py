"""The commands `install` and `uninstall`: the systemd unit of the service."""

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


def _systemctl(*arguments: str) -> None:
    try:
        result = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise FatalError('exec: "systemctl": executable file not found in $PATH') from None
    if result.returncode != 0:
        raise FatalError(f'"systemctl" failed with stderr: {result.stderr.strip()}')
