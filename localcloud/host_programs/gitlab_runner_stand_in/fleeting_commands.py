"""The commands `gitlab-runner fleeting install`, `list` and `login`: commands/fleeting/fleeting.go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..go_flags import Flag, UsageError, parse, reordered
from . import fleeting_plugins, settings
from .fleeting_plugins import PluginNotFoundError, PluginUnavailableError
from .log import FatalError, say, short_token

_LOGIN_FLAGS = [Flag("username"), Flag("password"), Flag("password-stdin", "bool")]


def execute(arguments: list[str], default_config: Path) -> int:
    """Run one of the commands; return the exit code. Raises `ConfigError`, `FatalError` and `UsageError`."""
    top = parse([Flag("config", short="c", env="CONFIG_FILE")], arguments, os.environ)
    config = Path(top.values["config"] or default_config)
    name, *rest = top.rest or ["help"]
    if name == "install":
        options = parse([Flag("upgrade", "bool")], reordered(rest), {}).values
        return _install(config, upgrade=bool(options["upgrade"]))
    if name == "list":
        return _list(config)
    if name == "login":
        return _login(rest)
    if name != "help":
        raise UsageError(f"No help topic for '{name}'")
    print("gitlab-runner fleeting - manage fleeting plugins: install, list, login")
    return 0


def _plugins(config: Path) -> Iterator[tuple[str, str]]:
    """Each entry's short token, and its plugin."""
    runners: list[Mapping[str, Any]] = settings.load(config)["runners"]
    for runner in runners:
        if "autoscaler" in runner:
            yield short_token(runner.get("token", "")), runner["autoscaler"].get("plugin", "")


def _install(config: Path, *, upgrade: bool) -> int:
    plugins, code = list(_plugins(config)), 0
    if not plugins:
        say("No plugins to install, review your runner configuration.", "WARNING")
    for runner, plugin in plugins:
        if not upgrade and not _is_missing(plugin):
            continue
        try:
            fleeting_plugins.install(plugin)
        except PluginUnavailableError as error:
            print(f"runner: {runner}, plugin: {plugin}, install/update error:: {error}", file=sys.stderr)
            code = 1
            continue
        try:
            path = str(fleeting_plugins.look_up(plugin))
        except PluginUnavailableError:
            path = ""
        print(f"runner: {runner}, plugin: {plugin}, path: {path}")
    return code


def _is_missing(plugin: str) -> bool:
    try:
        fleeting_plugins.look_up(plugin)
    except PluginNotFoundError:
        return True
    except PluginUnavailableError:
        # What can't be found for another reason is not fetched either.
        return False
    return False


def _list(config: Path) -> int:
    code = 0
    for runner, plugin in _plugins(config):
        try:
            print(f"runner: {runner}, plugin: {plugin}, path: {fleeting_plugins.look_up(plugin)}")
        except PluginUnavailableError as error:
            print(f"runner: {runner}, plugin: {plugin}, error: {error}", file=sys.stderr)
            code = 1
    return code


def _login(arguments: list[str]) -> int:
    parsed = parse(_LOGIN_FLAGS, reordered(arguments), {})
    password = parsed.values["password"] or ""
    if parsed.values["password-stdin"]:
        password = sys.stdin.read().rstrip("\r\n")
    try:
        path = fleeting_plugins.log_in(next(iter(parsed.rest), ""), parsed.values["username"] or "", password)
    except (OSError, ValueError) as error:
        raise FatalError(f"login: {error}") from None
    print("logged in via", path)
    return 0
