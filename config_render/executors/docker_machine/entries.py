"""How a pool of docker+machine becomes runner entries, and how its machines are called.

gitlab-runner counts jobs by token, not by entry (`getRunnerCounter` in commands/builds_helper.go): entries that share
a token share one `limit`. So a pool has one entry for each runner of its own: its machines are started at one
placement at a time, and the manager changes the placement where AWS has no capacity.
"""

from ...settings.pool import Pool
from ...settings.stack import Settings
from ..entries import Entry, entries, pool_placements

LONGEST_MACHINE_NAME = 30
"""Including the %s: the runner puts up to 34 characters around it, and a host name has at most 64."""

FALLBACK = "od-"
"""What the names of on-demand entries and their machines begin with: no name may begin like another one."""


def fallback_name(entry: Entry) -> str:
    """Return the name of the entry with on-demand machines that stands in for another one."""
    return f"{FALLBACK}{entry.name}"


def machine_entries(settings: Settings, pool: Pool) -> tuple[Entry, ...]:
    """Return the runner entries that a pool of the settings becomes; several where each has a runner of its own.

    Each of these keeps a machine waiting if any does: one without would ask GitLab for a job first, make its machine
    afterwards, and so take jobs from those that have machines.
    """
    own_runners = settings.own_runners and pool.token is None
    most = min(pool.limit, pool.machine.least_waiting or pool.limit) if own_runners else 1
    return entries(pool.name, pool_placements(pool, settings.network.zones), most)


def machine_name(pool: str, template: str | None, label: str = "", *, fallback: bool = False) -> str:
    """Return MachineName for a placement of a pool, whose template may be given.

    The placement stands behind the %s: gitlab-runner takes for its own what begins like its MachineName up to there
    (`matchesMachineFilter` in executors/docker/machine/name.go), so an entry keeps its machines when it changes its
    placement, and a machine's name shows where it was started.
    """
    given = template or f"{pool}-%s"
    placed = given.replace("%s", f"%s-{label}") if label else given
    return f"{FALLBACK}{placed}" if fallback else placed


def same_machines(one: str, other: str) -> bool:
    """Return whether the runner would mix up the machines of two MachineNames.

    It takes for its own what begins like its MachineName up to the %s (`matchesMachineFilter` in
    executors/docker/machine/name.go scans the name, and %s takes all that follows).
    """
    prefixes = [name.partition("%s")[0] for name in (one, other)]
    return prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])
