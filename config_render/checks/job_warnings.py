"""What keeps jobs waiting although there is room for them, or machines from being started: told, and let pass."""

from collections.abc import Callable, Iterator

from ..base.problems import Location, Problem, problem
from ..executors.entries import pool_placements
from ..executors.registry import pool_entries
from ..render.document import pools_by_token, sections_by_token
from ..settings.pool import Pool
from ..settings.stack import Settings
from .live_warnings import PoolWarning


def _jobs_find_workers(settings: Settings) -> Iterator[Problem]:
    most = sum(pool.limit for pool in settings.pools)
    if len(settings.pools) > 1 and settings.concurrent < most:
        message = (
            f"is below {most}, the jobs that the pools' limits add up to: gitlab-runner starts no more, whichever pool "
            "they are for, and looks after no machines meanwhile; raise it, or lower limits"
        )
        yield problem(("concurrent",), message, settings.concurrent)
    sections = sections_by_token(settings).total()
    if settings.concurrent < sections:
        message = (
            f"is below {sections}, the number of [[runners]], of which each may keep one of these workers waiting for "
            f"an answer of GitLab; set at least {sections}"
        )
        yield problem(("concurrent",), message, settings.concurrent)


def _pools_have_their_own_runners(settings: Settings) -> Iterator[Problem]:
    for sharing in pools_by_token(settings).values():
        pools = [settings.pools[index] for index in sharing]
        if len(pools) == 1:
            continue
        most = max(pool.limit for pool in pools)
        names = ", ".join(pool.name for pool in pools)
        # A job that waits for its machine may use up the word that one of another pool's is free:
        # `tryGetFreeExistingMachineFromCoordinator` in executors/docker/machine/provider.go of gitlab-runner 19.3.
        made_for_jobs = [each for each in pools if settings.executor_of(each) == "docker+machine"]
        waits = ", and a job may wait for another's end while a machine is idle" if len(made_for_jobs) > 1 else ""
        for index, pool in zip(sharing, pools, strict=True):
            less = f"; {pool.name} takes none while {pool.limit} of them run" if pool.limit < most else ""
            if index == sharing[-1] or less:
                message = (
                    f"counts together with the limits of {names}, which have one runner: gitlab-runner counts jobs by "
                    f"its token, so that {most} jobs run at once in all of them, each in whichever pool asks first"
                    f"{less}{waits}; give each pool a runner of its own: token: <secret:NAME>, or createRunner: "
                    "{each: pool}"
                )
                yield problem(("pools", index, "limit"), message, pool.limit)


def _placements_can_change(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    watch = settings.manager.watch
    if watch.enabled and watch.breaker.enabled:
        return
    off = "watch.enabled" if not watch.enabled else "watch.breaker.enabled"
    if pool.on_demand_limit:
        message = f"has no effect while manager.{off} is false: nobody would notice that there is no spot capacity"
        yield problem((*at, "spot", "onDemandLimit"), message, pool.on_demand_limit)
    unused = len(pool_placements(pool, settings.network.zones)) - len(pool_entries(settings, pool))
    if unused:
        message = (
            f"and zones make {unused} placement{'' if unused == 1 else 's'} more than are used while manager.{off} is "
            "false: nobody would change to another; leave some out, or set it to true"
        )
        yield problem((*at, "instanceTypes"), message)


def _requests_do_not_block(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if pool.request_concurrency == 1:
        message = (
            "lets one request, which GitLab may hold back for a minute, keep the others waiting; gitlab-runner warns "
            "of it; leave it out"
        )
        yield problem((*at, "request_concurrency"), message, 1)


STACK_JOB_WARNINGS: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _jobs_find_workers,
    _pools_have_their_own_runners,
)
POOL_JOB_WARNINGS: tuple[PoolWarning, ...] = (_requests_do_not_block,)
MACHINE_JOB_WARNINGS: tuple[PoolWarning, ...] = (_placements_can_change,)
