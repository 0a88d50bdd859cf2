"""The commands on the entries of an existing config: `verify`, `list`, `reset-token` and `unregister`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..go_flags import Flag, Parsed
from . import credentials, settings
from .log import FatalError, say
from .system_id import system_id

Entry = dict[str, Any]

VERIFY_FLAGS = [
    Flag("name", short="n"),
    Flag("url", short="u"),
    Flag("token", short="t"),
    Flag("delete", "bool"),
]
RESET_FLAGS = [
    Flag("name", short="n"),
    Flag("url", short="u"),
    Flag("id", "int", short="i"),
    Flag("all-runners", "bool"),
    Flag("pat"),
]
UNREGISTER_FLAGS = [
    Flag("name", short="n"),
    Flag("url", short="u", env="CI_SERVER_URL"),
    Flag("token", short="t", env="CI_SERVER_TOKEN"),
    Flag("all-runners", "bool"),
]


def _same(entry: Mapping[str, Any], options: Mapping[str, Any], key: str) -> bool:
    return bool(entry.get("url") == options["url"] and entry.get(key) == options[key])


def verify(parsed: Parsed, path: Path) -> None:
    """Ask GitLab about each entry; raises `FatalError` where one is not valid and --delete is not given."""
    options, config = parsed.values, settings.load(path)
    everything = not (options["name"] or options["url"] or options["token"])
    chosen = [
        entry
        for entry in config["runners"]
        if everything or entry.get("name") == options["name"] or _same(entry, options, "token")
    ]
    if not (everything or chosen):
        raise FatalError("no runner matches the filtering parameters")
    identity = system_id(path)
    dead = [entry for entry in chosen if credentials.verify(entry, identity) is None]
    if not dead:
        return
    if not options["delete"]:
        raise FatalError("Failed to verify runners")
    config["runners"] = [entry for entry in config["runners"] if entry not in dead]
    settings.save(path, config)
    say(f"Updated {path}")


def listing(_: Parsed, path: Path) -> None:
    """Print all entries, their tokens in the clear, as the real program does."""
    config = settings.load(path)
    say("Listing configured runners", ConfigFile=path)
    for entry in config["runners"]:
        facts = {"Executor": entry.get("executor", ""), "Token": entry["token"], "URL": entry["url"]}
        say(entry.get("name", ""), **facts)


def reset_token(parsed: Parsed, path: Path) -> None:
    """Exchange the tokens of the chosen entries; raises `FatalError` where that of a single one can't be."""
    options, config = parsed.values, settings.load(path)
    chosen = _choose(config["runners"], options, "id")
    for entry in chosen:
        answer = credentials.reset(entry, options["pat"] or "")
        if answer is not None:
            credentials.grant(entry, answer)
        elif options["all-runners"]:
            say("Failed to reset runner authentication token", "ERROR", name=entry.get("name", ""))
        else:
            raise FatalError("Failed to reset runner authentication token")
    settings.save(path, config)
    # The real program prints this value, too, instead of the file's name.
    say("Updated", **{"config-file": "<nil>"})


def unregister(parsed: Parsed, path: Path) -> None:
    """Remove the chosen entries from GitLab and, where that succeeded, from the file. Raises `FatalError`."""
    options, config = parsed.values, settings.load(path)
    identity = system_id(path)
    chosen = _choose(config["runners"], options, "token")
    gone = [entry for entry in chosen if credentials.unregister(entry, identity)]
    if not gone:
        raise FatalError(f"Failed to unregister runner {options['name'] or ''}".rstrip())
    config["runners"] = [entry for entry in config["runners"] if entry not in gone]
    settings.save(path, config)
    say(f"Updated {path}")
    if len(gone) < len(chosen):
        raise FatalError("Failed to unregister some runners")


def _choose(entries: list[Entry], options: Mapping[str, Any], key: str) -> list[Entry]:
    """The entries that the options name: all, one by its name, or one by its URL and another property."""
    if options["all-runners"]:
        return entries
    if options["name"]:
        named = [entry for entry in entries if entry.get("name") == options["name"]]
        if not named:
            raise FatalError(f"could not find a runner with the name '{options['name']}'")
        if len(named) > 1:
            raise FatalError(f"there are multiple runners with the name '{options['name']}'")
        return named
    found = [entry for entry in entries if _same(entry, options, key)]
    if not found:
        raise FatalError("no runner matches the filtering parameters")
    return found
