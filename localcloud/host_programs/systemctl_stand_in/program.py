"""Stand-in for systemctl: its command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from . import reports
from .units import SystemctlError, Unit

_Verb = Callable[[Unit, argparse.Namespace], int]
_REPORTS: dict[str, _Verb] = {
    "is-active": reports.is_active,
    "is-enabled": reports.is_enabled,
    "status": reports.status,
    "show": reports.show,
}


def _verb(name: str) -> _Verb:
    if name in _REPORTS:
        return _REPORTS[name]
    from . import verbs  # here, as loading what starts processes takes a fifth of the time

    known: dict[str, _Verb] = {
        "start": verbs.start,
        "stop": verbs.stop,
        "restart": verbs.restart,
        "reload": verbs.reload,
        "kill": verbs.kill,
        "enable": verbs.enable,
        "disable": verbs.disable,
    }
    if name not in known:
        raise SystemctlError(f"Unknown command verb {name}.")
    return known[name]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SystemctlError(f"systemctl stand-in: {message}")


def _arguments() -> argparse.Namespace:
    parser = _Parser(prog="systemctl", allow_abbrev=False, add_help=False)
    parser.add_argument("verb")
    parser.add_argument("units", nargs="*")
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("--no-pager", action="store_true")
    parser.add_argument("--now", action="store_true")
    parser.add_argument("-s", "--signal", default="SIGTERM")
    parser.add_argument("--kill-whom", "--kill-who", choices=("main", "all"), default="all")
    parser.add_argument("-p", "--property", action="append")
    parser.add_argument("--value", action="store_true")
    return parser.parse_intermixed_args()


def _run() -> int:
    options = _arguments()
    options.say = (lambda _: None) if options.quiet else print
    if options.verb == "daemon-reload" and not options.units:
        return 0
    verb = _verb(options.verb)
    if not options.units:
        raise SystemctlError("Too few arguments.")
    codes = [verb(Unit(name), options) for name in options.units]
    # One active unit is enough for is-active; elsewhere every failure counts.
    return min(codes) if options.verb == "is-active" else max(codes)


def main() -> None:
    """Do what the command line says and exit as systemctl does."""
    try:
        code = _run()
    except SystemctlError as error:
        print(error, file=sys.stderr)
        code = error.code
    sys.exit(code)
