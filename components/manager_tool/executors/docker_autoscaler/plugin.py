"""Installing the plugin for AWS, and the key by which the manager reaches instances.

How gitlab-runner finds a plugin: `LookPath` in pkg/installer of gitlab.com/gitlab-org/fleeting/fleeting-artifact; what
it prints of it: commands/fleeting/fleeting.go of gitlab-runner 19.3.
"""

from __future__ import annotations

import re
from pathlib import Path

from ...config.config_toml import dump
from ...config.runners import AUTOSCALER
from ...contract.documents import FleetingPlugin
from ...host import STAGED, StepError, run, say
from ...programs.downloads import digest
from ...programs.kept import copy, forget_others, prepare

_CONFIG = STAGED / "fleeting.toml"
_NAME = "fleeting-plugin-aws"
_PATH = re.compile(r"plugin: .*, path: (.+)")
_REGISTRY = "registry.gitlab.com/gitlab-org/fleeting/plugins/aws"


def install(wanted: FleetingPlugin, gitlab_runner: Path) -> None:
    """Have the plugin and the key in place; a process that runs keeps the plugin that it has.

    `gitlab_runner` is the program that fetches it. Raises `StepError`.
    """
    if wanted["files"] is None:
        _fetch(wanted, gitlab_runner)
    else:
        program = prepare(_NAME, wanted["files"])
        target = Path(wanted["reference"])
        if digest(target) != program.sha256:
            copy(program.path, target)
            say(f"{_NAME} {wanted['version']} is in place")
        forget_others(program, None)
    make_key(Path(wanted["key"]))


def _fetch(wanted: FleetingPlugin, gitlab_runner: Path) -> None:
    """Have gitlab-runner itself fetch the plugin from GitLab's registry."""
    runner = {"name": _NAME, "executor": AUTOSCALER, "autoscaler": {"plugin": wanted["reference"]}}
    # The live config.toml names the version before, and is not to be touched yet.
    _CONFIG.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _CONFIG.write_text(dump({"runners": [runner]}))
    try:
        path = _installed(wanted, gitlab_runner)
        if _is_wanted(path, wanted):
            return
        say(f"fetching {_NAME} {wanted['version']} from {_REGISTRY}")
        # One that is there already, if only as an empty folder, is passed over otherwise.
        again = ("--upgrade",) if path else ()
        code, output = _fleeting(gitlab_runner, wanted, "install", *again)
        if code != 0:
            raise StepError(
                f"gitlab-runner could not install {_NAME} {wanted['version']}:\n{output}\nCheck "
                f"manager.fleetingPlugin.version, and that the manager gets to {_REGISTRY}; else set "
                "manager.fleetingPlugin.url to a mirror"
            )
        path = _installed(wanted, gitlab_runner)
        if not _is_wanted(path, wanted):
            raise StepError(_mistake(path, wanted))
        say(f"{_NAME} {wanted['version']} is in place")
    finally:
        _CONFIG.unlink()


def _installed(wanted: FleetingPlugin, gitlab_runner: Path) -> Path | None:
    """Return the file that gitlab-runner would start; None where it would find none."""
    code, output = _fleeting(gitlab_runner, wanted, "list")
    found = _PATH.search(output)
    return Path(found[1].strip()) if code == 0 and found else None


def _fleeting(gitlab_runner: Path, wanted: FleetingPlugin, *command: str) -> tuple[int, str]:
    call = (str(gitlab_runner), "fleeting", "--config", str(_CONFIG), *command)
    return run(*call, check=False, FLEETING_PLUGIN_PATH=wanted["folder"])


def _is_wanted(path: Path | None, wanted: FleetingPlugin) -> bool:
    if path is None or path.parent.name != wanted["version"] or not path.is_file():
        return False
    return wanted["sha256"] in (None, digest(path))


def _mistake(path: Path | None, wanted: FleetingPlugin) -> str:
    if path is None or not path.is_file():
        return f"gitlab-runner said that it installed {wanted['reference']}, but {path or 'the file'} is not there"
    if path.parent.name != wanted["version"]:
        return f"{path} is not manager.fleetingPlugin.version = {wanted['version']}; choose one that there is"
    return (
        f"{path} has SHA-256 {digest(path)}, wanted was {wanted['sha256']}; config.toml was not changed. Check "
        "manager.fleetingPlugin.sha256, or whether the download was altered"
    )


def make_key(path: Path) -> None:
    """Have a key pair there, made once and kept: with it, each connection to an instance saves one of RSA.

    Its public half is handed to an instance for a minute, by EC2 Instance Connect, each time it is connected to.
    """
    public = path.with_name(f"{path.name}.pub")
    if not path.exists():
        scratch = path.with_name(f".{path.name}.new")
        for left in (scratch, scratch.with_name(f"{scratch.name}.pub"), public):
            left.unlink(missing_ok=True)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "gitlab-runner-aws", "-f", str(scratch))
        scratch.with_name(f"{scratch.name}.pub").rename(public)
        scratch.rename(path)
    # ssh refuses one that others may read.
    path.chmod(0o600)
    if not public.exists():
        _, text = run("ssh-keygen", "-y", "-f", str(path))
        public.write_text(f"{text}\n")
