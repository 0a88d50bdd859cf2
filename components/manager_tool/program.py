"""The command line: one step at a time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from . import config, install, reach, removal, runners, usage, watch
from .host import StepError, take_variables
from .lock import DEPLOYMENT, locked
from .printing import lines_cut

STEPS: dict[str, Callable[..., None]] = {
    "install": lambda: install.install(json.load(sys.stdin)),
    "user-data": config.stage_user_data,
    "secrets": config.stage_secrets,
    "gitlab": config.stage_gitlab,
    "config": config.stage_config,
    "runner-ids": runners.show_ids,
    "watch-settings": lambda: watch.stage(json.load(sys.stdin)),
    "life": lambda: removal.begin(json.load(sys.stdin)),
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
    take_variables()
    reach.use_proxy()
    if step == "watch":
        return watch.watch(*arguments)
    with locked(DEPLOYMENT):
        try:
            STEPS[step](*arguments)
        except (StepError, OSError, ValueError) as error:
            print(f"{step}: {error}", file=sys.stderr)
            if step != "remove":
                print(
                    "What was live before is still live. Then run `pulumi up` again; it goes on from here.",
                    file=sys.stderr,
                )
            return 1
    return 0
