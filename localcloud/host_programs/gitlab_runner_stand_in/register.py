"""The `register` command, without its questions: everything must be given."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..go_flags import Parsed
from ..program_stamp import stamp
from . import credentials, settings
from .log import FatalError, say, short_token
from .register_options import entry_from
from .system_id import system_id

_EXECUTORS = {
    "custom": ("custom",),
    "docker": ("docker",),
    "docker+machine": ("docker", "machine"),
    "docker-autoscaler": ("docker", "autoscaler"),
    "docker-windows": ("docker",),
    "instance": ("instance", "autoscaler"),
    "kubernetes": ("kubernetes",),
    "parallels": ("parallels", "ssh"),
    "shell": (),
    "ssh": ("ssh",),
    "virtualbox": ("virtualbox", "ssh"),
}
_RESERVED = (
    "locked",
    "access-level",
    "run-untagged",
    "maximum-timeout",
    "paused",
    "tag-list",
    "maintenance-note",
)
_DEPRECATED = (
    "Support for registration tokens and runner parameters in the 'register' command has been deprecated in "
    "GitLab Runner 15.6 and will be replaced with support for authentication tokens. For more information, see "
    "https://docs.gitlab.com/ee/ci/runners/new_creation_workflow"
)


def execute(parsed: Parsed, config_path: Path) -> None:
    """Register, and append the new entry to the config file. Raises `FatalError` and `ShortTokenError`."""
    options = parsed.values
    if not options["non-interactive"]:
        raise FatalError("this stand-in asks no questions: give --non-interactive")
    config = settings.load(config_path)
    entry = entry_from(parsed)
    entry["name"] = entry.get("name") or socket.gethostname()
    _need("url", entry.get("url"))
    registered = _obtain_token(entry, parsed, config, system_id(config_path))
    try:
        entry = _complete(entry)
    except FatalError:
        if registered and not options["leave-runner"]:
            credentials.unregister(entry, "")
        raise
    if entry.get("limit", 0) > config["concurrent"]:
        say(
            f"Specified limit ({entry['limit']}) larger than current concurrent limit "
            f"({config['concurrent']}). Concurrent limit will not be enlarged.",
            "WARNING",
        )
    config["runners"].append(entry)
    settings.save(config_path, config)
    say(
        "Runner registered successfully. Feel free to start it, but if it's running already the config should be "
        "automatically reloaded!"
    )
    say(f'Configuration (with the authentication token) was saved in "{config_path}"')


def _obtain_token(entry: dict[str, Any], parsed: Parsed, config: Mapping[str, Any], system: str) -> bool:
    """Have the token verified, or get one for a registration token; return whether a runner was registered."""
    given, legacy = entry.get("token", ""), parsed.values["registration-token"] or ""
    token = given or legacy
    _need("registration-token", token)
    short_token(token)
    if not (given or credentials.is_created(legacy)):
        _register(entry, legacy, parsed)
        return True
    if any(name in parsed.given for name in _RESERVED) and credentials.is_created(token):
        _refuse_reserved(is_error=bool(given))
    entry["token"] = token
    if any(other.get("token") == token for other in config["runners"]):
        say("A runner with this system ID and token has already been registered.", "WARNING")
    answer = credentials.verify(entry, system)
    if not answer or not answer.get("id"):
        raise FatalError("Failed to verify the runner.", "PANIC")
    credentials.grant(entry, answer)
    return False


def _refuse_reserved(*, is_error: bool) -> None:
    listed = ", ".join(f"--{name}" for name in _RESERVED)
    text = (
        f"Runner configuration other than name and executor configuration is reserved (specifically {listed}) "
        "and cannot be specified when registering with a runner authentication token. This configuration is "
        "specified on the GitLab server."
    )
    if is_error:
        raise FatalError(f"{text} Please try again without specifying any of those arguments.")
    say(f"{text} They are ignored.", "WARNING")


def _register(entry: dict[str, Any], token: str, parsed: Parsed) -> None:
    say(_DEPRECATED, "WARNING")
    options = parsed.values
    tags = options["tag-list"] or ""
    optional = ("maintenance_note", "access_level", "maximum_timeout")
    parameters = {
        "description": entry["name"],
        "tag_list": tags,
        "run_untagged": options["run-untagged"] or not tags,
        "locked": options["locked"],
        "paused": options["paused"],
        **{key: options[key.replace("_", "-")] for key in optional if options[key.replace("_", "-")]},
    }
    answer = credentials.register(entry, token, parameters)
    if answer is None:
        raise FatalError("Failed to register the runner.", "PANIC")
    credentials.grant(entry, answer)


def _complete(entry: dict[str, Any]) -> dict[str, Any]:
    """Keep only what belongs to the executor, and add what the real program adds; keys in its order."""
    executor = entry.get("executor", "")
    _need("executor", executor)
    if executor not in _EXECUTORS:
        raise FatalError("Invalid executor specified", "PANIC")
    own = _EXECUTORS[executor]
    others = {table for tables in _EXECUTORS.values() for table in tables} - set(own)
    kept = {key: value for key, value in entry.items() if key not in others}
    for table in ("cache", *own):
        kept.setdefault(table, {})
    if "docker" in own:
        _need("docker-image", kept["docker"].get("image"))
        volumes = kept["docker"].get("volumes", [])
        cached = any(volume.split(":")[-1] == "/cache" for volume in volumes)
        if not cached and not kept["docker"].get("disable_cache"):
            volumes = [*volumes, "/cache"]
        kept["docker"]["volumes"] = volumes
    order = list(stamp()["sections"]["runners"])
    return {key: kept[key] for key in sorted(kept, key=order.index)}


def _need(what: str, value: object) -> None:
    if not value:
        raise FatalError(f"The {what} needs to be entered", "PANIC")
