"""Stand-in for apt-get: update and install."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import NoReturn

from .packages import OWN, PackageError, fetch, has_key, installed, put

_CODE = 100
_SOURCES = Path("/etc/apt/sources.list.d")
_LISTS = Path("/var/lib/apt/lists")
_LINE = re.compile(r"deb \[arch=(?P<arch>\w+) signed-by=(?P<key>\S+)\] (?P<url>\S+) (?P<suite>\S+) (?P<component>\S+)")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise PackageError(f"E: Command line option is not understood: {message}", _CODE)


def execute(arguments: list[str]) -> None:
    """Do what a command line says. Raises `PackageError`."""
    parser = _Parser(prog="apt-get", allow_abbrev=False, add_help=False)
    parser.add_argument("verb", choices=("update", "install"))
    parser.add_argument("packages", nargs="*")
    parser.add_argument("-o", "--option", action="append")
    parser.add_argument("-y", "--yes", action="store_true")
    parser.add_argument("--no-install-recommends", action="store_true")
    parser.add_argument("--allow-downgrades", action="store_true")
    options = parser.parse_intermixed_args(arguments)
    if options.verb == "update":
        _update()
        return
    if not options.yes:
        raise PackageError("Do you want to continue? [Y/n] Abort.", 1)
    if os.environ.get("DEBIAN_FRONTEND") != "noninteractive":
        print("debconf: unable to initialize frontend: Dialog", file=sys.stderr)
    chosen = [_chosen(package, options.allow_downgrades) for package in options.packages]
    for name, version in chosen:
        print(f"Setting up {name} ({version}) ...")
        put(name, version)


def _update() -> None:
    _LISTS.mkdir(parents=True, exist_ok=True)
    for source in _SOURCES.glob("docker*.list"):
        for line in source.read_text(encoding="utf-8").splitlines():
            found = _LINE.fullmatch(line)
            if found is None:
                raise PackageError(f"E: Malformed entry 1 in list file {source}", _CODE)
            base = f"{found['url']}/dists/{found['suite']}"
            if not has_key(found["key"]):
                raise PackageError(f"E: The repository '{base} InRelease' is not signed.", _CODE)
            url = f"{base}/{found['component']}/binary-{found['arch']}/Packages"
            (_LISTS / "docker_Packages").write_text(fetch(url, _CODE), encoding="utf-8")


def _chosen(package: str, may_downgrade: bool) -> tuple[str, str]:
    lists = _LISTS / "docker_Packages"
    text = lists.read_text(encoding="utf-8") if lists.exists() else ""
    known = [
        *re.findall(r"^Package: (.+)\nVersion: (.+)$", text, re.MULTILINE),
        *(OWN.items() if _LISTS.exists() else ()),
    ]
    name, _, version = package.partition("=")
    versions = [each for known_name, each in known if known_name == name]
    if not versions:
        raise PackageError(f"E: Unable to locate package {name}", _CODE)
    if version and version not in versions:
        raise PackageError(f"E: Version '{version}' for '{name}' was not found", _CODE)
    chosen = version or versions[0]
    if _order(chosen) < _order(installed().get(name, "")) and not may_downgrade:
        raise PackageError("E: Packages were downgraded and -y was used without --allow-downgrades.", _CODE)
    return name, chosen


def _order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
