"""What is legal but costs money, time or safety: told, and let pass."""

import re
from collections.abc import Callable, Iterator, Mapping

from ..base.problems import Location, Problem, problem
from ..executors.registry import pool_entries
from ..settings.pool import Pool
from ..settings.runner import Executor
from ..settings.stack import Settings
from .docker_autoscaler_warnings import AUTOSCALER_WARNINGS, STACK_AUTOSCALER_WARNINGS
from .docker_machine_rules import is_old_client
from .job_warnings import MACHINE_JOB_WARNINGS, POOL_JOB_WARNINGS, STACK_JOB_WARNINGS
from .live_warnings import MACHINE_LIVE_WARNINGS, POOL_LIVE_WARNINGS, STACK_LIVE_WARNINGS, PoolWarning
from .manager_size import memory_for, memory_of_small_type, small_type_for

_LEAST_DRAIN_SECONDS = 300


def warnings_of(settings: Settings) -> list[Problem]:
    """Return what a person should know about settings that can be used as they are."""
    found = [each for rule in STACK_WARNINGS for each in rule(settings)]
    for index, pool in enumerate(settings.pools):
        for pool_rule in (*POOL_WARNINGS, *EXECUTOR_WARNINGS[settings.executor_of(pool)]):
            found += pool_rule(settings, pool, ("pools", index))
    return found


def _is_spot(pool: Pool) -> bool:
    return pool.spot is not None or bool(pool.given_options().get("amazonec2-request-spot-instance"))


def _drain_has_time(settings: Settings) -> Iterator[Problem]:
    seconds = settings.drain_seconds
    if 0 < seconds < _LEAST_DRAIN_SECONDS:
        message = (
            f"gives the removal of all machines {seconds} s, after which the rest is left behind and costs money; "
            f"set {_LEAST_DRAIN_SECONDS} or more"
        )
        yield problem(("shutdown_timeout",), message, settings.shutdown_timeout)


_SEEN = (
    "is an argument of each docker-machine, where others on the manager can read it, and is in a file of each "
    "machine; leave it out, and the manager's instance profile serves"
)


def _access_key_is_seen(settings: Settings) -> Iterator[Problem]:
    if settings.identity.by_key:
        yield problem(("identity", "mode"), f"makes a key that {_SEEN}", settings.identity.mode)


def _manager_carries_its_jobs(settings: Settings) -> Iterator[Problem]:
    manager = settings.manager
    memory = None if manager.host else memory_of_small_type(manager.instance_type)
    if memory is None:
        return
    jobs = min(settings.concurrent, sum(pool.limit for pool in settings.pools))
    creations = sum(_creations(settings, pool) for pool in settings.pools_of("docker+machine"))
    needed = memory_for(jobs, creations)
    if needed > memory:
        message = (
            f"has {memory} MiB of memory, while {jobs} jobs and {creations} machines that are created "
            f"at the same time want about {needed}: the manager would end docker-machine partway; take "
            f"{small_type_for(needed, manager.instance_type)}, or set MaxGrowthRate"
        )
        yield problem(("manager", "instanceType"), message, manager.instance_type)


def _creations(settings: Settings, pool: Pool) -> int:
    """Return how many of a pool's machines may be created at the same time: each entry has a share of the growth."""
    growth = pool.machine.max_growth_rate
    shares = [(entry.share(pool.limit), entry.share(growth or 0)) for entry in pool_entries(settings, pool)]
    return sum(min(most, max(1, share) if growth else most) for most, share in shares) + pool.on_demand_limit


def _spot_growth_is_bounded(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if _is_spot(pool) and not pool.machine.max_growth_rate:
        message = (
            "sets no bound: when spot capacity is short, failing requests pile up until AWS locks the account out; "
            "set 5, say"
        )
        yield problem((*at, "machine", "MaxGrowthRate"), message, pool.machine.max_growth_rate)


def _cap_is_below_on_demand(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if pool.spot is None:
        return
    for instance_type in pool.instance_types:
        cap, price = pool.spot.max_price, pool.spot.on_demand(instance_type)
        if isinstance(cap, float) and price is not None and cap > price:
            message = f"is above {price}, what {instance_type} costs on demand; set onDemand"
            yield problem((*at, "spot", "maxPrice"), message, cap)


def _machines_wait_a_while(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    machine = pool.machine
    places = [((*at, "machine"), machine.idle_time)]
    places += [((*at, "machine", "autoscaling", n), p.idle_time) for n, p in enumerate(machine.autoscaling or ())]
    for place, seconds in places:
        if seconds == 0:
            message = "removes a spare machine at once, so that most jobs wait for a new one; set 600, say"
            yield problem((*place, "IdleTime"), message, 0)


def _idle_numbers_have_an_effect(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    machine = pool.machine
    numbers = [((*at, "machine"), machine.idle_count, machine.idle_scale_factor, machine.idle_count_min)]
    for index, period in enumerate(machine.autoscaling or ()):
        place = (*at, "machine", "autoscaling", index)
        numbers.append((place, period.idle_count, period.idle_scale_factor, period.idle_count_min))
    for place, count, factor, least in numbers:
        if least and not factor:
            message = "has no effect without IdleScaleFactor; set that, or IdleCount alone"
            yield problem((*place, "IdleCountMin"), message, least)
        if factor and not count:
            message = "has no effect while IdleCount is 0, which bounds the waiting machines; raise IdleCount"
            yield problem((*place, "IdleScaleFactor"), message, factor)


def _periods_stay_within_the_limit(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    for index, period in enumerate(pool.machine.autoscaling or ()):
        if period.idle_count > pool.limit:
            message = f"is above limit {pool.limit}, at which the runner stops; raise limit, or lower this"
            yield problem((*at, "machine", "autoscaling", index, "IdleCount"), message, period.idle_count)


def _limit_can_be_reached(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    idle = max([pool.machine.idle_count, *(p.idle_count for p in pool.machine.autoscaling or ())])
    if pool.limit > settings.concurrent + idle:
        message = (
            f"is never reached: concurrent {settings.concurrent} jobs and IdleCount {idle} take "
            f"{settings.concurrent + idle} machines at most; raise concurrent, or lower this"
        )
        yield problem((*at, "limit"), message, pool.limit)


def _privileged_machines_serve_one_job(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if pool.docker.privileged and pool.machine.max_builds != 1:
        message = (
            "lets a job take over its machine, and with it the jobs that run there later; "
            "set MaxBuilds to 1 where jobs don't trust each other"
        )
        yield problem((*at, "docker", "privileged"), message, True)


def _dind_is_privileged(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    docker = pool.docker
    privileged = docker.privileged if docker.services_privileged is None else docker.services_privileged
    for index, service in enumerate(docker.services or ()):
        if re.search(r"(^|/)docker:.*dind", service.name) and not privileged:
            message = "can't start without privileged; set it to true"
            yield problem((*at, "docker", "services", index, "name"), message, service.name)


def _images_are_pinned(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    docker = pool.docker
    named = [("image", docker.image)] if "image" in docker.model_fields_set else []
    named += [("helper_image", docker.helper_image)] if docker.helper_image else []
    places: list[tuple[Location, str]] = [((*at, "docker", key), name) for key, name in named]
    services = enumerate(docker.services or ())
    places += [((*at, "docker", "services", index, "name"), service.name) for index, service in services]
    for place, name in places:
        tag = name.rpartition("/")[2].partition(":")[2]
        if "@" not in name and (not tag or re.match(r"latest\b", tag)):
            yield problem(place, "changes whenever a new one is published; name a version", name)


def _docker_is_pinned(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if "engine-install-url" not in pool.given_options() and is_old_client(
        settings.manager.docker_machine.model_dump(by_alias=True)
    ):
        message = (
            "missing: machines get the newest Docker, which refuses the docker-machine that "
            "manager.dockerMachine names; name a script for Docker 28"
        )
        yield problem((*at, "driver", "engine-install-url"), message)


def _keys_stay_out_of_sight(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if "amazonec2-secret-key" in pool.given_options():
        yield problem((*at, "driver", "amazonec2-secret-key"), _SEEN)


def _machines_are_closed(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    options = pool.given_options()
    has_nat = settings.network.private or not settings.network.is_new
    for option, careless, message in _CARELESS:
        if option == "amazonec2-private-address-only" and has_nat:
            continue
        if options.get(option) == careless:
            yield problem((*at, "driver", option), message, careless)


def _docker_machine_is_closed(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    options = pool.given_options()
    option = "amazonec2-security-group-readonly"
    if options.get(option) is False:
        message = "lets docker-machine open SSH and Docker's port to the whole internet; set true"
        yield problem((*at, "driver", option), message, False)
    if options.get("amazonec2-insecure-transport") and not _is_loopback(options.get("amazonec2-endpoint", "")):
        yield problem((*at, "driver", "amazonec2-insecure-transport"), "sends requests to AWS in the clear", True)
    if options.get("amazonec2-open-port") and options["amazonec2-security-group-readonly"]:
        message = "has no effect while amazonec2-security-group-readonly is true"
        yield problem((*at, "driver", "amazonec2-open-port"), message)


def _is_loopback(endpoint: str) -> bool:
    return endpoint.startswith(("127.", "localhost", "[::1]"))


_CARELESS: tuple[tuple[str, object, str], ...] = (
    ("amazonec2-volume-encrypted", False, "leaves jobs' data in the clear on the disk; set true"),
    ("amazonec2-metadata-token", "optional", "lets a job that can be tricked into a request read credentials"),
    (
        "amazonec2-private-address-only",
        True,
        "needs a NAT gateway: in a public subnet such a machine can't install Docker",
    ),
)

STACK_WARNINGS: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _drain_has_time,
    _access_key_is_seen,
    _manager_carries_its_jobs,
    *STACK_JOB_WARNINGS,
    *STACK_AUTOSCALER_WARNINGS,
    *STACK_LIVE_WARNINGS,
)
POOL_WARNINGS: tuple[PoolWarning, ...] = (
    *POOL_JOB_WARNINGS,
    _cap_is_below_on_demand,
    _machines_wait_a_while,
    _idle_numbers_have_an_effect,
    _periods_stay_within_the_limit,
    _limit_can_be_reached,
    _privileged_machines_serve_one_job,
    _dind_is_privileged,
    _images_are_pinned,
    _machines_are_closed,
    *POOL_LIVE_WARNINGS,
)
_MACHINE_WARNINGS: tuple[PoolWarning, ...] = (
    *MACHINE_JOB_WARNINGS,
    _spot_growth_is_bounded,
    _docker_is_pinned,
    _keys_stay_out_of_sight,
    _docker_machine_is_closed,
    *MACHINE_LIVE_WARNINGS,
)
EXECUTOR_WARNINGS: Mapping[Executor, tuple[PoolWarning, ...]] = {
    "docker+machine": _MACHINE_WARNINGS,
    "docker-autoscaler": AUTOSCALER_WARNINGS,
}
