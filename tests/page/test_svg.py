"""Elements, scales and paths of pictures."""

import pytest
from markupsafe import Markup

from review.page.svg import Scale, joined, stairs, tag, ticks


def test_texts_and_attributes_are_escaped_and_markup_is_kept() -> None:
    made = tag("g", "<b>", Markup("<i/>"), None, class_='"><x', stroke_width=1.04, x=None)
    assert made == '<g class="&#34;&gt;&lt;x" stroke-width="1">&lt;b&gt;<i/></g>'
    assert tag("path", d="M0 0") == '<path d="M0 0"/>'


@pytest.mark.parametrize(
    ("high", "most", "marks"),
    [
        (1.42, 4, [0, 0.5, 1, 1.5]),
        (0.118, 3, [0, 0.05, 0.1, 0.15]),
        (27, 4, [0, 10, 20, 30]),
        (100, 4, [0, 50, 100]),
        (0, 4, [0, 1]),
    ],
)
def test_axes_have_round_numbers_up_to_the_highest_value(high: float, most: int, marks: list[float]) -> None:
    assert ticks(high, most) == marks


def test_a_scale_reaches_from_end_to_end() -> None:
    down = Scale(0, 4, 100, 20)
    assert [down(value) for value in (0, 2, 4)] == [100, 60, 20]
    assert Scale(3, 3, 5, 9)(3) == 5


def test_a_line_of_stairs_turns_only_where_the_value_does() -> None:
    assert stairs([(0, 5), (10, 5), (20, 8), (30, 8)], 40) == "M0 5H20V8H40"
    assert stairs([], 40) == ""


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [joined(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
