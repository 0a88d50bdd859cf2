"""One look of the watch at what belongs to the manager: what it knows from the start, and what it finds."""

from __future__ import annotations

import time
from collections.abc import Set
from dataclasses import dataclass, field

from ..aws.api import Aws, instance_id
from ..contract.documents import WatchSettings
from ..executors.docker_machine import reaper, reaping
from ..host import LIFE, load
from .watch_state import State

_DAYS_REMEMBERED = 30
_REMOVAL_SECONDS = 3600
"""What an earlier manager may take for its end after its last job."""


@dataclass
class Pass:
    """One look."""

    settings: WatchSettings
    secrets: dict[str, str]
    state: State
    dry_run: bool
    started: float = field(default_factory=time.time)
    orphans: dict[str, int] = field(default_factory=lambda: dict.fromkeys(reaper.KINDS, 0))
    removed: int = 0
    replaced: int = 0
    unused: int = 0
    restless: bool = False
    """Whether the breaker wants to look again within seconds."""

    @property
    def aws(self) -> Aws:
        return reaping.account(self.settings, self.secrets)


def known_by(look: Pass, at_present: Set[str]) -> reaper.Ownership:
    """Return by what this deployment's machines are known; `at_present` are names that config.toml leads to."""
    settings, state = look.settings, look.state
    oldest = look.started - _DAYS_REMEMBERED * 86_400
    named = {**state.templates, **dict.fromkeys(at_present, look.started)}
    state.templates = {name: last for name, last in named.items() if last > oldest}
    called = {**state.deployments, settings["deployment"]: look.started}
    state.deployments = {name: last for name, last in called.items() if last > oldest}
    return reaper.Ownership(
        deployment=settings["deployment"],
        former={*state.deployments, *settings.get("formerDeployments", ())} - {settings["deployment"]},
        profile=settings["profile"],
        group=settings["group"],
        apart=settings["apart"],
        own_profile=settings.get("ownProfile", True),
        templates={*state.templates},
        manager=instance_id(),
        manager_name=settings["manager"],
        spared_before=_spared_before(look),
    )


def _spared_before(look: Pass) -> float:
    """Where the stack has no instance that would tell of an earlier manager: the beginning of this one, for a while."""
    began = float(load(LIFE).get("began", 0.0))
    patience = look.settings["stopTimeout"] + _REMOVAL_SECONDS
    return 0.0 if look.settings["ownInstance"] or look.started > began + patience else began
