"""The command line: one step at a time."""

from __future__ import annotations

import fcntl
import json
import os
import sys

from . import config, install, removal, unsealing
from .host import StepError

STEPS = {
    "key": unsealing.show_key,
    "install": lambda: install.install(json.load(sys.stdin)),
    "user-data": config.stage_user_data,
    "secrets": config.stage_secrets,
    "config": config.stage_config,
    "remove": removal.remove,
}


def main() -> int:
    step = sys.argv[1]
    os.umask(0o077)
    with open("/run/gitlab-runner-aws.lock", "w") as lock:
        # Two deployments at once take turns; the lock goes with its process, so none is ever left behind.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            STEPS[step]()
        except (StepError, OSError, ValueError) as error:
            print(f"{step}: {error}", file=sys.stderr)
            if step != "remove":
                print(
                    "What was live before is still live. Then run `pulumi up` again; it goes on from here.",
                    file=sys.stderr,
                )
            return 1
    return 0
