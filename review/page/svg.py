"""Pictures as text: elements of SVG whose attributes and texts are escaped, and the scales to draw with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Child = Markup | str | None


def tag(name: str, *children: Child, **attributes: object) -> Markup:
    """Return an element. In names of attributes `_` stands for `-`; one at the end keeps Python's words apart.

    Children that are plain text are escaped; an attribute or a child that is None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children if child is not None)
    # Names are ours; all else is escaped.
    return Markup(f"<{name}{given}>{inner}</{name}>" if inner else f"<{name}{given}/>")  # noqa: S704


def picture(identity: str, width: float, height: float, title: str, text: str, *children: Child) -> Markup:
    """Return a picture that says, to those who do not see it, what it shows; `identity` is its own on the page."""
    return tag(
        "svg",
        tag("title", title, id=f"{identity}-title"),
        tag("desc", text, id=f"{identity}-text"),
        *children,
        role="img",
        aria_labelledby=f"{identity}-title {identity}-text",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
    )


def label(x: float, y: float, text: str, class_: str | None = None) -> Markup:
    """Return a text with its baseline at `y`."""
    return tag("text", text, x=x, y=y, class_=class_)


def group(*children: Child, **attributes: object) -> Markup:
    """Return elements as one."""
    return tag("g", *children, **attributes)


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` to pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0)


def ticks(high: float, most: int = 4) -> list[float]:
    """Return round values from 0 up to at least `high`, with 1, 2 or 5 as their first digit's step."""
    if high <= 0:
        return [0.0, 1.0]
    step = next(
        step
        for power in range(-9, 12)
        for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
        if high / step <= most
    )
    count = -int(-high // step)
    return [round(step * n, 12) for n in range(count + 1)]


def stairs(points: Sequence[tuple[float, float]], end: float) -> str:
    """Return a path that keeps the height of each point until the next one, and the last until `end`."""
    if not points:
        return ""
    (x, y), *rest = points
    path = [f"M{_number(x)} {_number(y)}"]
    for x_next, y_next in rest:
        if _number(y_next) != _number(y):
            path.append(f"H{_number(x_next)}V{_number(y_next)}")
            y = y_next
    return "".join([*path, f"H{_number(end)}"])


def joined(words: Iterable[str]) -> str:
    """Join words as a sentence does."""
    *others, last = list(words) or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _number(value: object) -> object:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
