"""What is particular in the `[[runners]]` of docker-autoscaler: `[runners.autoscaler]`."""

from ...settings.pool import Pool
from ...settings.stack import Settings
from ..created import CreatedResources
from ..entries import Entry, entries, pool_placements
from .group import login_user, ssh_port
from .names import KEY_PATH, group_name
from .policies import policies

READY = "cloud-init status --wait > /dev/null || test $? -eq 2 && docker info > /dev/null"
"""Waits for the user data, which installs Docker; cloud-init ends with 2 where it only warned."""


def group_entry(settings: Settings, pool: Pool) -> Entry:
    """Return the one entry of a pool: its group has all zones and types."""
    return entries(pool.name, pool_placements(pool, settings.network.zones))[0]


def autoscaler_table(settings: Settings, created: CreatedResources, pool: Pool) -> dict[str, object]:
    """Return `[runners.autoscaler]` of a pool.

    Source of what must be there: gitlab-runner 19.3 refuses a file without plugin_config, and a policy without
    preemptive_mode (`gitlab-runner lint`); 0 for max_use_count is no limit.
    """
    given = pool.autoscaler
    return given.table(
        plugin=settings.manager.fleeting_plugin.reference,
        max_use_count=given.max_use_count or pool.machine.max_builds or None,
        max_instances=pool.most_instances,
        plugin_config={"name": group_name(created.deployment, pool.name)},
        connector_config=given.connector_config.table(
            username=login_user(pool), protocol_port=ssh_port(pool), key_path=str(KEY_PATH)
        ),
        policy=policies(pool),
        instance_ready_command=given.instance_ready_command or READY,
    )
