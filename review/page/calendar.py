"""The week of each pool: how many machines wait for jobs, hour by hour; pools that are alike share a picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from config_render import Settings
from config_render.week.drawing import legend
from config_render.week.schedule import MINUTES, Week, week_of

from .svg import label, picture, tag

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEFT, _TOP, _HOUR, _ROW = 38, 20, 18, 20
_LEVELS = 4
_DIGIT = 7

Stretches = tuple[tuple[int, int, int], ...]
"""Parts of a day: from which minute, until which, and how many machines wait."""


@dataclass(frozen=True)
class Calendar:
    """One picture, and what it says in words."""

    pools: tuple[str, ...]
    zone: str
    picture: Markup
    days: tuple[str, ...]
    rules: tuple[str, ...]


def calendars(settings: Settings, monday: date) -> list[Calendar]:
    """Draw the week that begins on `monday`, each pool's by the clocks of its own periods."""
    weeks = [week_of(pool, monday) for pool in settings.pools]
    most = max((count for week in weeks for day in _days(week) for _, _, count in day), default=0)
    alike: dict[tuple[object, ...], list[Week]] = {}
    for week in weeks:
        rules = tuple(text for _, text in legend(week))
        alike.setdefault((week.zone, _days(week), rules), []).append(week)
    return [
        Calendar(
            tuple(week.pool for week in group),
            group[0].zone,
            _drawn(f"week-{n}", group, most),
            tuple(_in_words(_days(group[0]))),
            tuple(text for _, text in legend(group[0])),
        )
        for n, group in enumerate(alike.values())
    ]


def _days(week: Week) -> tuple[Stretches, ...]:
    return tuple(tuple(_merged((s.start, s.end, week.waiting(s.section)) for s in day)) for day in week.days)


def _merged(intervals: Iterator[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Join neighbours of which as many machines wait."""
    start, end, count = next(intervals)
    for next_start, next_end, next_count in intervals:
        if next_count != count:
            yield start, end, count
            start, count = next_start, next_count
        end = next_end
    yield start, end, count


def _in_words(days: Sequence[Stretches]) -> Iterator[str]:
    """Say it in a line for each run of days that are alike."""
    first = 0
    for number in range(1, len(days) + 1):
        if number == len(days) or days[number] != days[first]:
            last = number - 1
            name = DAYS[first] if first == last else f"{DAYS[first]} {'to' if last - first > 1 else 'and'} {DAYS[last]}"
            yield f"{name}: {_day_in_words(days[first])}"
            first = number


def _day_in_words(day: Stretches) -> str:
    if len(day) == 1:
        return f"{day[0][2]} all day"
    return ", ".join(f"{count} from {_time(start)}" for start, _, count in day)


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _drawn(identity: str, weeks: Sequence[Week], most: int) -> Markup:
    week = weeks[0]
    parts = [label(_LEFT + hour * _HOUR, _TOP - 6, str(hour), "axis middle") for hour in range(0, 25, 3)]
    for number, day in enumerate(_days(week)):
        y = _TOP + number * _ROW
        parts.append(label(0, y + 14, DAYS[number], "axis"))
        parts += [part for stretch in day for part in _stretch(stretch, y, most)]
    title = f"Machines of {', '.join(each.pool for each in weeks)} that wait for jobs, by day and hour, {week.zone}"
    width, height = _LEFT + 24 * _HOUR + 10, _TOP + len(DAYS) * _ROW
    return picture(identity, width, height, title, ". ".join(_in_words(_days(week))), *parts)


def _stretch(stretch: tuple[int, int, int], y: int, most: int) -> Iterator[Markup]:
    start, end, count = stretch
    x, width = _LEFT + start * _HOUR / 60, (end - start) * _HOUR / 60
    level = 0 if count == 0 else max(1, round(_LEVELS * count / most))
    yield tag("rect", x=x, y=y, width=max(width - 1, 0.5), height=_ROW - 2, rx=2, class_=f"level{level}")
    if width > len(str(count)) * _DIGIT + 4 and end - start <= MINUTES:
        yield label(x + width / 2, y + 14, str(count), f"middle on{level}")
