"""A pool's week of waiting machines, drawn as text and as SVG."""

from collections.abc import Sequence
from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

from .schedule import DAYS, MINUTES, Week

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# SVG: sizes in pixels, and for each section a light and a dark colour that black or white text can be read on.
_LEFT, _TOP, _HOUR, _ROW, _LINE = 108, 64, 32, 30, 20
_COLOURS = (
    ("#e2e8f0", "#334155"),
    ("#a7d3f5", "#155a8a"),
    ("#f9cf9c", "#8a4b0f"),
    ("#b5e3b5", "#216b2b"),
    ("#e3bdf0", "#6d2a86"),
    ("#f5b8b8", "#8c2626"),
    ("#c9e7e5", "#1d6662"),
)


def as_text(week: Week) -> str:
    """Return the week as a table of hours: machines that wait, and the letter of the section that says so."""
    lines = [_title(week), "", "            " + "".join(f"{hour:>5}" for hour in range(24))]
    for number in range(DAYS):
        cells = [_cell(week, section, steady) for section, steady in week.hours(number)]
        lines.append(f"{_day(week, number):<12}" + "".join(f"{cell:>5}" for cell in cells))
    unsteady = any(not steady for number in range(DAYS) for _, steady in week.hours(number))
    lines += ["", *(f"  {_letter(section) or '-'}  {text}" for section, text in legend(week))]
    if unsteady:
        lines.append("  ~  changes within the hour")
    return "\n".join(lines) + "\n"


def as_svg(weeks: Sequence[Week]) -> str:
    """Return one picture of several pools' weeks. It needs no network and fits light and dark pages."""
    parts, top = [], 0
    for week in weeks:
        drawn, height = _drawn(week, top)
        parts.append(drawn)
        top += height
    width = _LEFT + 24 * _HOUR + 16
    titles = ", ".join(week.pool for week in weeks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}" '
        f'role="img" aria-labelledby="week-title week-text">\n'
        f'<title id="week-title">{escape(f"Machines that wait for jobs, by hour: {titles}")}</title>\n'
        f'<desc id="week-text">{escape(chr(10).join(as_text(week) for week in weeks))}</desc>\n'
        f"<style>{_style()}</style>\n"
        f'<rect class="page" width="100%" height="100%"/>\n' + "".join(parts) + "</svg>\n"
    )


def _title(week: Week) -> str:
    return f"{week.pool}: machines that wait for jobs, by hour ({week.zone}, week of {week.monday})"


def _day(week: Week, number: int) -> str:
    day = week.monday + timedelta(days=number)
    return f"{_NAMES[number]} {day:%d %b}"


def _letter(section: int | None) -> str:
    return "" if section is None else _LETTERS[section % len(_LETTERS)]


def _cell(week: Week, section: int | None, steady: bool) -> str:
    return f"{week.waiting(section)}{_letter(section)}{'' if steady else '~'}"


def legend(week: Week) -> list[tuple[int | None, str]]:
    """Return what each section of a week says, in words."""
    rows = []
    for section, numbers in week.sections.items():
        name = "machine" if section is None else f"autoscaling[{section}] {' | '.join(numbers.periods)}"  # type: ignore[union-attr]
        zone = "" if section is None else f" ({numbers.timezone or 'Local'})"  # type: ignore[union-attr]
        scaled = f", of which limit allows {week.limit}" if numbers.idle_count > week.limit else ""
        if numbers.idle_scale_factor:
            least = max(1, numbers.idle_count_min or 0)
            scaled += f" at most, {least} at least, {numbers.idle_scale_factor:g} times those in use"
        rows.append((section, f"{name}{zone}: IdleCount {numbers.idle_count}{scaled}, IdleTime {numbers.idle_time} s"))
    return rows


def _drawn(week: Week, top: int) -> tuple[str, int]:
    grid = top + _TOP
    out = [f'<text class="head" x="16" y="{top + 26}">{escape(_title(week))}</text>\n']
    for hour in range(0, 25, 2):
        out.append(f'<text class="hour" x="{_LEFT + hour * _HOUR}" y="{grid - 8}">{hour}</text>\n')
    for number, intervals in enumerate(week.days):
        y = grid + number * _ROW
        out.append(f'<text class="day" x="16" y="{y + 19}">{_day(week, number)}</text>\n')
        for stretch in intervals:
            x, width = _LEFT + stretch.start * _HOUR / 60, (stretch.end - stretch.start) * _HOUR / 60
            count = week.waiting(stretch.section)
            times = f"{_time(stretch.start)} to {_time(stretch.end)}"
            out.append(
                f'<g><title>{_day(week, number)} {times}: {count}</title><rect class="{_class(stretch.section)}" '
                f'x="{x:g}" y="{y}" width="{width:g}" height="{_ROW - 3}"/>'
            )
            if width >= 18:
                out.append(f'<text class="count" x="{x + width / 2:g}" y="{y + 19}">{count}</text>')
            out.append("</g>\n")
    y = grid + DAYS * _ROW + 12
    for section, text in legend(week):
        out.append(f'<rect class="{_class(section)}" x="16" y="{y}" width="14" height="14"/>')
        out.append(f'<text class="legend" x="38" y="{y + 12}">{escape(text)}</text>\n')
        y += _LINE
    return f"<g aria-label={quoteattr(week.pool)}>\n" + "".join(out) + "</g>\n", y + 12 - top


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}" if minute < MINUTES else "24:00"


def _class(section: int | None) -> str:
    return "s0" if section is None else f"s{1 + section % (len(_COLOURS) - 1)}"


def _style() -> str:
    light = "".join(f".s{n}{{fill:{light}}}" for n, (light, _) in enumerate(_COLOURS))
    dark = "".join(f".s{n}{{fill:{dark}}}" for n, (_, dark) in enumerate(_COLOURS))
    return (
        "text{font:13px system-ui,sans-serif;fill:#111}.head{font-size:15px;font-weight:600}"
        ".hour,.count{text-anchor:middle}.page{fill:#fff}"
        f"{light}@media(prefers-color-scheme:dark){{text{{fill:#f5f5f5}}.page{{fill:#111}}{dark}}}"
    )
