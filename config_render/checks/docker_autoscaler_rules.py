"""Rules that join several settings of one pool of docker-autoscaler."""

from collections.abc import Iterator

from ..base.periods import check_period, five_fields
from ..base.problems import Location, Problem, problem
from ..executors.docker_autoscaler.user_data import user_data_problem
from ..settings.stack import Settings
from .pool_rules import PoolRule
from .raw import RawPool, RawStack, items, table, text, texts, whole

MOST_INSTANCES = 1000
"""More the plugin for AWS does not start: `max size option exceeds instance group's max size`."""
_NUMBERS = ("IdleCount", "IdleScaleFactor", "IdleCountMin", "IdleTime", "autoscaling")
_IN_ALL_ZONES = "is for docker+machine: a group of docker-autoscaler is in all zones of the pool; set zones"
_BY_SPOT = "is for docker+machine; set spot, which both executors know"
_BY_PROFILE = "is for docker+machine: docker-autoscaler signs in by the manager's instance profile; leave it out"
_REFUSED = {
    **dict.fromkeys(("amazonec2-subnet-id", "amazonec2-zone", "amazonec2-vpc-id"), _IN_ALL_ZONES),
    **dict.fromkeys(("amazonec2-request-spot-instance", "amazonec2-spot-price"), _BY_SPOT),
    **dict.fromkeys(("amazonec2-access-key", "amazonec2-secret-key", "amazonec2-session-token"), _BY_PROFILE),
    "amazonec2-security-group": "is for docker+machine; set network.workerSecurityGroup to a group with all rules",
    "amazonec2-userdata": "is a file of docker-machine's; write its text under userData",
}
"""Options that docker-autoscaler could not follow, while jobs or their owner may rely on them."""


def _group_is_not_too_large(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if pool.limit is not None and pool.most_machines > MOST_INSTANCES:
        message = (
            f"makes {pool.most_machines} machines; a group of docker-autoscaler has at most {MOST_INSTANCES}: lower "
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


def _options_can_be_followed(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    for option, message in _REFUSED.items():
        if pool.options.get(option) is not None:
            yield problem(pool.option_at(option), message)
    if pool.options.get("amazonec2-credit-specification") is not None:
        for each in pool.instance_types:
            if not each.startswith("t"):
                message = (
                    f"is for types that save CPU credits, which {each} does not; leave it out, or take t types alone"
                )
                yield problem(pool.option_at("amazonec2-credit-specification"), message)
                return


def _workers_are_reached(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    connector = table(pool.autoscaler.get("connector_config"))
    given = [
        (pool.at("autoscaler", "connector_config", "protocol_port"), whole(connector.get("protocol_port"))),
        (pool.option_at("amazonec2-ssh-port"), whole(pool.options.get("amazonec2-ssh-port"))),
    ]
    for at, port in given:
        if port not in (None, 22) and stack.table("network").get("workerSecurityGroup") is None:
            message = "is not 22, the port that the workers' security group opens; set network.workerSecurityGroup too"
            yield problem(at, message, port)


def _on_demand_fits(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if pool.limit is not None and pool.most_machines < pool.on_demand_limit <= pool.limit:
        message = f"is above {pool.most_machines}, the machines that limit and capacity_per_instance make; lower it"
        yield problem(pool.at("spot", "onDemandLimit"), message, pool.on_demand_limit)


def _docker_is_said_once(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    engine = table(pool.content.get("dockerEngine"))
    if engine and pool.options.get("engine-install-url") is not None:
        yield problem(pool.at("dockerEngine"), "says what engine-install-url says too; leave out one")
    url = text(engine.get("url"))
    if url and url.startswith("http:") and stack.table("manager").get("insecureDownloads") is not True:
        message = "is not https, so that whoever is on the way can alter what runs on workers; write https"
        yield problem(pool.at("dockerEngine", "url"), message, url)


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


def user_data_problems(settings: Settings) -> Iterator[Problem]:
    """Yield what is wrong with user data that only the whole pool shows."""
    for index, pool in enumerate(settings.pools):
        if settings.executor_of(pool) == "docker-autoscaler" and (reason := user_data_problem(pool)):
            yield problem(("pools", index, "userData"), reason)


DOCKER_AUTOSCALER_RULES: tuple[PoolRule, ...] = (
    _group_is_not_too_large,
    _numbers_are_given_once,
    _periods_can_be_said,
    _policies_fit,
    _options_can_be_followed,
    _workers_are_reached,
    _on_demand_fits,
    _docker_is_said_once,
    _manager_signs_in_by_profile,
    _runner_knows_the_executor,
)
