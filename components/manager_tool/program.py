"""The command line: one step at a time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial

from . import usage
from .config import runners, snapshot
from .contract.constants import DEPLOYMENT
from .deployment import activation, install
from .gitlab import egress
from .host import StepError, explain, lacks_memory, take_variables, warn
from .lock import locked
from .maintenance import removal, watch
from .printing import lines_cut
from .programs import kept, unit, watch_units

STEPS: dict[str, Callable[..., None]] = {
    "install": lambda: install.install(json.load(sys.stdin)),
    "user-data": activation.stage_user_data,
    "secrets": activation.stage_secrets,
    "gitlab": activation.stage_gitlab,
    "config": activation.stage_config,
    "runner-ids": runners.show_ids,
    "watch-settings": lambda: watch.stage(json.load(sys.stdin)),
    "life": lambda *mode: removal.begin(json.load(sys.stdin), *mode),
    "remove": lambda: removal.remove(json.load(sys.stdin)),
}


def main() -> int:
    told = usage.answer(sys.argv[1:], STEPS)
    if told is not None:
        return told
    with lines_cut():
        return _done(*sys.argv[1:])


def _done(step: str, *arguments: str) -> int:
    os.umask(0o077)
    try:
        take_variables()
        if step == "watch":
            return watch.watch(*arguments)
        with locked(DEPLOYMENT):
            snapshot.restore()
            egress.use_proxy()
            STEPS[step](*arguments)
            if step != "remove":
                _look_after_the_rest(step)
    except Exception as error:
        if not (isinstance(error, (StepError, OSError, ValueError)) or lacks_memory(error)):
            raise
        print(f"{step}: {explain(error)}", file=sys.stderr)
        if step not in ("remove", "watch"):
            print(
                "What was live before is still live. Then run `pulumi up` again; it continues from here.",
                file=sys.stderr,
            )
        return 1
    return 0


def _look_after_the_rest(step: str) -> None:
    """What any step is an occasion for; a failure of this is none of the step's."""
    # The output of that step is read as JSON.
    tell = warn if step != "runner-ids" else partial(print, file=sys.stderr)
    for what in (snapshot.take, watch_units.revive, lambda: _tell_of_others(tell)):
        try:
            what()
        except (StepError, OSError, MemoryError) as error:
            tell(explain(error))


def _tell_of_others(tell: Callable[[str], None]) -> None:
    for line in (*kept.replaced(), *unit.replaced()):
        tell(line)
