"""What EC2 has of this deployment at the end of the runner's life."""

from __future__ import annotations

import math
import time

from ..aws import ec2_sweep
from ..config.machine_names import templates
from ..config.runners import live_runners
from ..executors.docker_machine import reaper, reaping
from ..host import SECRETS, WATCH_SETTINGS, StepError, load, warn
from . import watch_state
from .look import Pass, known_by


def last_look() -> None:
    """Remove whatever EC2 has of this deployment's machines, once the runner has stopped and its machines are gone."""
    settings = watch_state.settings()
    if settings is None or not has_last_look():
        return
    look = Pass(settings, load(SECRETS), watch_state.read(), dry_run=False)
    try:
        known = templates(live_runners())
    except StepError as error:
        # Whatever is this deployment's is to go, and it is known by its tag, and by its names of the last days.
        known = set()
        warn(str(error))
    ours = known_by(look, known)
    # A folder that can't be read shields its instance, and an instance its key pair, as long as they are there.
    for _ in range(3):
        found = list(reaper.findings(reaping.look(look.aws, settings, ours), ours, {}, 0))
        # There is no next pass.
        reaping.remove(look.aws, found, print, math.inf)
        if not found:
            break


def has_last_look() -> bool:
    """Whether the end of the runner's life looks at EC2."""
    settings = load(WATCH_SETTINGS)
    # On an existing host nothing shows whether another one has taken its place.
    return bool(settings.get("enabled") and settings.get("ownInstance"))


def other_managers() -> list[str]:
    """Return the ids of this deployment's other managers, as far as it can be known: one may have taken over."""
    settings = watch_state.settings()
    if settings is None or not has_last_look():
        return []
    look = Pass(settings, load(SECRETS), watch_state.read(), dry_run=False)
    instances = list(ec2_sweep.instances(look.aws, settings["vpc"]))
    return reaper.other_managers(reaper.Inventory(time.time(), instances=instances), known_by(look, set()))
