"""Building the stand-ins for gitlab-runner, docker-machine and fleeting-plugin-aws as files that can be downloaded.

A file is a Python zip application: the package of the program, what the programs share, and a stamp with the
version asked for and the recorded facts that the program obeys. Equal arguments give equal bytes.
"""

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from .bytecode import FIRST_LINE, bytecode

_RECORDINGS = Path(__file__).with_name("recordings")
_SHARED = ("__init__.py", "aws_query.py", "go_flags.py", "private_files.py", "program_stamp.py")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_FIRST_WITH_OPERATIONS = 30
_SINCE_30 = (
    ("amazonec2-volume-iops", "int", 3000),
    ("amazonec2-volume-throughput", "int", 125),
    ("amazonec2-credit-specification", "string", ""),
)
"""Flags that 0.16.2-gitlab.30 has and the recorded .23 has not: drivers/amazonec2/amazonec2.go of .30."""
# The recording describes these defaults in words: they are worked out by the driver.
_NO_FIXED_DEFAULT = ("amazonec2-ami", "amazonec2-vpc-id", "amazonec2-subnet-id")


@cache
def gitlab_runner(programs: Path, version: str, architecture: str, fault: str = "") -> bytes:
    """The stand-in for gitlab-runner; `architecture` is Go's word (amd64, arm64).

    With `fault`, its `run` fails: at once with `no start`, after two seconds with `early end`.
    """
    stamp = _gitlab_runner_stamp(version, architecture)
    return _archive(programs, "gitlab_runner_stand_in", {**stamp, "fault": fault})


@cache
def docker_machine(programs: Path, version: str, architecture: str) -> bytes:
    """The stand-in for docker-machine; `architecture` is that of `uname -m`."""
    return _archive(programs, "docker_machine_stand_in", _docker_machine_stamp(version, architecture))


@cache
def fleeting_plugin_aws(programs: Path, version: str, architecture: str) -> bytes:
    """The stand-in for fleeting-plugin-aws; `architecture` is Go's word (amd64, arm64)."""
    return _archive(programs, "fleeting_plugin_aws_stand_in", {"version": version, "architecture": architecture})


def _archive(programs: Path, package: str, stamp: dict[str, Any]) -> bytes:
    shared = [programs / name for name in _SHARED]
    texts = {
        str(path.relative_to(programs.parent)): path.read_bytes()
        for path in (*shared, *sorted((programs / package).glob("*.py")))
    }
    texts |= {f"{name}c": bytecode(name, source) for name, source in texts.items()}
    root = programs.name
    texts[f"{root}/stamp.json"] = json.dumps(stamp, separators=(",", ":")).encode()
    texts["__main__.py"] = f"from {root}.{package}.program import main\n\nmain()\n".encode()
    buffer = io.BytesIO()
    buffer.write(FIRST_LINE)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in texts.items():
            # A fixed date: the checksum must not depend on when the repository was cloned.
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)
    return buffer.getvalue()


@cache
def _recording(name: str) -> Any:
    return json.loads((_RECORDINGS / f"{name}.json").read_text())


def _gitlab_runner_stamp(version: str, architecture: str) -> dict[str, Any]:
    bodies = [
        exchange["request"]["body"]
        for command in _recording("runner_gitlab_http")["commands"]
        for exchange in command["http"]
    ]
    major, minor, *_ = version.split(".")
    return {
        "version": version,
        "architecture": architecture,
        "branch": f"{major}-{minor}-stable",
        "revision": "stand-in",
        "go": "go1.26.8",
        "features": next(body["info"]["features"] for body in bodies if "info" in body),
        "sections": {
            section: {key["key"]: _setting(key) for key in keys}
            for section, keys in _recording("config_toml_keys")["sections"].items()
        },
    }


def _setting(key: dict[str, Any]) -> dict[str, str]:
    fact = {"kind": key["kind"], "type": key["go_type"]}
    if key.get("subsection"):
        fact["section"] = key["subsection"]
    if key.get("register_flag"):
        fact["flag"] = key["register_flag"].removeprefix("--")
    if key.get("register_env"):
        fact["env"] = key["register_env"]
    return fact


def _docker_machine_stamp(version: str, architecture: str) -> dict[str, Any]:
    recording = _recording("amazonec2_flags")
    driver = [
        {
            "name": flag["machine_option"],
            "kind": flag["type"],
            "env": flag["env"] or "",
            "default": None if flag["machine_option"] in _NO_FIXED_DEFAULT else flag["default"],
        }
        for flag in recording["flags"]
        if flag["gitlab_fork"]
    ]
    if int(version.rpartition(".")[2]) >= _FIRST_WITH_OPERATIONS:
        driver += [{"name": name, "kind": kind, "env": "", "default": default} for name, kind, default in _SINCE_30]
    generic = [
        {
            "name": option["option"],
            "kind": option["type"],
            "env": option["env"] or "",
            "default": option["default"],
        }
        for option in recording["generic_create_options"]
        if not option["option"].endswith("*")
    ]
    return {
        "version": version,
        "architecture": architecture,
        "driver_flags": driver,
        "create_flags": generic,
        "default_images": recording["default_ami_by_region"]["gitlab_23"]["regions"],
    }
