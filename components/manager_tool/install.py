"""The step that installs gitlab-runner, docker-machine and the service."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Any

from .downloads import fetch, published_checksum
from .host import BINARIES, HOME, StepError, run, write

DROP_IN = Path("/etc/systemd/system/gitlab-runner.service.d/gitlab-runner-aws.conf")


def install_binary(name: str, spec: dict[str, Any]) -> None:
    machine = platform.machine()
    if machine not in spec["files"]:
        raise StepError(f"{name} has no build for {machine}; choose an x86_64 or arm64 manager.instanceType")
    url = spec["files"][machine]
    file_name = url.rsplit("/", 1)[-1]
    wanted = spec["sha256"] or published_checksum(spec["checksums"], file_name, spec["setting"])
    target = BINARIES / name
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == wanted:
        return
    content = fetch(url)
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise StepError(
            f"{url} has SHA-256 {found}, wanted was {wanted}; nothing was replaced. "
            f"Check {spec['setting']}, or whether the download was altered."
        )
    scratch = target.with_name(f".{name}.new")
    scratch.write_bytes(content)
    scratch.chmod(0o755)
    scratch.rename(target)
    print(f"installed {name} from {url}")


def install(spec: dict[str, Any]) -> None:
    for name in ("gitlab-runner", "docker-machine"):
        install_binary(name, spec[name])
    # Stopping is graceful: SIGQUIT lets running jobs end, within the time given. And systemd sets no HOME, without
    # which docker-machine would not find its machines.
    # Only the runner itself gets the signal: it would end a docker-machine that is creating a machine half way.
    settings = ["Environment=HOME=/root", "KillMode=mixed", "KillSignal=SIGQUIT"]
    settings.append(f"TimeoutStopSec={spec['stopSeconds']}")
    write(DROP_IN, "\n".join(["[Service]", *settings, ""]), 0o644)
    if not Path("/etc/systemd/system/gitlab-runner.service").exists():
        HOME.mkdir(mode=0o700, exist_ok=True)
        run("gitlab-runner", "install", "--user", "root", "--working-directory", "/root")
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "gitlab-runner")
    # The first create makes docker-machine's certificates; several at once would overwrite each other's.
    if not Path("/root/.docker/machine/certs/cert.pem").exists():
        run(
            "docker-machine",
            "create",
            "--driver",
            "none",
            "--url",
            "tcp://localhost:2376",
            "first-certificates",
        )
        run("docker-machine", "rm", "-y", "first-certificates")
