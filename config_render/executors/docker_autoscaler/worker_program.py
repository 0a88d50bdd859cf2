"""Starts Docker on a new machine of a pool. cloud-init runs this once, as root; it needs nothing but Python 3.9.

The argument is JSON, as `user_data.py` of gitlab-runner-aws writes it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

DAEMON_JSON = Path("/etc/docker/daemon.json")
KEYS = {"deb": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", "rpm": "060A61C51B558A7F742B77AAC52FEB6B621E9F35"}
REPOSITORIES = {"rhel": "rhel", "centos": "centos", "rocky": "centos", "almalinux": "centos"}
TRIES = 5


def main(wanted: dict[str, Any]) -> None:
    old = DAEMON_JSON.read_text() if DAEMON_JSON.exists() else ""
    new = daemon_json(old, wanted)
    write(DAEMON_JSON, new)
    if not shutil.which("docker"):
        install(wanted, os_release(Path("/etc/os-release").read_text()))
    run("usermod", "--append", "--groups", "docker", wanted["user"])
    run("systemctl", "enable", "docker")
    run("systemctl", "start" if old == new else "restart", "docker")


def daemon_json(old: str, wanted: dict[str, Any]) -> str:
    """Add the pool's registries to what the image or its user data say; logs are limited unless these say how."""
    given = json.loads(old or "{}")
    logs = {} if "log-driver" in given or "log-opts" in given else wanted["logs"]
    return json.dumps({**given, **logs, **wanted["registries"]}, indent=2) + "\n"


def install(wanted: dict[str, Any], system: dict[str, str]) -> None:
    if wanted["script"]:
        run("sh", input=fetch(wanted["script"]))
    elif system["ID"] == "amzn":  # for which Docker has no packages
        run("dnf", "install", "--assumeyes", "docker")
    else:
        plan = packages(wanted["engine"], system, platform.machine())
        if not shutil.which("gpg"):
            apply(plan["gpg"])
        trust(plan["key_url"], plan["key_path"], plan["key"])
        write(Path(plan["source_path"]), plan["source"])
        apply(plan["commands"])


def apply(commands: list[list[str]]) -> None:
    for command in commands:
        run(*command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def packages(engine: dict[str, str], system: dict[str, str], machine: str) -> dict[str, Any]:
    """See "Install Docker Engine" on docs.docker.com."""
    name, number, version = system["ID"], system["VERSION_ID"], engine["version"]
    if name in REPOSITORIES:
        major, key_path = number.split(".")[0], "/etc/pki/rpm-gpg/docker.asc"
        base = f"{engine['url']}/linux/{REPOSITORIES[name]}"
        source = f"[docker-ce-stable]\nname=Docker\nbaseurl={base}/{major}/$basearch/stable\n"
        each = [f"{package}-{version}-1.el{major}" for package in ("docker-ce", "docker-ce-cli")]
        return {
            "key_url": f"{base}/gpg",
            "key_path": key_path,
            "key": engine["key"] or KEYS["rpm"],
            "source_path": "/etc/yum.repos.d/docker-ce.repo",
            "source": f"{source}enabled=1\ngpgcheck=1\ngpgkey=file://{key_path}\n",
            "gpg": [["dnf", "install", "--assumeyes", "gnupg2"]],
            "commands": [["dnf", "install", "--assumeyes", *each, "containerd.io"]],
        }
    if name not in ("ubuntu", "debian"):
        raise SystemExit(f"Docker has no packages for {name}; set an image that holds Docker")
    codename, key_path = system["VERSION_CODENAME"], "/etc/apt/keyrings/docker.asc"
    base, arch = f"{engine['url']}/linux/{name}", {"x86_64": "amd64", "aarch64": "arm64"}[machine]
    each = [f"{package}=5:{version}-1~{name}.{number}~{codename}" for package in ("docker-ce", "docker-ce-cli")]
    apt = ["apt-get", "--yes", "-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=5"]
    return {
        "key_url": f"{base}/gpg",
        "key_path": key_path,
        "key": engine["key"] or KEYS["deb"],
        "source_path": "/etc/apt/sources.list.d/docker.list",
        "source": f"deb [arch={arch} signed-by={key_path}] {base} {codename} stable\n",
        "gpg": [[*apt, "update"], [*apt, "install", "--no-install-recommends", "gnupg"]],
        "commands": [[*apt, "update"], [*apt, "install", "--no-install-recommends", *each, "containerd.io"]],
    }


def trust(url: str, path: str, wanted: str) -> None:
    key = fetch(url).decode()
    found = fingerprints(key)
    if found != [wanted]:  # a second key would be trusted as well
        raise SystemExit(f"{url} holds the key {' and '.join(found) or '(none)'}, wanted was {wanted} alone")
    write(Path(path), key)


def fingerprints(armored: str) -> list[str]:
    """Of all primary keys, as gpg prints them."""
    with tempfile.TemporaryDirectory() as home:
        call = ["gpg", "--homedir", home, "--batch", "--show-keys", "--with-colons"]
        told = subprocess.run(call, input=armored, capture_output=True, text=True, check=False).stdout
    records = [line.split(":") for line in told.splitlines()]
    return [each[9] for key, each in zip(records, records[1:]) if key[0] == "pub" and each[0] == "fpr"]


def fetch(url: str) -> bytes:
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return bytes(answer.read())
        except OSError as error:
            if not left:
                raise SystemExit(f"{url}: {error}") from None
            time.sleep(5)
    raise AssertionError


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(*command: str, **more: Any) -> None:
    subprocess.run(command, check=True, **more)


def os_release(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines())
    return {key: value.strip("\"'") for key, _, value in lines}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
