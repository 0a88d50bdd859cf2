"""The page's colours: texts stand out from what they are on, in both schemes, as WCAG 2.2 AA wants it.

axe does not measure texts in pictures: what is behind them is not theirs.
"""

import re
from pathlib import Path

import pytest

import review.page

STYLE = Path(review.page.__file__).with_name("page.css").read_text()
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for block in STYLE.split("@media", 2)[:2])
TEXTS = [
    *((text, ground) for text in ("text", "muted", "accent") for ground in ("page", "card", "region", "vpc")),
    *((text, "card") for text in ("bad", "warn", "good", "od")),
    *(("text", ground) for ground in ("added", "removed", "bad-card", "warn-card")),
    *(("bad", "bad-card"), ("warn", "warn-card"), ("text", "area")),
    *((f"on{level}", f"level{level}") for level in range(5)),
]
LINES = [
    ("accent", "card"),
    ("accent", "area"),
    ("bad", "card"),
    ("od", "card"),
    ("spot", "vpc"),
    ("od", "vpc"),
    ("muted", "card"),
]


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_lines_stand_out(scheme: dict[str, str]) -> None:
    assert scheme.keys() == LIGHT.keys()
    weak = {
        f"{front} on {ground}": round(contrast(scheme[front], scheme[ground]), 2)
        for pairs, least in ((TEXTS, 4.5), (LINES, 3))
        for front, ground in pairs
        if contrast(scheme[front], scheme[ground]) < least
    }
    assert weak == {}


def test_nothing_moves() -> None:
    assert not re.search(r"animation|transition|@keyframes|scroll-behavior", STYLE)
