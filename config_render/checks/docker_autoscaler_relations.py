"""Rules that join several settings of one pool of docker-autoscaler."""

from collections.abc import Iterator

from ..base.periods import check_period, five_fields
from ..base.problems import Location, Problem, problem
from .pool_relations import PoolRule
from .raw import RawPool, RawStack, items, table, text, texts, whole

_MOST_INSTANCES = 1000
"""More the plugin for AWS does not start: `max size option exceeds instance group's max size`."""
_NUMBERS = ("IdleCount", "IdleScaleFactor", "IdleCountMin", "IdleTime", "autoscaling")
_ONE_PLACE = ("amazonec2-subnet-id", "amazonec2-zone", "amazonec2-vpc-id")
_KEYS = ("amazonec2-access-key", "amazonec2-secret-key", "amazonec2-session-token")


def _group_is_not_too_large(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if pool.limit is not None and pool.most_machines > _MOST_INSTANCES:
        message = (
            f"makes {pool.most_machines} machines; a group of docker-autoscaler has at most {_MOST_INSTANCES}: lower "
            "it, raise autoscaler.capacity_per_instance, or make two pools"
        )
        yield problem(pool.at("limit"), message, pool.limit)


def _numbers_are_given_once(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    twice = [key for key in _NUMBERS if pool.machine.get(key) is not None]
    if pool.autoscaler.get("policy") is not None and twice:
        message = f"says what machine.{twice[0]} says too; leave out one: policies count jobs, machine counts machines"
        yield problem(pool.at("autoscaler", "policy"), message)
    if pool.autoscaler.get("max_use_count") is not None and pool.machine.get("MaxBuilds") is not None:
        yield problem(pool.at("autoscaler", "max_use_count"), "says what machine.MaxBuilds says too; leave out one")


def _periods_can_be_said(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    for index, numbers in enumerate(items(pool.machine.get("autoscaling"))):
        for place, period in enumerate(texts(table(numbers).get("Periods"))):
            if check_period(period) is None and five_fields(period) is None:
                at = pool.at("machine", "autoscaling", index, "Periods", place)
                message = (
                    "can't be said to docker-autoscaler, which knows minute, hour, day of month, month and day of week "
                    "as lists, ranges and steps; write * as the year, and days by their numbers or names"
                )
                yield problem(at, message, period)


def _policies_fit(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    for index, policy in enumerate(map(table, items(pool.autoscaler.get("policy")))):
        at = pool.at("autoscaler", "policy", index)
        idle, most = whole(policy.get("idle_count")) or 0, whole(policy.get("scale_factor_limit"))
        if pool.limit is not None and idle > pool.limit:
            message = f"is above limit {pool.limit}, the jobs that the pool runs at a time; lower it, or raise limit"
            yield problem((*at, "idle_count"), message, idle)
        if most and not policy.get("scale_factor"):
            yield problem((*at, "scale_factor_limit"), "has no effect without scale_factor; set both or neither", most)
        elif most and most < idle:
            message = f"is below idle_count {idle}, the least that scale_factor makes; raise it, or lower that"
            yield problem((*at, "scale_factor_limit"), message, most)


def _group_is_reached(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    for option in _ONE_PLACE:
        if pool.options.get(option) is not None:
            message = "is for docker+machine: a group of docker-autoscaler is in all zones of the pool; set zones"
            yield problem(pool.option_at(option), message)
    for option in ("amazonec2-request-spot-instance", "amazonec2-spot-price"):
        if pool.options.get(option) is not None:
            yield problem(pool.option_at(option), "is for docker+machine; set spot, which both executors know")
    for option in _KEYS:
        if pool.options.get(option) is not None:
            message = (
                "is for docker+machine: docker-autoscaler signs in by the manager's instance profile; leave it out"
            )
            yield problem(pool.option_at(option), message)


def _manager_signs_in_by_profile(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    first = next(each for each in stack.pools if each.executor == pool.executor)
    if stack.table("identity").get("mode") == "accessKey" and pool.index == first.index:
        message = "makes a key, while docker-autoscaler signs in by the manager's instance profile; leave it out"
        yield problem(("identity", "mode"), message, text(stack.table("identity").get("mode")))


def _runner_knows_the_executor(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    version = text(stack.table("manager", "gitlabRunner").get("version")) or ""
    numbers = version.split(".")
    if len(numbers) > 1 and numbers[0].isdecimal() and numbers[1].isdecimal():
        at: Location = ("manager", "gitlabRunner", "version")
        first = next(each for each in stack.pools if each.executor == pool.executor)
        if (int(numbers[0]), int(numbers[1])) < (18, 1) and pool.index == first.index:
            message = "knows no preemptive_mode of docker-autoscaler's policies; take 18.1 or newer"
            yield problem(at, message, version)


DOCKER_AUTOSCALER_RULES: tuple[PoolRule, ...] = (
    _group_is_not_too_large,
    _numbers_are_given_once,
    _periods_can_be_said,
    _policies_fit,
    _group_is_reached,
    _manager_signs_in_by_profile,
    _runner_knows_the_executor,
)
