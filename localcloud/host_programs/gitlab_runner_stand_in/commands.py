"""The commands of the stand-in for gitlab-runner."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from ..go_flags import Flag, Parsed, UsageError, parse, reordered
from ..program_stamp import stamp
from . import entries, fleeting_commands, register, register_options, schema, service, settings
from .log import FatalError, ShortTokenError, say

_RUN_FLAGS = [
    Flag("working-directory", short="d"),
    Flag("user", short="u"),
    Flag("service", short="n", default="gitlab-runner"),
    Flag("syslog", "bool"),
    Flag("listen-address", env="LISTEN_ADDRESS"),
]


def main() -> None:
    """Run the command that the arguments name, and exit as the real program would."""
    try:
        sys.exit(_dispatch(sys.argv[1:]))
    except (UsageError, settings.ConfigError) as error:
        say(str(error), "FATAL")
    except FatalError as error:
        say(str(error), error.level)
    except ShortTokenError as error:
        print(f"panic: runtime error: {error} [recovered, repanicked]", file=sys.stderr)
        print("goroutine 1 [running]:", file=sys.stderr)
        sys.exit(2)
    sys.exit(1)


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        raise UsageError(f"a command is needed, one of {', '.join(_commands())}")
    name, *rest = arguments
    if name == "fleeting":
        return fleeting_commands.execute(rest, _default_config())
    if name not in _commands():
        print(f"No help topic for '{name}'", file=sys.stderr)
        return 3
    flags, act = _commands()[name]
    parsed = parse([Flag("config", short="c", env="CONFIG_FILE"), *flags], reordered(rest), os.environ)
    return act(parsed, Path(parsed.values["config"] or _default_config())) or 0


def _commands() -> dict[str, tuple[list[Flag], Callable[[Parsed, Path], int | None]]]:
    return {
        "install": (service.FLAGS, service.install),
        "lint": ([], _lint),
        "list": ([], entries.listing),
        "register": (register_options.flags(), register.execute),
        "reset-token": (entries.RESET_FLAGS, entries.reset_token),
        "run": (_RUN_FLAGS, _run),
        "start": (service.NAME_FLAGS, service.start),
        "status": (service.NAME_FLAGS, service.status),
        "stop": (service.NAME_FLAGS, service.stop),
        "uninstall": (service.FLAGS, service.uninstall),
        "unregister": (entries.UNREGISTER_FLAGS, entries.unregister),
        "verify": (entries.VERIFY_FLAGS, entries.verify),
    }


def _default_config() -> Path:
    folder = Path("/etc/gitlab-runner") if os.getuid() == 0 else Path.home() / ".gitlab-runner"
    return folder / "config.toml"


def _lint(_: Parsed, path: Path) -> None:
    if not path.exists():
        raise FatalError(f"config file not found: {path}")
    try:
        config, unknown = settings.decode(path.read_text(encoding="utf-8"))
    except settings.ConfigError as error:
        raise FatalError(f"decoding config: {error}") from None
    problems = schema.problems(config)
    if problems:
        raise FatalError("config schema validation failed: " + "\n".join(f"- at {each}" for each in problems))
    if unknown:
        listed = "\n".join(f"  unknown key: {key}" for key in unknown)
        raise FatalError(f"{len(unknown)} unknown key(s) found in {path}:\n{listed}")
    say("Configuration file is valid.")


def _run(parsed: Parsed, path: Path) -> int:
    if parsed.values["working-directory"]:
        os.chdir(parsed.values["working-directory"])
    if stamp()["fault"] == "no start":
        raise FatalError("this version can't start")
    if stamp()["fault"] == "early end":
        threading.Timer(2, os._exit, (1,)).start()
    from .run import Process  # here, as it takes a third of the time of other commands

    return Process(path, parsed.values["listen-address"] or "").serve()
