"""Stand-in for apt-get and dnf: what both have in common."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

_INSTALLED = Path("/var/lib/package-manager-stand-in.json")
OWN = {"amazon-ecr-credential-helper": "0.7.1-1"}
"""What distributions have themselves: Debian, Ubuntu and Amazon Linux."""
_UNIT = """[Unit]
Description=Docker Application Container Engine

[Service]
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
"""


class PackageError(Exception):
    """What the caller is told; `code` is the exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def fetch(url: str, code: int) -> str:
    """Return what is at an address; raises `PackageError`."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())
    except (OSError, urllib.error.URLError) as error:
        raise PackageError(f"E: Failed to fetch {url}  {error}", code) from None


def has_key(path: str) -> bool:
    """Whether a file holds an OpenPGP key."""
    return Path(path).is_file() and "BEGIN PGP PUBLIC KEY BLOCK" in Path(path).read_text(encoding="utf-8")


def installed() -> dict[str, str]:
    """The versions of the packages that were installed, by name."""
    return dict(json.loads(_INSTALLED.read_text())) if _INSTALLED.exists() else {}


def put(name: str, version: str) -> None:
    """Have a package installed."""
    if name == "docker-ce":
        Path("/etc/systemd/system/docker.service").write_text(_UNIT, encoding="utf-8")
    if name == "docker-ce-cli":
        number = re.search(r"\d+\.\d+\.\d+", version)
        program = Path("/usr/local/bin/docker")
        text = f"Docker version {number[0] if number else version}, build stand-in"
        program.write_text(f'#!/bin/sh\n[ "$*" = --version ] && echo "{text}"\n', encoding="utf-8")
        program.chmod(0o755)
    if name in OWN:
        program = Path("/usr/local/bin/docker-credential-ecr-login")
        program.write_text('#!/bin/sh\necho "no credentials here" >&2\nexit 1\n', encoding="utf-8")
        program.chmod(0o755)
    _INSTALLED.write_text(json.dumps({**installed(), name: version}))
