"""What people who know docker+machine may not expect of docker-autoscaler: told, and let pass."""

from collections.abc import Callable, Iterator

from ..base.problems import Location, Problem, problem
from ..executors.docker_autoscaler.group import without_counterpart
from ..settings.pool import Pool
from ..settings.programs import DOCKERS_SITE
from ..settings.stack import Settings
from .live_warnings import PoolWarning


def _on_demand_comes_first(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if pool.on_demand_limit:
        first = "machine is" if pool.on_demand_limit == 1 else f"{pool.on_demand_limit} machines are"
        message = (
            f"means another thing to docker-autoscaler: the first {first} always on demand, and no more where there is "
            "no spot capacity, since an Auto Scaling group does not fall back; leave it out for spot capacity alone"
        )
        yield problem((*at, "spot", "onDemandLimit"), message, pool.on_demand_limit)


def _docker_machines_own_is_left_behind(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    keys = pool.machine.known_keys()
    for name, what in without_counterpart(pool).items():
        place = "machine" if name in keys else "driver"
        yield problem((*at, place, name), f"has no counterpart in docker-autoscaler; {what}")


def _plugin_has_a_mirror_too(settings: Settings) -> Iterator[Problem]:
    if (
        settings.manager.fleeting_plugin.url is None
        and _is_mirrored(settings)
        and settings.pools_of("docker-autoscaler")
    ):
        message = (
            "missing: gitlab-runner comes from a mirror, while the plugin comes from GitLab's own registry; set it, "
            "and sha256, unless the manager can reach registry.gitlab.com"
        )
        yield problem(("manager", "fleetingPlugin", "url"), message)


def _docker_has_a_mirror_too(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    own = pool.ami or pool.image or pool.given_options().get("engine-install-url")
    if _is_mirrored(settings) and not own and (pool.docker_engine is None or pool.docker_engine.url == DOCKERS_SITE):
        message = (
            f"missing: gitlab-runner comes from a mirror, while machines install Docker from {DOCKERS_SITE}; set "
            "it, unless they can reach that, or name an image that has Docker"
        )
        yield problem((*at, "dockerEngine", "url"), message)


def _is_mirrored(settings: Settings) -> bool:
    program = settings.manager.gitlab_runner
    return bool(program.url != type(program).model_fields["url"].default)


STACK_AUTOSCALER_WARNINGS: tuple[Callable[[Settings], Iterator[Problem]], ...] = (_plugin_has_a_mirror_too,)
AUTOSCALER_WARNINGS: tuple[PoolWarning, ...] = (
    _on_demand_comes_first,
    _docker_machines_own_is_left_behind,
    _docker_has_a_mirror_too,
)
