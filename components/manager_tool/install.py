"""The step that installs gitlab-runner, docker-machine and the service."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

from . import docker_engine, watch_units
from .host import HOME, INSTALLED, run, say, write
from .programs import SOURCES, forget_others, live, prepare, put
from .upgrade import upgrade

UNITS = Path("/etc/systemd/system")
DROP_IN = UNITS / "gitlab-runner.service.d" / "gitlab-runner-aws.conf"
CERTIFICATE = Path("/root/.docker/machine/certs/cert.pem")


def install(spec: dict[str, Any]) -> None:
    """Have everything in place; whatever can be wrong with the new is found out before the old is touched."""
    runner, machine = (prepare(name, spec[name]) for name in INSTALLED)
    say(f"wanted: gitlab-runner {runner.version}, docker-machine {machine.version}")
    if spec["docker"]:
        docker_engine.install(spec["docker"])
    before = live(machine.name)
    if before != machine:
        put(machine)
        forget_others(machine, before)
    make_certificates()
    first = not (UNITS / "gitlab-runner.service").exists()
    configure_service(spec["stopSeconds"])
    upgrade(runner, spec["jobSeconds"])
    if first:
        HOME.mkdir(mode=0o700, exist_ok=True)
        run("gitlab-runner", "install", "--user", "root", "--working-directory", "/root")
        run("systemctl", "daemon-reload")
    run("systemctl", "enable", "gitlab-runner")
    sources = {spec[name]["files"][platform.machine()]: each.sha256 for name, each in zip(INSTALLED, (runner, machine))}
    write(SOURCES, json.dumps(sources))


def configure_service(stop_seconds: int) -> None:
    """Say how systemd stops the service; one that runs goes on."""
    # Stopping is graceful: SIGQUIT lets running jobs end, within the time given. And systemd sets no HOME, without
    # which docker-machine would not find its machines.
    # Only the runner itself gets the signal: it would end a docker-machine that is creating a machine half way.
    settings = ["Environment=HOME=/root", "KillMode=mixed", "KillSignal=SIGQUIT", f"TimeoutStopSec={stop_seconds}"]
    # Whoever has disabled the watch by hand has it again at the next start, at a boot too.
    write(DROP_IN, "\n".join(["[Unit]", f"Wants={watch_units.TIMER.name}", "", "[Service]", *settings, ""]), 0o644)
    run("systemctl", "daemon-reload")


def make_certificates() -> None:
    """Have docker-machine make its certificates alone: several first creates at once overwrite each other's."""
    if CERTIFICATE.exists():
        return
    target = ("--driver", "none", "--url", "tcp://localhost:2376")
    run("docker-machine", "create", *target, "first-certificates")
    run("docker-machine", "rm", "-y", "first-certificates")
