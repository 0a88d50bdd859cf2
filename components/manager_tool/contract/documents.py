"""The documents that the program writes as JSON and the tool on the manager reads."""

from __future__ import annotations

from typing import Optional, TypedDict


class ProgramFiles(TypedDict):
    files: dict[str, str]
    checksums: str
    sha256: str | None
    setting: str
    releases: str


"""A program to install: `files` are addresses by the machine's architecture as `uname -m` spells it, `checksums` is
the address of the list that has theirs unless `sha256` says it, `setting` and `releases` are for messages."""


class DockerEngine(TypedDict):
    """Docker Engine, as `manager.docker` has it."""

    version: str
    url: str
    key_fingerprint: str | None


class FleetingPlugin(TypedDict):
    """The plugin by which gitlab-runner's executor docker-autoscaler talks to AWS.

    `reference` is what config.toml says of it, `folder` is where plugins are (`FLEETING_PLUGIN_PATH`), `files` is where
    a mirror has it, None for gitlab-runner to fetch it, `region` is that of the Auto Scaling groups, and `key` is where
    the private key is by which the manager reaches their instances.
    """

    reference: str
    version: str
    folder: str
    files: ProgramFiles | None
    sha256: str | None
    region: str
    key: str


_Installation = TypedDict(
    "_Installation",
    {
        "gitlab-runner": ProgramFiles,
        "docker-machine": ProgramFiles,
        "docker": Optional[DockerEngine],
        "service": dict[str, str],
        "jobSeconds": int,
        "stopSeconds": int,
    },
)


class Installation(_Installation, total=False):
    """What the step `install` is given: `service` are settings of systemd's, `jobSeconds` is the longest that a job may
    take at a stop, and `stopSeconds` the same with the removal of all machines. `plugin` is there where a pool has the
    executor docker-autoscaler, `registries` where images are in Amazon ECR."""

    plugin: FleetingPlugin
    registries: list[str]


TokenSource = TypedDict(
    "TokenSource", {"from": str, "name": str, "region": str, "runner": dict[str, object]}, total=False
)
"""Where the runner's token comes `from`: tokenParameter or tokenSecret, with its `name` and `region`, or the secret
token, registrationToken or accessToken, the last one with the `runner` to create, as GitLab's API spells it."""


class Proxy(TypedDict):
    """The way out: its URL, which may hold `<secret:NAME>`, and what it is not asked for."""

    url: str
    noProxy: list[str]


class _GitLabPlan(TypedDict):
    url: str
    deployment: str
    token: TokenSource
    needs: list[str]


class GitLabPlan(_GitLabPlan, total=False):
    """What the step `gitlab` is given; it holds names of secrets alone, those that it `needs` first of all.

    `deployment` is what GitLab calls the runner unless the source says otherwise, `ca` an authority in PEM.
    """

    ca: str
    proxy: Proxy


class HostLifetime(TypedDict):
    """What the step `life` is given: which host it is, and how its end treats jobs (`wait` or `abort`; in seconds)."""

    host: str
    runningJobs: str
    stopTimeout: int


class _PlacedOptions(TypedDict):
    label: str
    MachineName: str


class PlacedOptions(_PlacedOptions, total=False):
    """How machines are made at a placement. Where a pool has one entry alone, config.toml has the options at home."""

    MachineOptions: list[str]


class _PoolPlacements(TypedDict):
    placements: list[PlacedOptions]


class PoolPlacements(_PoolPlacements, total=False):
    """Where a pool may make machines, on demand too if it may."""

    onDemand: list[PlacedOptions]


class Fallback(TypedDict):
    """The section with on-demand machines that stands in for another one, and how many it may have."""

    name: str
    machines: int


class EntryPlan(TypedDict):
    """Where an entry of config.toml makes machines: the number of the placement of its pool that it tries first."""

    pool: str
    first: int
    fallback: Fallback | None


class PlacementPlan(TypedDict):
    """Where entries may make machines, for the manager to choose; both by name."""

    pools: dict[str, PoolPlacements]
    entries: dict[str, EntryPlan]


class _BreakerPlan(TypedDict):
    enabled: bool
    drift: str


class BreakerPlan(_BreakerPlan, total=False):
    """When a placement is paused, in which no machines can be made, for how long, and where else they are made.

    `drift` is what to do about changes of config.toml by hand, when it is put in place anew.
    """

    failures: int
    seconds: int
    coolDownSeconds: int
    pools: dict[str, PoolPlacements]
    entries: dict[str, EntryPlan]


class _WatchSettings(TypedDict):
    enabled: bool
    breaker: BreakerPlan


class WatchSettings(_WatchSettings, total=False):
    """What the step `watch-settings` is given; all of it where the watch is enabled.

    The names of AWS's things are those that tell this deployment's machines from others. `apart` says that nobody else
    uses both group and profile, `ownProfile` that nobody else has the profile, `ownInstance` that the stack has made
    the manager's instance, `onlyGroups` that no pool makes machines by docker-machine.
    """

    intervalSeconds: int
    graceMinutes: int
    dryRun: bool
    metricsFile: str
    region: str
    deployment: str
    formerDeployments: list[str]
    manager: str
    vpc: str
    profile: str
    group: str
    apart: bool
    ownProfile: bool
    ownInstance: bool
    stopTimeout: int
    onlyGroups: bool
    fleet: bool
    spot: bool
    alarms: bool
    logGroup: str | None
