"""What the page says of a stack."""

import re
from datetime import timedelta
from typing import Any

import pytest

from planning.costs import cost
from planning.market import Market, wanted
from planning.spot_history import SpotHistory
from review.page.drawing import page
from review.page.subject import Subject

from ..render.settings_samples import REGION, parsed, stack
from .document import Element, read
from .samples import NOW, OFFICE, changed, history, large, priced, small, subject


def section(shown: Subject, name: str) -> Element:
    (found,) = [each for each in read(page(shown)).all("section") if each.attributes["aria-labelledby"] == name]
    return found


def tiles(shown: Subject) -> dict[str, str]:
    groups = [each for each in read(page(shown)).all("div") if each.children and each.children[0].tag == "dt"]
    return {each.all("dt")[0].text: each.all("dd")[0].text for each in groups}


def test_figures_are_those_of_the_costs_and_what_they_were() -> None:
    settings = small()
    shown = subject(settings)
    now = cost(shown.rows, shown.network, shown.market)
    assert tiles(shown)["Worst case"].startswith(
        f"${now.worst_per_hour.known:.3f} an hour ${now.worst_per_month.known:,.2f} a month"
    )
    assert "was" not in tiles(shown)["Worst case"]

    after = tiles(subject(settings, changes=changed(settings)))
    assert after["Machines at most"] == "21 the manager included was 20"
    assert after["Worst case"].endswith("was $1.552")
    assert "was" not in after["Without any job"]


def test_days_that_are_alike_are_said_once() -> None:
    lunch = {"Periods": ["* 30-59 12 * * wed *"], "IdleCount": 3, "Timezone": "Europe/Berlin"}
    machine = {"MaxGrowthRate": 5, "IdleCount": 1, "autoscaling": [{**OFFICE, "IdleCount": 6}, lunch]}
    said = section(subject(small(machine=machine)), "calendar").all("figcaption")[0].text

    assert said.startswith(
        "Clocks of Europe/Berlin. Mon and Tue: 1 from 00:00, 6 from 08:00, 1 from 19:00; "
        "Wed: 1 from 00:00, 6 from 08:00, 3 from 12:30, 6 from 13:00, 1 from 19:00; "
        "Thu and Fri: 1 from 00:00, 6 from 08:00, 1 from 19:00; Sat and Sun: 1 all day."
    )
    assert "autoscaling[1] * 30-59 12 * * wed * (Europe/Berlin): IdleCount 3, IdleTime 1800 s" in said


def test_neighbours_of_which_as_many_wait_are_one() -> None:
    machine = {"MaxGrowthRate": 5, "IdleCount": 2, "autoscaling": [{**OFFICE, "IdleCount": 2}]}
    drawn = section(subject(small(machine=machine)), "calendar")
    assert "Mon to Sun: 2 all day." in drawn.text
    assert len(drawn.all("rect")) == 7


def test_pools_whose_weeks_are_alike_share_a_picture() -> None:
    pools = [
        {"name": name, "zones": ["a"], "limit": 9, "machine": {"IdleCount": 2}} for name in ("one", "two", "three")
    ]
    pools[2]["machine"] = {"IdleCount": 3}
    drawn = section(subject(parsed(stack(pools=pools))), "calendar")

    assert [each.text for each in drawn.all("h3")] == ["one, two", "three"]
    assert len(drawn.all("svg")) == 2


def test_with_a_price_that_is_not_known_a_sum_is_at_least_the_rest() -> None:
    settings = parsed(
        stack(
            pools=[
                {"name": name, "zones": ["a"], "limit": 9, "instanceTypes": [kind], "machine": {"IdleCount": 2}}
                for name, kind in (("known", "m5.large"), ("unknown", "m6i.large"))
            ]
        )
    )
    prices = {("m5.large", REGION): 0.1, ("t3.small", REGION): 0.02}
    shown = subject(settings, priced(settings, on_demand=prices, fees=dict.fromkeys(wanted(settings, REGION).fees, 0)))
    drawn = section(shown, "costs")

    assert "A price is unknown, so that it may be more: unknown." in drawn.text
    total, pools = drawn.all("desc")
    assert total.text == (
        "Without any job the stack costs between $0.220 and $0.220 an hour at today's prices, and more where a price "
        "is unknown. The worst case is at least $0.920 an hour."
    )
    assert pools.text == "known: $146.00 a month, unknown: price unknown and manager: $14.60 a month."
    assert tiles(shown)["Worst case"].startswith("at least $0.920 an hour at least $671.60 a month: ")
    assert tiles(shown)["Without any job"].startswith("at least $160.60 a month")
    sums = [row.text for row in section(shown, "pools").all("tfoot")]
    assert len(sums) == 1
    assert sums[0].count("at least $") == 3


def test_a_part_of_a_pools_price_is_drawn_and_said_to_be_a_part() -> None:
    settings = small()
    pools = section(subject(settings, priced(settings, fees={})), "costs").all("desc")[1].text
    assert pools.startswith("spot: at least $")


def test_what_is_not_known_is_not_drawn_as_free() -> None:
    drawn = section(subject(small(machine={"MaxGrowthRate": 5}), Market()), "costs")
    assert drawn.all("svg") == []
    assert "A price is unknown, so that it may be more: manager." in drawn.text


def test_the_parts_of_a_cost_are_listed_and_come_to_all_of_it() -> None:
    shown = section(subject(large(1)), "pools")
    (parts,) = [each for each in shown.all("table") if "What it is for" in each.all("caption")[0].text]
    rows = {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in parts.all("tbody")[0].all("tr")}

    assert [*rows] == ["machines", "disks", "public addresses", "NAT gateways"]
    assert rows["NAT gateways"] == ["$0.052", "$37.96", "$37.96"]
    # Of the manager and of the NAT gateway.
    assert rows["public addresses"] == ["$0.010", "$7.30", "$7.30"]
    whole = [cell.text for cell in shown.all("tfoot")[0].all("td")]
    for column, of_all in ((0, whole[1]), (1, whole[2]), (2, whole[4])):
        parts_of_it = [float(cells[column].replace(",", "")[1:]) for cells in rows.values()]
        assert sum(parts_of_it) == pytest.approx(float(of_all.replace(",", "")[1:]), abs=0.02)
    assert "Not counted: data transfer" in shown.text


def test_the_network_has_lines_of_its_own_beside_the_pools() -> None:
    lines = [row.text for row in section(subject(large(1)), "pools").all("tr")]
    assert any(line.startswith("1 NAT gateway a ") and "$0.057 $41.61" in line for line in lines)


def test_the_cost_over_the_week_rises_when_machines_wait() -> None:
    drawn = section(
        subject(
            small(),
            Market(
                on_demand={("t3.small", REGION): 0.02},
                fees={("gp3", REGION): 0, ("public address", REGION): 0},
                spot={("m6i.large", f"{REGION}{zone}"): history(0.05, 0) for zone in "ab"},
            ),
        ),
        "costs",
    )
    assert drawn.all("desc")[0].text.startswith("Without any job the stack costs between $0.070 and $0.320 an hour")
    (line,) = [each for each in drawn.all("path") if each.attributes.get("class") == "line"]
    # Up and down on each of five days.
    assert len(re.findall("V", line.attributes["d"])) == 10


@pytest.mark.parametrize(
    ("price", "swing", "verdict"),
    [
        (0.05, 0.0, "✓ within the cap all day"),
        (0.08, 0.0, "▲ now above the cap in eu-central-1a and eu-central-1b, where AWS starts none"),
        (0.065, 0.01, "▲ within the cap now, above it for up to"),
    ],
)
def test_a_spot_price_is_held_against_the_cap(price: float, swing: float, verdict: str) -> None:
    settings = small()
    spot = {("m6i.large", f"{REGION}{zone}"): history(price, swing) for zone in "ab"}
    shown = section(subject(settings, priced(settings, spot=spot)), "spot")
    assert shown.all("figcaption")[0].text.startswith(f"m6i.large {verdict}")


def test_spot_pools_without_prices_are_named() -> None:
    shown = section(subject(small(), Market()), "spot")
    assert shown.all("svg", "details") == []
    assert shown.text.endswith("Unknown for spot.")


def test_pools_with_the_same_spot_machines_are_drawn_once() -> None:
    assert len(section(subject(large()), "spot").all("svg")) == 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"network": {"zones": ["a"], "private": True}},
            "NAT gateway: one for all zones, workers have private addresses only",
        ),
        (
            {"network": {"zones": ["a"], "interfaceEndpoints": ["ec2", "ssm"]}},
            "Endpoints: s3: gateway, free, ec2, ssm.",
        ),
        ({"network": {"zones": ["a"], "egressPorts": [80, 443]}}, "open to the outside: TCP 80 and 443."),
        ({"network": {"vpcId": "default", "zones": ["a"]}}, "The region's default VPC."),
        ({"network": {"vpcId": "vpc-0ours", "subnetIds": ["subnet-0a"]}}, "VPC vpc-0ours, there already."),
        (
            {"manager": {"sshFrom": ["203.0.113.0/24"], "elasticIp": True, "ssm": True}},
            "an address that stays; SSH and SSM",
        ),
        ({"cache": {"s3": {"BucketName": "ours"}}}, "S3 cache: a bucket there already."),
        ({"cache": {"Type": "gcs", "gcs": {"BucketName": "ours"}}}, "Cache: Google Cloud Storage."),
        ({}, "Pool ci, limit 20: up to 20 m5.large on demand in eu-central-1a."),
    ],
)
def test_the_drawing_says_what_there_is(settings: dict[str, Any], words: str) -> None:
    shown = subject(parsed(stack(**settings)), Market())
    assert words in section(shown, "topology").all("desc")[0].text


def test_many_types_in_a_zone_are_summed_up() -> None:
    drawn = section(subject(large()), "topology").all("text")
    times = "\N{MULTIPLICATION SIGN}"
    # Twelve pools in three zones each, whose machines may all be in any of these.
    assert sum(each.text == f"≤ 30 {times} m6i.large" for each in drawn) == 36
    assert sum(each.text == f"≤ 3 {times} m6i.large" for each in drawn) == 36
    assert sum(each.text == "≤ 3 of 3 more types" for each in drawn) == 36

    many = small(instanceTypes=["m5.large", "m5a.large", "m6i.large", "m6a.large", "m7i.large"], limit=20)
    drawn = section(subject(many), "topology").all("text")
    assert [each.text for each in drawn].count("≤ 20 of 2 more types") == 2


def test_a_pool_whose_machines_may_be_in_several_places_is_counted_once() -> None:
    spot = {"maxPrice": 0.07, "onDemandLimit": 3}
    settings = small(spot=spot)
    free = dict.fromkeys(wanted(settings, REGION).fees, 0)
    rows = section(subject(settings, priced(settings, fees=free)), "pools").all("tr")
    lines = [[cell.text for cell in row.all("th", "td")] for row in rows if len(row.all("th", "td")) == 8]

    kinds = "m6i.large (spot, cap 0.07 or on demand)"
    assert lines[1][:5] == ["spot", "a, b", kinds, "23", f"${20 * 0.07 + 3 * 0.118:.3f}"]
    total = section(subject(small(spot=spot)), "topology").all("desc")[0].text
    assert (
        "Pool spot, limit 20: up to 20 m6i.large spot in eu-central-1a, up to 20 m6i.large spot in eu-central-1b, "
        "up to 3 m6i.large on demand in eu-central-1a and up to 3 m6i.large on demand in eu-central-1b."
    ) in total


def test_the_table_of_machines_has_the_days_prices() -> None:
    settings = small()
    spot = {("m6i.large", f"{REGION}{zone}"): history(0.05, 0.0) for zone in "ab"}
    spike = SpotHistory(
        NOW, ((NOW - timedelta(hours=30), 0.05), (NOW - timedelta(minutes=2), 0.08), (NOW - timedelta(minutes=1), 0.05))
    )
    market = priced(settings, spot={**spot, ("m6i.large", f"{REGION}b"): spike})
    rows = section(subject(settings, market), "pools").all("tr")

    cells = [[cell.text for cell in row.all("th", "td")] for row in rows if len(row.all("th", "td")) == 11]
    assert cells[1:] == [
        ["spot", "eu-central-1a", "m6i.large", "spot", "20", "0.0700", "0.0500", "0.0500", "0.0500", "100 %", "0.1180"],
        ["spot", "eu-central-1b", "m6i.large", "spot", "20", "0.0700", "0.0500", "0.0500", "0.0800", "99 %", "0.1180"],
        ["manager", "eu-central-1a", "t3.small", "on demand", "1", *["\N{EN DASH}"] * 5, "0.0200"],
    ]


def test_zones_that_only_aws_knows_are_told_as_such() -> None:
    assert "known to AWS alone" in section(subject(small(), zones_known=False), "topology").text
    assert "known to AWS alone" not in section(subject(small()), "topology").text


def test_what_can_not_start_comes_before_what_to_know() -> None:
    settings = small()
    market = priced(settings, offered={"m6i.large": frozenset({f"{REGION}a"})})
    rows = section(subject(settings, market), "warnings").all("li")

    assert [each.text.split(" gitlab-runner")[0] for each in rows] == ["Can't start", "Warning"]
    assert "is not offered in eu-central-1b" in rows[0].text
