"""Rules that join several settings of one pool."""

import math
import re
from collections.abc import Callable, Iterator, Mapping

from ..base.instance_types import architecture
from ..base.labels import MOST_LABELS
from ..base.problems import Problem, problem
from ..base.regions import REGIONS
from ..settings.driver import CKI_ONLY, KINDS, SINCE_30
from ..settings.spot import ON_DEMAND
from .disk_relations import operations_fit_the_disk, throughput_fits_the_disk
from .raw import RawPool, RawStack, items, table, text, texts, whole

_NEEDS = (
    ("amazonec2-access-key", "amazonec2-secret-key"),
    ("amazonec2-secret-key", "amazonec2-access-key"),
    ("amazonec2-session-token", "amazonec2-access-key"),
    ("amazonec2-keypair-name", "amazonec2-ssh-keypath"),
    ("amazonec2-insecure-transport", "amazonec2-endpoint"),
    ("amazonec2-use-fleet", "amazonec2-launch-template"),
    ("amazonec2-launch-template", "amazonec2-use-fleet"),
)
"""Options without effect, or refused by the driver, unless the second one is set too."""

_ONE_PLACE = ("amazonec2-subnet-id", "amazonec2-zone", "amazonec2-vpc-id")

# As part of a name: registry.example.com/arm64v8/alpine, gitlab-runner-helper:x86_64-v19.3.0.
_ARM = r"^arm64(v8)?/|[-/_.:](arm64(v8)?|aarch64)([-/_.:]|$)"
_X86 = r"^amd64/|[-/_.:](amd64|x86_64)([-/_.:]|$)"

DOCKER_OF_NEW_CLIENTS = 29
"""From this version on Docker refuses clients below API 1.44, which older docker-machines are."""
_LAST_OLD_CLIENT = 40  # of GitLab's fork, July 2025; Docker 29 is of November 2025


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


def _one_place_for_one_zone(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    for option in _ONE_PLACE:
        if pool.options.get(option) is not None and len(pool.zones) > 1:
            message = f"sets {option} for all of the zones {', '.join(pool.zones)}; make a pool of each zone"
            yield problem(pool.at("zones"), message)


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


def _prices_are_given(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    spot = table(pool.content.get("spot"))
    prices = spot.get("onDemandPrice")
    if spot.get("maxPrice") == ON_DEMAND:
        missing = [t for t in pool.instance_types if t not in prices] if isinstance(prices, Mapping) else []
        if prices is None or missing:
            message = f"needs to know what {(missing or pool.instance_types)[0]} costs; set onDemandPrice beside it"
            yield problem(pool.at("spot", "maxPrice"), message, ON_DEMAND)
    for priced in table(prices):
        if priced not in pool.instance_types:
            message = f"prices {priced}, which is not in instanceTypes; add it there or leave it out here"
            yield problem(pool.at("spot", "onDemandPrice"), message)


def _spot_is_whole(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    request, price = pool.options.get("amazonec2-request-spot-instance"), pool.options.get("amazonec2-spot-price")
    if request is None and price is None:
        return
    at = pool.option_at("amazonec2-request-spot-instance")
    if pool.content.get("spot") is not None:
        message = "says what amazonec2-request-spot-instance and amazonec2-spot-price say too; leave out one"
        yield problem(pool.at("spot"), message)
    elif is_off(request) and price is not None:
        message = "needs amazonec2-request-spot-instance=true: on-demand machines have no spot price; or set spot"
        yield problem(pool.option_at("amazonec2-spot-price"), message)
    elif not is_off(request) and price is None:
        message = "needs amazonec2-spot-price, or docker-machine pays up to 0.50 US dollars per hour; or set spot"
        yield problem(at, message)


def is_off(option: object) -> bool:
    """Tell whether a yes-or-no option is off, as a value or as the text of MachineOptions."""
    return option is None or option is False or option in ("0", "f", "F", "false", "False", "FALSE")


def _options_are_given_once(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    seen: dict[str, set[str]] = {option: set() for option in pool.driver}
    for key in ("MachineOptions", "MachineOptionsWithName"):
        for index, option in enumerate(items(pool.machine.get(key))):
            name, _, value = str(option).partition("=")
            again = name in seen and (KINDS.get(name) != "list" or value in seen[name])
            if again:
                where = "under driver" if name in pool.driver else "before"
                yield problem(pool.at("machine", key, index), f"sets {name}, which is set {where}; leave one out")
            seen.setdefault(name, set()).add(value)


def _options_come_with_what_they_need(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if not pool.options:
        return
    for option, needed in _NEEDS:
        if not is_off(pool.options.get(option)) and is_off(pool.options.get(needed)):
            yield problem(pool.option_at(option), f"has no effect without {needed}; set both or neither")
    encrypted = pool.options.get("amazonec2-volume-encrypted")
    if pool.options.get("amazonec2-volume-kms-key") and encrypted is not None and is_off(encrypted):
        message = "needs amazonec2-volume-encrypted, which is false; leave that out"
        yield problem(pool.option_at("amazonec2-volume-kms-key"), message)


def _fleets_have_their_fork(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if stack.table("manager", "dockerMachine").get("fork") == "cki":
        return
    for option in CKI_ONLY:
        if pool.options.get(option) is not None:
            message = "is an option of the CKI project's fork, GitLab's has no fleets; set manager.dockerMachine.fork"
            yield problem(pool.option_at(option), f"{message} to cki, or leave it out")


def _options_are_known_to_docker_machine(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    program = stack.table("manager", "dockerMachine")
    if program.get("fork") != "cki" and _release(program) >= 30:
        return
    message = "needs GitLab's docker-machine 0.16.2-gitlab.30 or newer; set manager.dockerMachine, or leave this out"
    for option in SINCE_30:
        if pool.options.get(option) is not None:
            yield problem(pool.option_at(option), message)


def _zone_is_a_suffix(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    zone = text(pool.options.get("amazonec2-zone")) or ""
    region = next((each for each in REGIONS if zone.startswith(each) and zone != each), None)
    if region is not None and pool.options.get("amazonec2-endpoint") is None:
        message = (
            f"is a whole zone, before which docker-machine puts the region again; write {zone.removeprefix(region)}"
        )
        yield problem(pool.option_at("amazonec2-zone"), message, zone)


def _manager_may_pass_the_profile(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    option = "amazonec2-iam-instance-profile"
    profile, identity = text(pool.options.get(option)), stack.table("identity")
    # A profile or a host that is there already has the rights that its owner gave it.
    if identity.get("managerInstanceProfile") is not None or stack.table("manager").get("host") is not None:
        return
    own = text(identity.get("workerInstanceProfile")) or ""
    if profile and re.fullmatch(r"[\w+=,.@-]+", profile) and not own.endswith(f"/{profile}"):
        message = (
            "is not the profile that the manager may hand to machines, so AWS refuses to start them; set "
            "identity.workerInstanceProfile and workerRole instead"
        )
        yield problem(pool.option_at(option), message, profile)


def _docker_speaks_with_docker_machine(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    url = text(pool.options.get("engine-install-url")) or ""
    found = re.search(r"/v?(\d{2})(?:\.\d+){0,2}(?:\.sh)?/?$", url)
    if found and int(found[1]) >= DOCKER_OF_NEW_CLIENTS and is_old_client(stack.table("manager", "dockerMachine")):
        message = (
            f"installs Docker {found[1]}, which refuses the docker-machine that manager.dockerMachine names (Docker "
            f"{DOCKER_OF_NEW_CLIENTS} wants clients of API 1.44); name a newer one, or install Docker 28"
        )
        yield problem(pool.option_at("engine-install-url"), message, url)


def is_old_client(docker_machine: Mapping[str, object]) -> bool:
    """Tell whether the docker-machine of these settings is older than Docker 29."""
    return docker_machine.get("fork") == "cki" or _release(docker_machine) <= _LAST_OLD_CLIENT


def _release(docker_machine: Mapping[str, object]) -> float:
    """The number at the end of GitLab's versions; infinity where there is none, as with the default, the newest."""
    number = re.search(r"-gitlab\.(\d{1,6})", text(docker_machine.get("version")) or "")
    return int(number[1]) if number else math.inf


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


POOL_RULES: tuple[Callable[[RawStack, RawPool], Iterator[Problem]], ...] = (
    _limit_suffices,
    _idle_count_is_above_its_minimum,
    _zones_exist,
    _one_place_for_one_zone,
    _image_fits_all_types,
    _containers_fit_the_types,
    _prices_are_given,
    _spot_is_whole,
    _options_are_given_once,
    _options_come_with_what_they_need,
    _fleets_have_their_fork,
    _options_are_known_to_docker_machine,
    operations_fit_the_disk,
    throughput_fits_the_disk,
    _zone_is_a_suffix,
    _manager_may_pass_the_profile,
    _docker_speaks_with_docker_machine,
    _labels_fit,
    _pull_policies_are_allowed,
)
