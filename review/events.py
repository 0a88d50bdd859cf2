"""Reading the engine's events: what `pulumi preview --event-log FILE` writes, one JSON object a line.

The engine's own Automation API reads the same file, with `PULUMI_DEBUG_COMMANDS=true`, which makes the option known. It
beats `preview --json`, which has no diagnostics until the end and prints nothing for people, and
`PULUMI_ENABLE_STREAMING_JSON_PREVIEW`, which takes the job log's place. The fields are those of `apitype.EngineEvent`
in github.com/pulumi/pulumi/sdk/v3/go/common/apitype/events.go, as 3.259.0 writes them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what the engine puts in a secret's place
UNKNOWN = "(known after creation)"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_KIND_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how the engine marks a secret
# What stands for a text, number, boolean, list, asset, archive or table that is unknown yet.
_UNKNOWNS = {
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}

Event = Mapping[str, Any]
Step = Mapping[str, Any]
"""The metadata of one of the engine's steps, with the states before and after it."""


class UnreadableEventsError(Exception):
    """A file holds no events; the text says which, and what to do."""


def read_events(path: Path) -> Iterator[Event]:
    """Yield the events of a file in their order, debugging left out. Raises UnreadableEventsError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UnreadableEventsError(
            f"{path}: can't be read ({error.strerror}); pulumi writes it with PULUMI_DEBUG_COMMANDS=true and "
            f"`pulumi preview --event-log {path}`"
        ) from None
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
        except ValueError:
            # An engine that was stopped may leave half a line behind, at the end.
            if number == len(lines):
                return
            raise UnreadableEventsError(
                f"{path}:{number}: is not valid JSON; give the file of --event-log as it is"
            ) from None
        if not isinstance(event, dict):
            raise UnreadableEventsError(f"{path}:{number}: is not an event; give the file of --event-log as it is")
        if event.get("diagnosticEvent", {}).get("severity") != "debug":
            yield event


def plain(value: object) -> Any:
    """Return a property's value with `SECRET` for secrets and `UNKNOWN` for what is unknown yet."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _KIND_SECRET:
            return SECRET
        return {key: plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [plain(below) for below in value]
    return UNKNOWN if isinstance(value, str) and value in _UNKNOWNS else value
