"""The command line of the stand-in for docker-machine."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from ..aws_query import AwsError
from ..go_flags import Flag, UsageError, parse, reordered
from ..program_stamp import stamp
from .amazonec2 import AmazonEc2
from .errors import CommandError
from .store import MachineDamagedError, MachineMissingError, Store

_GLOBAL_FLAGS = [
    Flag("bugsnag-api-token", env="MACHINE_BUGSNAG_API_TOKEN"),
    Flag("debug", "bool", "D"),
    Flag("storage-path", short="s", env="MACHINE_STORAGE_PATH"),
    Flag("version", "bool", "v"),
]
_COLUMNS = ("NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS")


def main() -> None:
    """Run the command that the arguments name, and exit as the real program would."""
    try:
        _dispatch(sys.argv[1:])
    except UsageError as error:
        print(f"Incorrect Usage.\n\n{error}", file=sys.stderr)
        sys.exit(1)
    except CommandError as error:
        print(error, file=sys.stderr)
        sys.exit(error.code)
    except (MachineDamagedError, MachineMissingError, AwsError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _dispatch(arguments: list[str]) -> None:
    top = parse(_GLOBAL_FLAGS, arguments, os.environ)
    if top.values["version"]:
        print(f"docker-machine version {stamp()['version']}, build stand-in")
        return
    store = Store(top.values["storage-path"] or "")
    commands: dict[str, Callable[[list[str], Store], None]] = {
        "config": _config,
        "create": _create,
        "inspect": _inspect,
        "ls": _ls,
        "rm": _rm,
        "status": _status,
        "stop": _stop,
        "url": _url,
    }
    name, *rest = top.rest or ["help"]
    if name not in commands:
        raise CommandError(f"docker-machine: '{name}' is not a docker-machine command. See 'docker-machine --help'.")
    commands[name](reordered(rest), store)


def _state(document: dict[str, Any]) -> str:
    if document["DriverName"] == "none":
        return ""
    return AmazonEc2(document["Driver"]).state()


def _address(document: dict[str, Any]) -> str:
    if document["DriverName"] == "none":
        return str(document["Driver"]["URL"])
    return AmazonEc2(document["Driver"]).url()


def _create(arguments: list[str], store: Store) -> None:
    from .create import execute  # here, as a runner asks all day for machines and seldom for a new one

    execute(arguments, store)


def _names(arguments: list[str], *flags: Flag) -> tuple[list[str], dict[str, Any]]:
    parsed = parse(flags, arguments, {})
    if not parsed.rest:
        raise CommandError("Error: Expected to get one or more machine names as arguments")
    return parsed.rest, parsed.values


def _running(arguments: list[str], store: Store) -> dict[str, Any]:
    names, _ = _names(arguments)
    document = store.load(names[0])
    if document["DriverName"] != "none" and _state(document) != "Running":
        raise CommandError("Error checking TLS connection: Host is not running")
    return document


def _config(arguments: list[str], store: Store) -> None:
    document = _running(arguments, store)
    folder = store.machine_folder(document["Name"])
    print("--tlsverify")
    for kind, file in (("cacert", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem")):
        print(f'--tls{kind}="{folder / file}"')
    print(f"-H={_address(document)}")


def _url(arguments: list[str], store: Store) -> None:
    print(_address(_running(arguments, store)))


def _status(arguments: list[str], store: Store) -> None:
    names, _ = _names(arguments)
    print(_state(store.load(names[0])))


def _inspect(arguments: list[str], store: Store) -> None:
    names, options = _names(arguments, Flag("format", short="f"))
    document = store.load(names[0])
    if not options["format"]:
        print(json.dumps(document, indent=4))
        return
    print(re.sub(r"\{\{\s*\.([A-Za-z.]+)\s*\}\}", lambda match: _lookup(document, match[1]), options["format"]))


def _lookup(document: dict[str, Any], path: str) -> str:
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            raise CommandError(f'template: :1: <.{path}>: map has no entry for key "{step}"')
        value = value[step]
    return str(value)


def _ls(arguments: list[str], store: Store) -> None:
    flags = [Flag("quiet", "bool", "q"), Flag("filter", "list"), Flag("format", short="f"), Flag("timeout", "int", "t")]
    options = parse(flags, arguments, {}).values
    rows, damaged = [], []
    for name in store.names():
        try:
            rows.append(_row(store.load(name)))
        except MachineDamagedError as error:
            damaged.append(dict(zip(_COLUMNS, (name, "-", "not found", "Error", "", "", "Unknown", str(error)))))
    for condition in options["filter"]:
        key, _, wanted = condition.partition("=")
        column = {"state": "STATE", "driver": "DRIVER", "name": "NAME"}.get(key)
        if column is None:
            raise CommandError(f"Unsupported filter key '{key}'")
        rows = [row for row in rows if _matches(column, row[column], wanted)]
    if options["quiet"]:
        print("".join(f"{row['NAME']}\n" for row in rows), end="")
        return
    # No filter hides these.
    rows += damaged
    if options["format"]:
        lines = [_formatted(options["format"], row) for row in rows]
    else:
        table = [dict(zip(_COLUMNS, _COLUMNS)), *rows]
        lines = ["   ".join(f"{row[column]:<8}" for column in _COLUMNS).rstrip() for row in table]
    print("".join(f"{line}\n" for line in lines), end="")


def _row(document: dict[str, Any]) -> dict[str, str]:
    state = _state(document)
    url = _address(document) if state in ("", "Running") else ""
    values = (document["Name"], "-", document["DriverName"], state, url, "", "Unknown", "")
    return dict(zip(_COLUMNS, values))


def _matches(column: str, value: str, wanted: str) -> bool:
    if column == "NAME":
        return re.fullmatch(wanted, value) is not None
    return value.lower() == wanted.lower()


def _formatted(template: str, row: dict[str, str]) -> str:
    fields = {"Name": "NAME", "State": "STATE", "DriverName": "DRIVER", "URL": "URL"}
    for field, column in fields.items():
        template = template.replace(f"{{{{.{field}}}}}", row[column])
    if "{{" in template:
        raise CommandError(f"template not understood by this stand-in: {template}")
    return template


def _stop(arguments: list[str], store: Store) -> None:
    for name in _names(arguments)[0]:
        print(f'Stopping "{name}"...')
        document = store.load(name)
        if document["DriverName"] == "none":
            raise CommandError("hosts without a driver cannot be stopped")
        AmazonEc2(document["Driver"]).stop()
        print(f'Machine "{name}" was stopped.')


def _rm(arguments: list[str], store: Store) -> None:
    names, options = _names(arguments, Flag("force", "bool", "f"), Flag("y", "bool"))
    if not (options["force"] or options["y"]):
        print(f"About to remove {', '.join(names)}")
        print("WARNING: This action will delete both local reference and remote instance.")
        if input("Are you sure? (y/n): ").strip().lower() not in ("y", "yes"):
            return
    failed = False
    for name in names:
        try:
            document = store.load(name)
            if document["DriverName"] != "none":
                AmazonEc2(document["Driver"]).remove()
        except (AwsError, MachineDamagedError, MachineMissingError) as error:
            print(f'Error removing host "{name}": {error}', file=sys.stderr)
            failed = failed or not options["force"]
            if not options["force"]:
                continue
        store.remove(name)
        print(f"Successfully removed {name}")
    if failed:
        sys.exit(1)
