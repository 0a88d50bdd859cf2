"""Stand-in for journalctl: its command line, and the output forms that programs read."""

from __future__ import annotations

import argparse
import getopt
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import journal
from .units import SystemctlError, Unit

_OPTIONS = "u:o:S:n:aq"
_LONG = ("unit=", "output=", "since=", "lines=", "all", "quiet", "no-pager", "after-cursor=", "show-cursor")
_SHORT = {"-u": "unit", "-o": "output", "-S": "since", "-n": "lines", "-a": "all", "-q": "quiet"}
_LINES = "10"
"""How many are shown with -n alone."""
_LONGEST = 4096
_CURSOR = re.compile(r"s=[0-9a-f]{32};i=([0-9a-f]+)(;.*)?")
_SPAN = re.compile(r"-(\d+)\s*(s|sec|m|min|h|hr|d)?")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600, "d": 86400, None: 1}
_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def main() -> None:
    """Do what the command line says and exit as journalctl does."""
    try:
        sys.exit(_run(_parsed(sys.argv[1:])))
    except SystemctlError as error:
        sys.exit(str(error))


def _parsed(arguments: list[str]) -> argparse.Namespace:
    options = argparse.Namespace(unit=[], output="short", since="", lines="all", after_cursor=None)
    try:
        given, rest = getopt.gnu_getopt(_with_lines(arguments), _OPTIONS, list(_LONG))
    except getopt.GetoptError as error:
        raise SystemctlError(_unfit(error)) from None
    for name, value in given:
        key = _SHORT.get(name, name.lstrip("-").replace("-", "_"))
        if key == "unit":
            options.unit.append(Unit(value).name)
        else:
            setattr(options, key, value)
    options.given = {_SHORT.get(name, name.lstrip("-")) for name, _ in given}
    options.quiet = "quiet" in options.given or options.output in ("json", "cat")
    options.rest = rest
    _check(options)
    return options


def _with_lines(arguments: list[str]) -> list[str]:
    """Give -n its argument, which may be left out, or be the next word if that is a number."""
    given = list(arguments)
    for place, word in enumerate(given):
        if word in ("-n", "--lines"):
            following = given[place + 1] if place + 1 < len(given) else ""
            found = following if re.fullmatch(r"\+?\d+|all", following) else _LINES
            given[place : place + 1 + (found is following)] = [f"--lines={found}"]
    return given


def _unfit(error: getopt.GetoptError) -> str:
    name = error.opt
    if "requires argument" in error.msg:
        what = (
            f"option '--{name}' requires an argument" if len(name) > 1 else f"option requires an argument -- '{name}'"
        )
    else:
        what = f"unrecognized option '--{name}'" if len(name) > 1 else f"invalid option -- '{name}'"
    return f"journalctl: {what}"


def _check(options: argparse.Namespace) -> None:
    if options.output not in _FORMS:
        raise SystemctlError(f"Unknown output format '{options.output}'.")
    if options.lines != "all" and not re.fullmatch(r"\+?\d+", options.lines):
        raise SystemctlError(f"Failed to parse lines '{options.lines}'")
    options.since = _moment(options.since) if "since" in options.given else 0.0
    if options.since and options.after_cursor is not None:
        raise SystemctlError("Please specify only one of --since=, --cursor=, and --after-cursor=.")
    if options.since and options.lines != "all":
        # The oldest ones in systemd 252, the newest ones later.
        raise SystemctlError("journalctl stand-in: which lines --since and --lines show depends on systemd's version")


def _moment(text: str) -> float:
    span, since_epoch = _SPAN.fullmatch(text), re.fullmatch(r"@(\d+(\.\d+)?)", text)
    if since_epoch:
        return float(since_epoch[1])
    if span:
        return time.time() - int(span[1]) * _SECONDS[span[2]]
    for form in _DATES:
        try:
            return time.mktime(time.strptime(text, form))
        except ValueError:
            continue
    raise SystemctlError(f"Failed to parse timestamp: {text}")


def _run(options: argparse.Namespace) -> int:
    entries = list(journal.entries())
    if not entries and not options.quiet:
        print("No journal files were found.", file=sys.stderr)
    for word in options.rest:
        problem = "Invalid argument" if "=" not in word else "matches are not supported by the stand-in"
        raise SystemctlError(f"Failed to add match '{word}': {problem}")
    entries = [entry for entry in entries if not options.unit or _of(entry, options.unit)]
    shown = _chosen(entries, options)
    for entry in shown:
        print(_FORMS[options.output](entry, "all" in options.given))
    if not shown and not options.quiet:
        print("-- No entries --")
    if "show-cursor" not in options.given:
        return 0
    for entry in (shown or entries)[-1:]:
        print(f"-- cursor: {_cursor(entry)}")
    return 0 if entries else 1


def _of(entry: journal.Entry, units: list[str]) -> bool:
    return entry.fields["_SYSTEMD_UNIT"] in units or entry.fields.get("UNIT") in units


def _chosen(entries: list[journal.Entry], options: argparse.Namespace) -> list[journal.Entry]:
    most = len(entries) if options.lines == "all" else int(options.lines)
    if options.after_cursor is not None:
        cursor = _CURSOR.fullmatch(options.after_cursor)
        if cursor is None:
            raise SystemctlError("Failed to seek to cursor: Invalid argument")
        return [entry for entry in entries if entry.position >= int(cursor[1], 16)][:most]
    later = [entry for entry in entries if int(entry.fields["__REALTIME_TIMESTAMP"]) >= options.since * 1e6]
    return later[len(later) - most :] if most < len(later) else later


def _cursor(entry: journal.Entry) -> str:
    # Its private number is one more than the place of the entry, so never 0, and not more than that of the next one.
    machine = Path("/etc/machine-id").read_text(encoding="utf-8").strip()
    times = f"m={int(entry.fields['__MONOTONIC_TIMESTAMP']):x};t={int(entry.fields['__REALTIME_TIMESTAMP']):x}"
    return f"s={machine};i={entry.position + 1:x};b={_boot()};{times};x={entry.position:x}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip().replace("-", "")


def _json(entry: journal.Entry, everything: bool) -> str:
    fields: dict[str, object] = {"__CURSOR": _cursor(entry), "_BOOT_ID": _boot(), **entry.fields}
    message = entry.fields["MESSAGE"]
    if len(message.encode()) > _LONGEST and not everything:
        fields["MESSAGE"] = None
    elif not message.replace("\t", "").isprintable():
        fields["MESSAGE"] = list(message.encode())
    return json.dumps(fields, ensure_ascii=False)


def _short(form: str) -> Callable[[journal.Entry, bool], str]:
    def line(entry: journal.Entry, _: bool) -> str:
        fields = entry.fields
        moment = time.localtime(int(fields["__REALTIME_TIMESTAMP"]) / 1e6)
        who = f"{fields['_HOSTNAME']} {fields['SYSLOG_IDENTIFIER']}[{fields['_PID']}]"
        return f"{time.strftime(form, moment)} {who}: {fields['MESSAGE']}"

    return line


_FORMS: dict[str, Callable[[journal.Entry, bool], str]] = {
    "json": _json,
    "cat": lambda entry, _: entry.fields["MESSAGE"],
    "short": _short("%b %d %H:%M:%S"),
    "short-iso": _short("%Y-%m-%dT%H:%M:%S%z"),
}
