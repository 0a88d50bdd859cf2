"""Rules that join several settings of one pool of docker+machine."""

import math
import re
from collections.abc import Iterator, Mapping

from ..base.problems import Problem, problem
from ..base.regions import REGIONS
from ..settings.driver import CKI_ONLY, KINDS, SINCE_30
from ..settings.spot import ON_DEMAND, Spot
from .pool_rules import PoolRule
from .raw import RawPool, RawStack, items, table, text

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

DOCKER_OF_NEW_CLIENTS = 29
"""From this version on Docker refuses clients below API 1.44, which older docker-machines are."""
_LAST_OLD_CLIENT = 40  # of GitLab's fork, July 2025; Docker 29 is of November 2025


def _table_is_of_this_executor(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    if pool.content.get("autoscaler") is not None:
        message = "is for docker-autoscaler, this pool's executor is docker+machine; set executor, or use machine"
        yield problem(pool.at("autoscaler"), message)
    if pool.content.get("dockerEngine") is not None:
        message = "is for docker-autoscaler; name a script in driver.engine-install-url, which docker-machine runs"
        yield problem(pool.at("dockerEngine"), message)


def _price_is_given(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    spot = pool.content.get("spot")
    if isinstance(spot, dict) and spot.get("maxPrice") is None:
        yield problem(pool.at("spot", "maxPrice"), f"missing; needed: {Spot.model_fields['max_price'].description}")


def _one_place_for_one_zone(stack: RawStack, pool: RawPool) -> Iterator[Problem]:
    for option in _ONE_PLACE:
        if pool.options.get(option) is not None and len(pool.zones) > 1:
            message = f"sets {option} for all of the zones {', '.join(pool.zones)}; make a pool of each zone"
            yield problem(pool.at("zones"), message)


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
    """Return whether a yes-or-no option is off, as a value or as the text of MachineOptions."""
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
    # An existing profile or host has the rights that its owner gave it.
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
    """Return whether the docker-machine of these settings is older than Docker 29."""
    return docker_machine.get("fork") == "cki" or _release(docker_machine) <= _LAST_OLD_CLIENT


def _release(docker_machine: Mapping[str, object]) -> float:
    """The number at the end of GitLab's versions; infinity where there is none, as with the default, the newest."""
    number = re.search(r"-gitlab\.(\d{1,6})", text(docker_machine.get("version")) or "")
    return int(number[1]) if number else math.inf


DOCKER_MACHINE_RULES: tuple[PoolRule, ...] = (
    _table_is_of_this_executor,
    _price_is_given,
    _one_place_for_one_zone,
    _prices_are_given,
    _spot_is_whole,
    _options_are_given_once,
    _options_come_with_what_they_need,
    _fleets_have_their_fork,
    _options_are_known_to_docker_machine,
    _zone_is_a_suffix,
    _manager_may_pass_the_profile,
    _docker_speaks_with_docker_machine,
)
