"""Which section of a pool's machine table holds when, and how that is drawn."""

import re
import xml.etree.ElementTree as ET
from datetime import date
from typing import Any

import pytest

from config_render.base.periods import check_period
from config_render.settings.pool import Pool
from config_render.week.drawing import as_svg, as_text
from config_render.week.schedule import Interval, Schedule, week_of

from .settings_samples import parsed, stack

MONDAY = date(2026, 11, 23)
OFFICE = {"Periods": ["* * 9-17 * * mon-fri *"], "IdleCount": 50, "IdleTime": 3600, "Timezone": "UTC"}
WEEKEND = {"Periods": ["* * * * * sat,sun *"], "IdleCount": 5, "IdleTime": 60, "Timezone": "UTC"}


def pool(*sections: dict[str, Any], **machine: Any) -> Pool:
    raw = stack({"limit": 60, "machine": {"IdleCount": 1, "autoscaling": list(sections), **machine}})
    return parsed(raw).pools[0]


def test_the_guides_periods_hold_when_the_guide_says() -> None:
    week = week_of(pool(OFFICE, WEEKEND), MONDAY)

    assert week.days[0] == [Interval(0, 540, None), Interval(540, 1080, 0), Interval(1080, 1440, None)]
    assert week.days[:5] == [week.days[0]] * 5
    assert week.days[5:] == [[Interval(0, 1440, 1)]] * 2


def test_the_last_section_that_matches_wins() -> None:
    always = {**OFFICE, "Periods": ["* * * * * * *"]}

    assert week_of(pool(OFFICE, always), MONDAY).days[0] == [Interval(0, 1440, 1)]
    assert week_of(pool(always, OFFICE), MONDAY).days[0] == [
        Interval(0, 540, 0),
        Interval(540, 1080, 1),
        Interval(1080, 1440, 0),
    ]


def test_each_section_has_its_own_time_zone_and_the_clocks_are_those_of_the_first() -> None:
    tokyo = {**OFFICE, "Timezone": "Asia/Tokyo"}

    assert week_of(pool(tokyo), MONDAY).days[0][1] == Interval(540, 1080, 0)
    assert week_of(pool(tokyo), MONDAY, "UTC").days[0][0] == Interval(0, 540, 0)
    # On the day on which clocks go back, the office hours of New York move for those of Berlin.
    new_york = {**OFFICE, "Periods": ["* * 9-17 * * * *"], "Timezone": "America/New_York"}
    berlin = week_of(pool(new_york), date(2026, 10, 26), "Europe/Berlin")
    assert [day[1].start // 60 for day in berlin.days] == [14, 14, 14, 14, 14, 14, 15]


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("* * * L * * *", [30]),
        ("* * * LW * * *", [30]),
        ("* * * 1W * * *", [2]),
        ("* * * 15W * * *", [16]),
        ("* * * 28W * * *", [27]),
        ("* * * 31W * * *", []),
        ("* * * * * 5L *", [27]),
        ("* * * * * mon#1 *", [2]),
        ("* * * * * mon#5 *", [30]),
        ("* * * * * 7 *", [1, 8, 15, 22, 29]),
        ("* * * 1-5/2 * * *", [1, 3, 5]),
        ("* * * 28/1 * * *", [28, 29, 30]),
        ("* * * 13 * fri *", [6, 13, 20, 27]),
        ("* * * 3 nov ? *", [3]),
        ("* * * 3 dec ? *", []),
        ("* * * 3 * * 2027", []),
    ],
)
def test_days_of_november_2026(period: str, days: list[int]) -> None:
    assert check_period(period) is None
    schedule = Schedule(period)
    assert [day for day in range(1, 31) if schedule.holds_on(date(2026, 11, day))] == days


def test_the_text_shows_each_hour_and_says_what_the_letters_mean() -> None:
    half = {**OFFICE, "Periods": ["* 30-59 12 * * wed *"], "IdleCount": 7}
    lines = as_text(week_of(pool(OFFICE, WEEKEND, half), MONDAY)).splitlines()

    assert lines[0] == "ci: machines that wait for jobs, by hour (UTC, week of 2026-11-23)"
    assert lines[3].split() == ["Mon", "23", "Nov", *["1"] * 9, *["50a"] * 9, *["1"] * 6]
    assert lines[5].split()[3 + 12] == "50a~"
    assert lines[8].split()[3:] == ["5b"] * 24
    assert lines[11:] == [
        "  -  machine: IdleCount 1, IdleTime 1800 s",
        "  a  autoscaling[0] * * 9-17 * * mon-fri * (UTC): IdleCount 50, IdleTime 3600 s",
        "  b  autoscaling[1] * * * * * sat,sun * (UTC): IdleCount 5, IdleTime 60 s",
        "  c  autoscaling[2] * 30-59 12 * * wed * (UTC): IdleCount 7, IdleTime 3600 s",
        "  ~  changes within the hour",
    ]


def test_no_more_machines_wait_than_the_limit_allows() -> None:
    many = {**OFFICE, "IdleCount": 70}
    lines = as_text(week_of(pool(many), MONDAY)).splitlines()

    assert lines[3].split()[3 + 9] == "60a"
    assert lines[-1].endswith("IdleCount 70, of which limit allows 60, IdleTime 3600 s")


def test_the_picture_is_well_formed_and_shows_the_same() -> None:
    picture = as_svg([week_of(pool(OFFICE, WEEKEND, IdleScaleFactor=0.5), MONDAY)])
    root = ET.fromstring(picture)  # noqa: S314  our own text
    name = "{http://www.w3.org/2000/svg}"

    titles = [title.text for title in root.iter(f"{name}title")]
    assert "Mon 23 Nov 09:00 to 18:00: 50" in titles
    assert "Sat 28 Nov 00:00 to 24:00: 5" in titles
    assert root.get("role") == "img"
    assert "1 at most, 1 at least, 0.5 times those in use" in picture
    assert not re.search(r"(href|src|url\()", picture), "it would need a network"
