"""Stand-in for dnf: install."""

from __future__ import annotations

import argparse
import configparser
import platform
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NoReturn

from .packages import OWN, PackageError, fetch, has_key, put

_REPOSITORIES = Path("/etc/yum.repos.d")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise PackageError(f"Command line error: {message}", 2)


def execute(arguments: list[str]) -> None:
    """Do what a command line says. Raises `PackageError`."""
    parser = _Parser(prog="dnf", allow_abbrev=False, add_help=False)
    parser.add_argument("verb", choices=("install",))
    parser.add_argument("packages", nargs="*")
    parser.add_argument("-y", "--assumeyes", action="store_true")
    options = parser.parse_intermixed_args(arguments)
    if not options.assumeyes:
        raise PackageError("Is this ok [y/N]: Operation aborted.", 1)
    known = _known()
    chosen = []
    for package in options.packages:
        matching = [(name, release) for name, release in known if package in (name, f"{name}-{release}")]
        if not matching:
            raise PackageError(f"No match for argument: {package}\nError: Unable to find a match: {package}", 1)
        chosen.append(matching[0])
    for name, release in chosen:
        print(f"Installed: {name}-{release}")
        put(name, release)


def _known() -> list[tuple[str, str]]:
    """The packages of all repositories, with versions and releases."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(_REPOSITORIES.glob("*.repo"))
    found = [*OWN.items()] if 'ID="amzn"' in Path("/etc/os-release").read_text(encoding="utf-8") else []
    for name in settings.sections():
        section = settings[name]
        key = section.get("gpgkey", "").removeprefix("file://")
        if section.get("gpgcheck") == "1" and not has_key(key):
            raise PackageError(f"Error: GPG key at file://{key} of repository {name} could not be read", 1)
        base = section["baseurl"].replace("$basearch", platform.machine())
        index = ElementTree.fromstring(fetch(f"{base}/repodata/repomd.xml", 1))  # noqa: S314 - from the local mirror
        location = next(element for element in index.iter() if element.tag == "location")
        packages = ElementTree.fromstring(fetch(f"{base}/{location.attrib['href']}", 1))  # noqa: S314 - likewise
        for package in packages.iter("package"):
            version = package.find("version")
            if version is not None:
                found.append((package.findtext("name", ""), f"{version.attrib['ver']}-{version.attrib['rel']}"))
    return found
