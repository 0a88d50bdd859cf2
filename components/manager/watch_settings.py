"""What the watch on the manager is told."""

from collections.abc import Sequence

from config_render import CreatedResources, Settings, worker_bounds
from config_render.settings.breaker import BreakerSettings

from ..executors.docker_machine.breaker_plan import breaker_plan, placement_plan
from ..manager_tool.contract.documents import WatchSettings


def watch_settings(
    settings: Settings,
    *,
    deployment: str,
    formerly: Sequence[str] = (),
    manager: str,
    region: str,
    vpc: str,
    profile: str,
    group: str,
    log_group: str | None,
    created: CreatedResources,
) -> WatchSettings:
    """Return the settings of the watch, as its step on the manager takes them.

    Args:
        settings: The stack's.
        deployment: Value of the tag `gitlab-runner-aws`.
        formerly: Values that earlier releases gave to that tag; other deployments may have had the same.
        manager: The tag `Name` of the stack's manager instance.
        region: The AWS region.
        vpc: Id of the VPC that the workers are in.
        profile: Name of the workers' instance profile.
        group: Name of the workers' security group.
        log_group: Where the journal goes; None to leave it where it is.
        created: What config.toml is rendered with.
    """
    watch, drift = settings.manager.watch, settings.manager.drift
    if not watch.enabled:
        return {"enabled": False, "breaker": breaker_plan(BreakerSettings(enabled=False), drift, None)}
    bounds = worker_bounds(settings)
    told: WatchSettings = {
        "enabled": True,
        "intervalSeconds": watch.interval_seconds,
        "graceMinutes": watch.grace_minutes,
        "dryRun": watch.dry_run,
        "metricsFile": watch.metrics_file,
        "breaker": breaker_plan(watch.breaker, drift, placement_plan(settings, created)),
        "region": region,
        "deployment": deployment,
        "formerDeployments": [*formerly],
        "manager": manager,
        "vpc": vpc,
        "profile": profile,
        "group": group,
        # With both from elsewhere, another deployment may use the same two.
        "apart": settings.network.worker_security_group is None or settings.identity.worker_instance_profile is None,
        "ownProfile": settings.identity.worker_instance_profile is None,
        # What an earlier manager may still be busy with is told by its instance, or else by time.
        "ownInstance": settings.manager.host is None,
        "stopTimeout": settings.manager.stop_timeout,
        "fleet": bounds["fleet"],
        "spot": bounds["spot"] or bounds["fleet"],
        "alarms": settings.manager.alarms is not None,
        "logGroup": log_group,
    }
    if not settings.pools_of("docker+machine"):
        told["onlyGroups"] = True
    return told
