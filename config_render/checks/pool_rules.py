"""Rules that join several settings of one pool, whatever its executor."""

import re
from collections.abc import Callable, Iterator

from ..base.instance_types import architecture
from ..base.labels import MOST_LABELS
from ..base.problems import Problem, problem
from .disk_rules import operations_fit_the_disk, throughput_fits_the_disk
from .raw import RawPool, RawStack, items, table, text, texts, whole

PoolRule = Callable[[RawStack, RawPool], Iterator[Problem]]

# As part of a name: registry.example.com/arm64v8/alpine, gitlab-runner-helper:x86_64-v19.3.0.
_ARM = r"^arm64(v8)?/|[-/_.:](arm64(v8)?|aarch64)([-/_.:]|$)"
_X86 = r"^amd64/|[-/_.:](amd64|x86_64)([-/_.:]|$)"


def _limit_suffices(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    limit = pool.limit
    if limit is None or limit < 1:
        return
    if limit < pool.on_demand_limit:
        message = f"is above limit {limit}, the jobs that the pool runs at a time; lower it, or raise limit"
        yield problem(pool.at("spot", "onDemandLimit"), message, pool.on_demand_limit)
    # An autoscaling period may ask for more than limit, as GitLab's own guide does: the runner stops at limit.
    idle = whole(pool.machine.get("IdleCount"))
    if idle is not None and limit < idle:
        yield problem(pool.at("limit"), f"is below IdleCount {idle}; raise limit or lower IdleCount", limit)


def _idle_count_is_above_its_minimum(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    periods = enumerate(items(pool.machine.get("autoscaling")))
    numbers = [(pool.at("machine"), pool.machine)]
    numbers += [(pool.at("machine", "autoscaling", index), table(period)) for index, period in periods]
    for at, given in numbers:
        least, most = whole(given.get("IdleCountMin")), whole(given.get("IdleCount", 0))
        if least is not None and most is not None and least > most:
            message = f"is above IdleCount {most}, which bounds it; raise IdleCount or lower this"
            yield problem((*at, "IdleCountMin"), message, least)


def _zones_exist(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if stack.table("network").get("subnetIds") is not None:
        return  # Known once AWS has been asked in which zones they are.
    there = stack.zones
    for index, zone in enumerate(items(pool.content.get("zones"))):
        if isinstance(zone, str) and zone not in there:
            message = f"is not in network.zones ({', '.join(there)}); add it there or leave it out here"
            yield problem(pool.at("zones", index), message, zone)


def _image_fits_all_types(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    given = [key for key in ("ami", "image") if pool.content.get(key) is not None]
    if given and len({architecture(each) for each in pool.instance_types}) > 1:
        message = "can't boot both x86_64 and arm64 instance types; put them into two pools, each with its image"
        yield problem(pool.at(given[0]), message, text(pool.content.get("ami")))


def _containers_fit_the_types(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    docker = pool.docker
    for key in ("image", "helper_image"):
        name = text(docker.get(key)) or ""
        for instance_type in pool.instance_types:
            wrong = _X86 if architecture(instance_type) == "arm64" else _ARM
            if re.search(wrong, name):
                message = f"is not for {instance_type}, which is {architecture(instance_type)}; take another image"
                yield problem(pool.at("docker", key), message, name)
                break


def _labels_fit(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    count = len({*stack.table("labels"), *table(pool.content.get("labels"))})
    if pool.content.get("labels") and count > MOST_LABELS:
        message = f"makes {count} labels together with the global ones; there may be {MOST_LABELS}"
        yield problem(pool.at("labels"), message)


def _pull_policies_are_allowed(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    docker = pool.docker
    policies = texts(docker.get("allowed_pull_policies"))
    wanted = docker.get("pull_policy")
    for policy in [wanted] if isinstance(wanted, str) else texts(wanted):
        if policies and policy not in policies:
            message = f"holds {policy}, which allowed_pull_policies ({', '.join(policies)}) does not; add it there"
            yield problem(pool.at("docker", "pull_policy"), message)


POOL_RULES: tuple[PoolRule, ...] = (
    _limit_suffices,
    _idle_count_is_above_its_minimum,
    _zones_exist,
    _image_fits_all_types,
    _containers_fit_the_types,
    operations_fit_the_disk,
    throughput_fits_the_disk,
    _labels_fit,
    _pull_policies_are_allowed,
)
