"""What AWS is asked of prices, and the table that is made of its answers, on markets made by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config_render import Settings
from planning.prices import Failure, Market, report, wanted
from planning.spot_history import SpotHistory
from planning.spot_quotas import spot_quota

from .settings_samples import REGION, parsed, stack

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
A, B = "eu-central-1a", "eu-central-1b"
STANDARD = "L-34B43A08"


def history(*points: tuple[float, float], until: datetime = NOW) -> SpotHistory:
    """Points as hours before `NOW` and prices."""
    return SpotHistory(until, tuple((NOW - timedelta(hours=hours), price) for hours, price in points))


def pools(*given: Mapping[str, Any], **settings: Any) -> Settings:
    each = [{"name": f"p{n}", "zones": ["a"], "limit": 10, **pool} for n, pool in enumerate(given)]
    return parsed(stack(pools=each, **settings))


def said(settings: Settings, **market: Any) -> list[str]:
    told = report(settings, REGION, Market(**market))
    found = (*told.errors, *told.warnings)
    return [str(problem).removeprefix("gitlab-runner-aws:") for problem in found]


def test_a_price_counts_for_as_long_as_it_held() -> None:
    # In the last 24 h: 1.0 for 6 h, 3.0 for 17 h, 2.0 for 1 h; the first one began before.
    day = history((30, 1.0), (18, 3.0), (1, 2.0))

    assert (day.lowest, day.median, day.highest, day.latest) == (1.0, 3.0, 3.0, 2.0)
    assert day.share_within(2.0) == pytest.approx(7 / 24)
    assert [day.share_within(cap) for cap in (0.9, 3.0)] == [0, 1]


def test_the_order_of_points_means_nothing() -> None:
    day = history((1, 2.0), (30, 1.0), (18, 3.0))
    assert day.lowest == 1.0
    assert day.share_within(2.0) == pytest.approx(7 / 24)


def test_what_ended_before_the_day_began_does_not_count() -> None:
    assert history((40, 9.0), (25, 1.0), (12, 2.0)).highest == 2.0


def test_a_day_that_is_known_in_part_is_judged_by_that_part() -> None:
    day = history((4, 1.0), (1, 2.0))
    assert (day.median, day.share_within(1.0)) == (1.0, 0.75)


@pytest.mark.parametrize("hours", [0, -1], ids=["begins now", "begins later, by a clock that is behind"])
def test_a_price_that_has_just_begun_is_the_latest(hours: float) -> None:
    assert history((hours, 2.0)).median == 2.0
    assert history((20, 1.0), (hours, 2.0)).latest == 2.0


@pytest.mark.parametrize(
    ("instance_type", "code"),
    [
        *(
            (each, STANDARD)
            for each in ("m6i.large", "a1.large", "im4gn.large", "is4gen.large", "t3.micro", "z1d.large")
        ),
        *((each, "L-3819A6DF") for each in ("g4dn.xlarge", "gr6.4xlarge", "vt1.3xlarge")),
        *(("p4d.24xlarge", "L-7212CCBC"), ("f1.2xlarge", "L-88CF9481"), ("x2gd.large", "L-E3A00192")),
        *(("inf2.xlarge", "L-B5D1601B"), ("dl1.24xlarge", "L-85EED4F7"), ("trn1.2xlarge", "L-6B0D517C")),
        *(("hpc7a.96xlarge", None), ("mac2.metal", None), ("u-6tb1.metal", None)),
    ],
)
def test_a_type_counts_against_the_quota_of_its_family(instance_type: str, code: str | None) -> None:
    quota = spot_quota(instance_type)
    assert (quota.code if quota else None) == code


def test_what_is_asked_follows_from_the_settings() -> None:
    settings = pools(
        {"zones": ["b", "a"], "instanceTypes": ["m5.large", "g5.xlarge"], "spot": {"maxPrice": 0.1}},
        {"zones": ["c"], "instanceTypes": ["c5.large"]},
    )
    asked = wanted(settings, REGION)

    assert asked.region == REGION
    assert asked.instance_types == ("c5.large", "g5.xlarge", "m5.large", "t3.small")
    assert asked.zones == (A, B, "eu-central-1c")
    assert asked.priced == tuple((kind, REGION) for kind in asked.instance_types)
    assert (asked.spot_types, asked.spot_zones) == (("g5.xlarge", "m5.large"), (A, B))
    assert asked.quotas == (STANDARD, "L-3819A6DF")
    assert asked.fees == (("gp3", REGION), ("public address", REGION))


def test_prices_of_disks_and_of_the_network_are_asked_for_as_the_settings_have_them() -> None:
    network = {"zones": ["a"], "private": True, "interfaceEndpoints": ["ec2"]}
    manager = {"sshFrom": ["203.0.113.0/24"], "publicAddress": False}
    asked = wanted(pools({"driver": {"amazonec2-volume-type": "gp2"}}, network=network, manager=manager), REGION)

    # The NAT gateway has a public address too, though no machine has one.
    names = ("NAT gateway", "gp2", "gp3", "interface endpoint", "public address")
    assert asked.fees == tuple((name, REGION) for name in names)


def test_a_local_zone_has_prices_of_its_own() -> None:
    settings = pools({"zones": ["-lax-1a"]}, network={"zones": ["a", "-lax-1a"]})
    asked = wanted(settings, "us-west-2")
    assert asked.priced == (("m5.large", "us-west-2-lax-1"), ("t3.small", "us-west-2"))
    assert ("gp3", "us-west-2-lax-1") in asked.fees


TABLE = """\
                                          spot price, last 24 h
pool     zone           type         cap     min  median     max  under cap  on demand  machines  worst case/h
p0       eu-central-1a  m5.large  0.0500  0.0400  0.0600  0.0600       29 %     0.1000         5        $0.250
p0       eu-central-1b  m5.large  0.0500       ?       ?       ?          ?     0.1000         5        $0.250
p0       eu-central-1a  m5.large       -       -       -       -          -     0.1000         1        $0.100
p0       eu-central-1b  m5.large       -       -       -       -          -     0.1000         1        $0.100
p1       eu-central-1a  c5.large       -       -       -       -          -     0.0800         2        $0.160
manager  eu-central-1a  t3.small       -       -       -       -          -          ?         1             ?

at most             machines          an hour   a month (730 h)
p0                         6           $0.374           $273.02
p1                         2           $0.168           $122.64
manager                    1  at least $0.007    at least $5.11
NAT gateways                           $0.055            $40.15
in all                     9  at least $0.604  at least $440.92
  machines                    at least $0.510  at least $372.30
  disks                                $0.034            $24.82
  public addresses                     $0.010             $7.30
  NAT gateways                         $0.050            $36.50
Not counted: data transfer, requests, and what the cache and the logs hold.
"""


def test_the_table_has_prices_and_the_worst_case() -> None:
    settings = pools(
        {"zones": ["a", "b"], "limit": 5, "spot": {"maxPrice": 0.05, "onDemandLimit": 1}},
        {"instanceTypes": ["c5.large"], "limit": 2},
        network={"zones": ["a", "b"], "private": True},
    )
    market = Market(
        spot={("m5.large", A): history((30, 0.04), (18, 0.06), (1, 0.045))},
        on_demand={("m5.large", REGION): 0.1, ("c5.large", REGION): 0.08},
        fees={("gp3", REGION): 0.073, ("NAT gateway", REGION): 0.05, ("public address", REGION): 0.005},
    )
    assert list(report(settings, REGION, market).lines) == TABLE.splitlines()


@pytest.mark.parametrize(("points", "shown"), [([(30, 0.05)], "100 %"), ([(30, 0.05), (0.01, 0.06)], "99 %")])
def test_all_of_the_time_means_all_of_it(points: list[tuple[float, float]], shown: str) -> None:
    market = Market(spot={("m5.large", A): history(*points)})
    assert f" {shown} " in report(pools({"spot": {"maxPrice": 0.05}}), REGION, market).lines[2]


def test_a_type_that_a_zone_lacks_has_no_price_there() -> None:
    market = Market(offered={"m5.large": frozenset()}, on_demand={("m5.large", REGION): 0.1})
    assert "  no offer  " in report(pools({}), REGION, market).lines[1 + 1]


def test_in_china_prices_are_in_its_currency() -> None:
    market = Market(on_demand={("m5.large", "cn-north-1"): 0.5, ("t3.small", "cn-north-1"): 0.1})
    assert "CNY 5.100" in "\n".join(report(pools({}), "cn-north-1", market).lines)


def test_what_could_not_be_asked_brings_a_line_for_each_reason_and_no_problem() -> None:
    settings = pools({"ami": "ami-0123456789abcdef0", "spot": {"maxPrice": "onDemand", "onDemandPrice": 0.1}})
    failures = [
        ("spot prices", "no"),
        ("prices on demand", "late"),
        ("prices on demand", "late"),
        ("spot quotas", "late"),
    ]
    told = report(settings, REGION, Market(failures=tuple(Failure(*each) for each in failures)))

    assert (told.errors, told.warnings) == ((), ())
    assert told.lines[-2:] == ("Unknown: spot prices: no", "Unknown: prices on demand, spot quotas: late")
