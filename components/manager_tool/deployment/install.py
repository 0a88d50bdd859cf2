"""The step that installs gitlab-runner, docker-machine, the plugin of docker-autoscaler, and the service."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from ..contract.documents import Installation
from ..executors.docker_autoscaler import known, plugin
from ..host import run, say, write
from ..programs import docker_engine, registries, unit, watch_units
from ..programs.kept import SOURCES, forget_others, live, prepare, put, remember
from .upgrade import upgrade

DROP_IN = Path(f"{unit.PATH}.d/gitlab-runner-aws.conf")
CERTIFICATE = Path("/root/.docker/machine/certs/cert.pem")


def install(spec: Installation) -> None:
    """Have everything in place; whatever can be wrong with the new is found out before the old is touched."""
    specs = {"gitlab-runner": spec["gitlab-runner"], "docker-machine": spec["docker-machine"]}
    runner, machine = (prepare(name, each) for name, each in specs.items())
    say(f"wanted: gitlab-runner {runner.version}, docker-machine {machine.version}")
    if spec["docker"]:
        docker_engine.install(spec["docker"])
    registries.configure(spec.get("registries", []))
    if "plugin" in spec:
        plugin.install(spec["plugin"], runner.path)
    known.remember(spec)
    before = live(machine.name)
    if before != machine:
        put(machine)
        forget_others(machine, before)
    make_certificates()
    configure_service(spec["stopSeconds"], spec["service"])
    upgrade(runner, spec["jobSeconds"])
    unit.put()
    for program in (runner, machine):
        remember(program)
    run("systemctl", "enable", "gitlab-runner")
    sources = {specs[each.name]["files"][platform.machine()]: each.sha256 for each in (runner, machine)}
    write(SOURCES, json.dumps(sources))


def configure_service(stop_seconds: int, more: dict[str, str]) -> None:
    """Say how systemd treats the service, with `more` of its settings; one that runs continues."""
    # Stopping is graceful: SIGQUIT lets running jobs end, within the time given. And systemd sets no HOME, without
    # which docker-machine would not find its machines.
    # Only the runner itself gets the signal: it would end a docker-machine that is creating a machine partway.
    settings = ["Environment=HOME=/root", "KillMode=mixed", "KillSignal=SIGQUIT", f"TimeoutStopSec={stop_seconds}"]
    settings += [f"{key}={value}" for key, value in more.items()]
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
