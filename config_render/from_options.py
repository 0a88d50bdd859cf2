"""MachineOptions that somebody wrote by hand, as settings: where machines are, what they are, and the driver's options.

https://gitlab.com/gitlab-org/ci-cd/docker-machine/-/blob/main/docs/drivers/aws.md#options
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .models.driver import KINDS, DriverOptions
from .models.spot import ON_DEMAND
from .models.tags import DEPLOYMENT_TAG, MANAGER_TAG, join_tags, split_tags
from .problems import Problem
from .raw_options import check_option, merge_options
from .rules.pool_relations import is_off

_DRIVERS_REGION, _DRIVERS_ZONE, _DRIVERS_TYPE, _DRIVERS_PRICE = "us-east-1", "a", "t2.micro", "0.50"
"""What docker-machine takes where these are left out."""

_SECRETS = {
    "amazonec2-access-key": "awsAccessKey",
    "amazonec2-secret-key": "awsSecretKey",
    "amazonec2-session-token": "awsSessionToken",
}
_OWN_TAGS = (MANAGER_TAG, DEPLOYMENT_TAG)
_PLACED = (
    *("amazonec2-ami", "amazonec2-region", "amazonec2-instance-type", "amazonec2-zone", "amazonec2-vpc-id"),
    *("amazonec2-subnet-id", "amazonec2-security-group", "amazonec2-spot-price", "amazonec2-request-spot-instance"),
)


@dataclass
class Choices:
    """What one entry's MachineOptions say."""

    region: str
    zone: str
    vpc: str | None
    subnet: str | None
    groups: Sequence[str]
    """Names of security groups."""
    pool: dict[str, Any]
    """A pool's settings for them, less `driver`."""
    driver: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_options(options: Sequence[str], entry: str, secret: Callable[[str, str, str], str]) -> Choices:
    """Take `options` apart. `entry` is their entry's place, such as runners[0].

    `secret` returns the placeholder for a secret; it is given the name that would suit, the secret, and its place.
    """
    placed: dict[str, list[str]] = {}
    kept, extra, notes, problems = [], [], [], []
    for index, option in enumerate(_own_tags_left_out(options)):
        place = f"{entry}.machine.MachineOptions[{index}]"
        name, _, value = option.partition("=")
        if name == "amazonec2-tags" and not value:
            continue
        if name in _PLACED:
            placed.setdefault(name, []).append(value)
        elif name in _SECRETS:
            kept.append(f"{name}={secret(_SECRETS[name], value, place)}")
        elif name in DriverOptions.refused():
            notes.append(f"{place}: left out; {name} {DriverOptions.refused()[name]}")
        elif name not in KINDS and "=" in option:
            extra.append(option)
        elif reason := check_option(option):
            problems.append(Problem(place, None, reason))
        else:
            kept.append(option)
    last = {name: values[-1] for name, values in placed.items()}
    groups = placed.get("amazonec2-security-group", [])
    region = last.get("amazonec2-region", _DRIVERS_REGION)
    if "amazonec2-spot-price" in last and not _is_spot(last):
        notes.append(f"{entry}.machine.MachineOptions: a price without amazonec2-request-spot-instance is left out")
    return Choices(
        region=region,
        zone=last.get("amazonec2-zone", _DRIVERS_ZONE).removeprefix(region),
        vpc=last.get("amazonec2-vpc-id"),
        subnet=last.get("amazonec2-subnet-id"),
        groups=groups[:1],
        pool=_pool(last),
        driver=_driver(kept, groups[1:], extra),
        notes=notes,
        problems=problems,
    )


def _own_tags_left_out(options: Sequence[str]) -> Iterator[str]:
    for option in options:
        name, _, value = option.partition("=")
        if name == "amazonec2-tags" and value.count(",") % 2:
            kept = {key: text for key, text in split_tags(value).items() if key not in _OWN_TAGS}
            yield f"{name}={join_tags(kept)}"
        else:
            yield option


def _pool(placed: Mapping[str, str]) -> dict[str, Any]:
    pool: dict[str, Any] = {"instanceTypes": [placed.get("amazonec2-instance-type", _DRIVERS_TYPE)]}
    if ami := placed.get("amazonec2-ami"):
        pool["ami"] = ami
    if _is_spot(placed):
        pool["spot"] = {"maxPrice": _price(placed.get("amazonec2-spot-price", _DRIVERS_PRICE))}
    return pool


def _is_spot(placed: Mapping[str, str]) -> bool:
    return not is_off(placed.get("amazonec2-request-spot-instance"))


def _driver(options: Sequence[str], groups: Sequence[str], extra: Sequence[str]) -> dict[str, Any]:
    driver = {
        name: list(value) if isinstance(value, tuple) else value for name, value in merge_options(options).items()
    }
    more = {"amazonec2-security-group": [*groups], "extra": [*extra]}
    return {**driver, **{name: value for name, value in more.items() if value}}


def _price(text: str) -> float | str:
    """An empty price meant what machines cost on demand, until AWS refused it."""
    if text == "":
        return ON_DEMAND
    try:
        return float(text)
    except ValueError:
        return text
