"""What is said of prices, offers and quotas with which machines do not start, on markets made by hand."""

from typing import Any

import pytest

from .settings_samples import REGION
from .test_prices import STANDARD, A, B, history, pools, said

SPOT = {"spot": {"maxPrice": 0.05}}
PROBLEMS: list[tuple[str, list[dict[str, Any]], dict[str, Any], list[str]]] = [
    (
        "a cap under the latest price, in one of the zones",
        [{"zones": ["a", "b"], **SPOT}],
        {"spot": {("m5.large", A): history((30, 0.04), (1, 0.06)), ("m5.large", B): history((30, 0.06), (1, 0.05))}},
        [
            "pools[0].spot.maxPrice = 0.05: is under today's spot price of m5.large, 0.06 in eu-central-1a, so "
            "that AWS starts none there; raise it to 0.06 or more, or take another zone or type"
        ],
    ),
    (
        "a cap under the latest price in both zones",
        [{"zones": ["a", "b"], "spot": {"maxPrice": "onDemand", "onDemandPrice": 0.05}}],
        {"spot": {("m5.large", A): history((1, 0.06)), ("m5.large", B): history((1, 0.0701))}},
        [
            "pools[0].spot.onDemandPrice = 0.05: is under today's spot price of m5.large, 0.06 in eu-central-1a and "
            "0.0701 in eu-central-1b, so that AWS starts none there; raise it to 0.0701 or more, or take another "
            "zone or type"
        ],
    ),
    (
        "a price that AWS does not ask",
        [{"spot": {"maxPrice": "onDemand", "onDemandPrice": {"m5.large": 0.115}}}, {"spot": {"maxPrice": 0.1}}],
        {"on_demand": {("m5.large", REGION): 0.1}},
        [
            'pools[0].spot.onDemandPrice["m5.large"] = 0.115: is not what m5.large costs on demand in '
            "eu-central-1; set 0.1"
        ],
    ),
    (
        "the price that AWS asks, as a person types it",
        [{"spot": {"maxPrice": "onDemand", "onDemandPrice": 0.0053}}],
        {"on_demand": {("m5.large", REGION): 0.0053001}},
        [],
    ),
    (
        "a type that a zone lacks",
        [{"zones": ["a", "b"], "instanceTypes": ["c5.large", "m9z.large"]}],
        {"offered": {"c5.large": frozenset({A, B}), "m9z.large": frozenset({B}), "t3.small": frozenset({A})}},
        [
            "pools[0].instanceTypes[1] = m9z.large: is not offered in eu-central-1a; take another type, or change the "
            "pool's zones"
        ],
    ),
    (
        "a manager's type that its zone lacks",
        [{}],
        {"offered": {"m5.large": frozenset({A}), "t3.small": frozenset()}},
        [
            "manager.instanceType = t3.small: is not offered in eu-central-1a; take another type, or change "
            "network.zones"
        ],
    ),
    (
        "a type that is not what its name says",
        [{}],
        {"architectures": {"m5.large": frozenset({"arm64"}), "t3.small": frozenset({"i386", "x86_64"})}},
        [
            "pools[0].instanceTypes = m5.large: is arm64, and the image that is looked up for it is x86_64; name "
            "another with the pool's ami"
        ],
    ),
    (
        "a quota that one pool exceeds",
        [{"limit": 33, **SPOT}, {"limit": 1000}, {"instanceTypes": ["g5.xlarge"], **SPOT}],
        {"vcpus": {"m5.large": 2, "g5.xlarge": 4}, "quotas": {STANDARD: 64.0, "L-3819A6DF": 40.0}},
        [
            "pools[0].limit = 33: may take 33 spot machines with 66 vCPUs, above the account's quota of 64 in "
            "eu-central-1 (All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests); lower it, or ask "
            "for more: aws service-quotas request-service-quota-increase --region eu-central-1 --service-code ec2 "
            "--quota-code L-34B43A08 --desired-value 66"
        ],
    ),
    (
        "a quota that pools exceed together",
        [{"limit": 20, **SPOT}, {"limit": 20, "instanceTypes": ["c5.large"], **SPOT}],
        {"vcpus": {"m5.large": 2, "c5.large": 2}, "quotas": {STANDARD: 79.0}},
        [
            "pools: may take 40 spot machines with 80 vCPUs, above the account's quota of 79 in eu-central-1 (All "
            "Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests); lower their limits, or ask for more: aws "
            "service-quotas request-service-quota-increase --region eu-central-1 --service-code ec2 --quota-code "
            "L-34B43A08 --desired-value 80"
        ],
    ),
    (
        "a quota that is met",
        [{"limit": 32, **SPOT}],
        {"vcpus": {"m5.large": 2}, "quotas": {STANDARD: 64.0}},
        [],
    ),
    (
        "a quota that is met wherever the machines are, those on demand being of another",
        [{"zones": ["a", "b"], "limit": 32, "spot": {"maxPrice": 0.05, "onDemandLimit": 32}}],
        {"vcpus": {"m5.large": 2}, "quotas": {STANDARD: 64.0}},
        [],
    ),
    (
        "a quota that is exceeded where all machines are of the largest type",
        [{"instanceTypes": ["m5.large", "m5.xlarge"], "limit": 20, **SPOT}],
        {"vcpus": {"m5.large": 2, "m5.xlarge": 4}, "quotas": {STANDARD: 79.0}},
        [
            "pools[0].limit = 20: may take 20 spot machines with 80 vCPUs, above the account's quota of 79 in "
            "eu-central-1 (All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests); lower it, or ask "
            "for more: aws service-quotas request-service-quota-increase --region eu-central-1 --service-code ec2 "
            "--quota-code L-34B43A08 --desired-value 80"
        ],
    ),
]


@pytest.mark.parametrize(("given", "market", "expected"), [each[1:] for each in PROBLEMS], ids=[p[0] for p in PROBLEMS])
def test_what_keeps_machines_from_starting_is_told(
    given: list[dict[str, Any]], market: dict[str, Any], expected: list[str]
) -> None:
    assert said(pools(*given), **market) == expected


def test_spot_options_of_the_driver_count_as_spot_too() -> None:
    driver = {"amazonec2-request-spot-instance": True, "amazonec2-spot-price": "0.03"}
    options = [f"{name}={value}".replace("True", "true") for name, value in driver.items()]
    market = {"spot": {("m5.large", A): history((30, 0.04))}}

    (by_driver,) = said(pools({"driver": driver}), **market)
    (by_option,) = said(pools({"machine": {"MachineOptions": options}}), **market)
    assert by_driver.startswith("pools[0].driver.amazonec2-spot-price = 0.03: is under today's spot price")
    assert by_option.startswith("pools[0].machine.MachineOptions: is under today's spot price")
