"""A stack drawn: GitLab, the manager, the network with its zones, the workers of each pool, and AWS's services."""

from collections.abc import Sequence

from markupsafe import Markup

from config_render import Settings, subnet_cidrs
from planning.costs import MachineRow
from planning.market import MANAGER

from .parts import Part, in_words, manager_part, network_name, services, way_out
from .svg import Child, group, label, picture, tag

_OUTSIDE, _SERVICES, _GAP, _PAD, _BETWEEN = 164, 180, 32, 18, 20
_ZONE, _LINE, _HEAD = 176, 18, 46
_TOP, _MANAGER, _DOWN = 46, 100, 40
"""Where the VPC begins, how high the manager is, and how far below it the workers begin."""
_MANAGER_WIDTH = 300
_LETTER = 7.6
"""Pixels that a letter of a pool's name takes, about."""
_MOST_LINES = {True: 4, False: 2}
"""How many lines spot machines have, and those on demand, in one zone of a pool."""
_TIMES = "\N{MULTIPLICATION SIGN}"


def topology(settings: Settings, region: str, rows: Sequence[MachineRow]) -> Markup:
    """Return the picture; `rows` are the stack's machines."""
    workers = [row for row in rows if row.pool != MANAGER]
    zones = list(dict.fromkeys(row.zone for row in workers))
    names = max(min(max(len(pool.name) for pool in settings.pools) * _LETTER, 250), 100)
    inner = max(names + len(zones) * _ZONE, 2 * _MANAGER_WIDTH + _BETWEEN)
    left = _OUTSIDE + _GAP + _PAD
    x, y = left + _PAD, _TOP + 38
    grid, grid_height = _workers(settings, workers, zones, x, names, inner)
    vpc_width, vpc_height = inner + 2 * _PAD, 38 + _MANAGER + _DOWN + grid_height
    beside = services(settings)
    height = _TOP + max(vpc_height, sum(_height(part) + 14 for part in beside)) + _PAD
    right = left + vpc_width + _GAP
    width = right + _SERVICES + _PAD + 1
    region_width = width - _OUTSIDE - _GAP - 1
    drawn = [
        _marker(),
        _frame(_OUTSIDE + _GAP, 1, region_width, height - 2, f"AWS region {region}", "region"),
        _frame(left, _TOP, vpc_width, vpc_height, network_name(settings), "vpc"),
        _part(x, y, _MANAGER_WIDTH, _MANAGER, manager_part(settings, region)),
        _part(x + _MANAGER_WIDTH + _BETWEEN, y, inner - _MANAGER_WIDTH - _BETWEEN, _MANAGER, way_out(settings)),
        group(grid, transform=f"translate(0 {y + _MANAGER + _DOWN})"),
        *_outside(settings, y),
        *_stacked(beside, right),
        *_arrows(x, y, left, left + vpc_width),
    ]
    shown = f"What this stack is made of in {region}"
    return picture("topology-drawn", width, height, shown, in_words(settings, region, rows), *drawn)


def _outside(settings: Settings, y: float) -> list[Markup]:
    host = settings.gitlab.url.partition("://")[2]
    shown = host if len(host) <= 20 else f"{host[:19]}…"
    images = Part("Outside", ("registries, Docker,", "packages"))
    return [
        _part(0, y, _OUTSIDE, _height(images), Part("GitLab", (shown, "has jobs, gets logs"))),
        _part(0, y + _MANAGER + _DOWN + 10, _OUTSIDE, _height(images), images),
    ]


def _workers(
    settings: Settings, workers: Sequence[MachineRow], zones: Sequence[str], left: float, names: float, width: float
) -> tuple[Markup, float]:
    """Draw a row for each pool and a column for each zone; returns their height too."""
    network = settings.network
    cidrs = subnet_cidrs(network.cidr, network.zones, private=network.private) if network.is_new else {}
    drawn: list[Child] = [label(left, 14, "Workers", "name")]
    columns = [left + names + place * _ZONE for place in range(len(zones))]
    for x, zone in zip(columns, zones, strict=True):
        cidr = next((str(cidr) for suffix, cidr in cidrs.items() if zone.endswith(suffix)), "")
        drawn += [label(x, 14, zone, "name"), label(x, 32, cidr, "small")]
    y = float(_HEAD)
    for pool in settings.pools:
        cells = [_cell([row for row in workers if row.pool == pool.name and row.zone == zone]) for zone in zones]
        drawn.append(tag("path", d=f"M{left:g} {y - 4:g}h{width:g}", class_="rule"))
        drawn += [label(left, y + 14, pool.name, "name"), label(left, y + 31, f"limit {pool.limit}", "small")]
        for x, lines in zip(columns, cells, strict=True):
            for n, (spot, text) in enumerate(lines):
                drawn += [_sign(spot, x, y + 3 + n * _LINE), label(x + 17, y + 14 + n * _LINE, text)]
        y += max(2, *map(len, cells)) * _LINE + 12
    drawn.append(tag("path", d=f"M{left:g} {y - 4:g}h{width:g}", class_="rule"))
    for x, spot, text in ((left, True, "spot"), (left + 76, False, "on demand")):
        drawn += [_sign(spot, x, y + 7), label(x + 17, y + 18, text, "small")]
    return group(*drawn), y + 34


def _cell(rows: Sequence[MachineRow]) -> list[tuple[bool, str]]:
    """Return what is in one zone: whether it is spot, and how many machines of which type."""
    lines: list[tuple[bool, str]] = []
    for spot, most in _MOST_LINES.items():
        alike = [row for row in rows if row.most and (row.cap is not None) == spot]
        shown = alike if len(alike) <= most else alike[: most - 1]
        lines += [(spot, f"≤ {row.most} {_TIMES} {row.type}") for row in shown]
        if rest := alike[len(shown) :]:
            lines.append((spot, f"≤ {max(row.most for row in rest)} of {len(rest)} more types"))
    return lines


def _sign(spot: bool, x: float, y: float) -> Markup:
    """A ring for spot, a square for on demand: not by colour alone."""
    if spot:
        return tag("circle", cx=x + 5, cy=y + 6, r=4.5, class_="spot")
    return tag("rect", x=x, y=y + 1, width=10, height=10, class_="od")


def _frame(x: float, y: float, width: float, height: float, name: str, class_: str) -> Markup:
    rect = tag("rect", x=x, y=y, width=width, height=height, rx=10, class_=class_)
    return group(rect, label(x + _PAD, y + 25, name, "small"))


def _part(x: float, y: float, width: float, height: float, part: Part) -> Markup:
    rect = tag("rect", x=x, y=y, width=width, height=height, rx=8, class_="part")
    lines = [label(x + 14, y + 45 + n * _LINE, line, "small") for n, line in enumerate(part.lines)]
    return group(rect, label(x + 14, y + 25, part.name, "name"), *lines)


def _height(part: Part) -> float:
    return 44 + _LINE * len(part.lines)


def _stacked(parts: Sequence[Part], x: float) -> list[Markup]:
    drawn, y = [], float(_TOP)
    for part in parts:
        drawn.append(_part(x, y, _SERVICES, _height(part), part))
        y += _height(part) + 14
    return drawn


def _arrows(x: float, y: float, left: float, right: float) -> list[Markup]:
    below = y + _MANAGER
    return [
        _arrow(f"M{x:g} {y + 46:g}H{_OUTSIDE + 4}"),
        _arrow(f"M{x + 28:g} {below:g}v{_DOWN - 8}"),
        label(x + 42, below + 24, "starts and removes machines: SSH 22, Docker 2376", "small"),
        _arrow(f"M{left:g} {below + _DOWN + 50:g}H{_OUTSIDE + 4}"),
        _arrow(f"M{right:g} {_TOP + 48:g}h{_GAP - 4}"),
    ]


def _arrow(path: str) -> Markup:
    return tag("path", d=path, class_="arrow", marker_end="url(#topology-tip)")


def _marker() -> Markup:
    tip = tag("path", d="M0 0L8 4L0 8z", class_="tip")
    size = {"viewBox": "0 0 8 8", "refX": 7, "refY": 4, "markerWidth": 7, "markerHeight": 7}
    return tag("defs", tag("marker", tip, id="topology-tip", orient="auto", **size))
