"""Docker Engine on the manager, from Docker's own packages.

As "Install Docker Engine" on docs.docker.com has it for Ubuntu, Debian and RHEL, with a key that is checked before it
is trusted. Rocky Linux takes the packages for CentOS, with which it is compatible.
"""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..contract.documents import DockerEngine
from ..host import MissingProgramError, StepError, run, say, write
from .downloads import fetch
from .openpgp import fingerprints

_OS_RELEASE = Path("/etc/os-release")
_APT_KEY = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
_DNF_KEY = "060A61C51B558A7F742B77AAC52FEB6B621E9F35"
_DEBIAN_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PATIENT = ("-o", "DPkg::Lock::Timeout=600")
"""For apt-get: another package manager may be at work, after a boot above all."""
_RPM_REPOSITORIES = {"rhel": "rhel", "centos": "centos", "rocky": "centos", "almalinux": "centos"}


class Plan(NamedTuple):
    """What is to be done on one system."""

    key_url: str
    key_path: str
    fingerprint: str
    source_path: str
    source: str
    gpg: tuple[tuple[str, ...], ...]
    """The commands that install gpg."""
    commands: tuple[tuple[str, ...], ...]


def plan(spec: DockerEngine, system: dict[str, str], machine: str) -> Plan:
    """Return the plan for a system, as os-release(5) describes it. Raises `StepError` where there are no packages."""
    name = system.get("ID", "")
    if name in ("ubuntu", "debian") and machine in _DEBIAN_ARCHITECTURES:
        return _with_apt(spec, system, _DEBIAN_ARCHITECTURES[machine])
    if name in _RPM_REPOSITORIES:
        return _with_dnf(spec, system)
    raise StepError(
        f"Docker has no packages for {system.get('PRETTY_NAME', name)} on {machine}; leave out manager.docker"
    )


def _with_apt(spec: DockerEngine, system: dict[str, str], architecture: str) -> Plan:
    name, codename = system["ID"], system["VERSION_CODENAME"]
    base, key_path = f"{spec['url']}/linux/{name}", "/etc/apt/keyrings/docker.asc"
    version = f"5:{spec['version']}-1~{name}.{system['VERSION_ID']}~{codename}"
    install = ("install", "--yes", "--no-install-recommends", "--allow-downgrades", *PATIENT)
    return Plan(
        key_url=f"{base}/gpg",
        key_path=key_path,
        fingerprint=spec["key_fingerprint"] or _APT_KEY,
        source_path="/etc/apt/sources.list.d/docker.list",
        source=f"deb [arch={architecture} signed-by={key_path}] {base} {codename} stable\n",
        gpg=(("apt-get", "update", *PATIENT), ("apt-get", *install, "gnupg")),
        commands=(
            ("apt-get", "update", *PATIENT),
            ("apt-get", *install, f"docker-ce={version}", f"docker-ce-cli={version}", "containerd.io"),
        ),
    )


def _with_dnf(spec: DockerEngine, system: dict[str, str]) -> Plan:
    major = system["VERSION_ID"].partition(".")[0]
    base, key_path = f"{spec['url']}/linux/{_RPM_REPOSITORIES[system['ID']]}", "/etc/pki/rpm-gpg/docker.asc"
    lines = [
        "[docker-ce-stable]",
        "name=Docker CE Stable",
        f"baseurl={base}/{major}/$basearch/stable",
        "enabled=1",
        "gpgcheck=1",
        f"gpgkey=file://{key_path}",
    ]
    release = f"{spec['version']}-1.el{major}"
    return Plan(
        key_url=f"{base}/gpg",
        key_path=key_path,
        fingerprint=spec["key_fingerprint"] or _DNF_KEY,
        source_path="/etc/yum.repos.d/docker-ce.repo",
        source="\n".join([*lines, ""]),
        gpg=(("dnf", "install", "--assumeyes", "gnupg2"),),
        commands=(
            ("dnf", "install", "--assumeyes", f"docker-ce-{release}", f"docker-ce-cli-{release}", "containerd.io"),
        ),
    )


def install(spec: DockerEngine) -> None:
    """Have this version of Docker Engine run. Raises `StepError`."""
    if _installed() == spec["version"]:
        return
    todo = plan(spec, system(), platform.machine())
    key = fetch(todo.key_url, "check manager.docker.url").decode(errors="replace")
    if not shutil.which("gpg"):
        run_all(todo.gpg, "to check the key of Docker's packages")
    found = fingerprints(key)
    # A second key in the same file would be trusted as well.
    if found != [todo.fingerprint]:
        raise StepError(
            f"{todo.key_url} holds the key {' and '.join(found) or '(none)'}, wanted was {todo.fingerprint} alone; "
            "nothing was installed. Set manager.docker.keyFingerprint if you trust the other key."
        )
    write(Path(todo.key_path), key, 0o644)
    write(Path(todo.source_path), todo.source, 0o644)
    run_all(todo.commands, f"for Docker Engine {spec['version']}")
    run("systemctl", "enable", "--now", "docker")
    say(f"Docker Engine {_installed()} runs")


def run_all(commands: Iterable[Sequence[str]], why: str) -> None:
    """Run commands of a package manager that asks nothing, and say so. Raises `StepError`."""
    for command in commands:
        say(f"running {' '.join(command[:2])} {why}")
        run(*command, DEBIAN_FRONTEND="noninteractive")


def _installed() -> str | None:
    try:
        found = re.search(r"version (\d+\.\d+\.\d+)", run("docker", "--version", check=False)[1])
    except MissingProgramError:
        return None
    return found[1] if found else None


def system() -> dict[str, str]:
    """Return what os-release(5) says of this host."""
    lines = (line.partition("=") for line in _OS_RELEASE.read_text().splitlines())
    return {key: value.strip("\"'") for key, _, value in lines}
