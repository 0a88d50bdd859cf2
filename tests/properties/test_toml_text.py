"""What is written as TOML, against two independent readers."""

import math
import tomllib
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from config_render.render.toml_text import dumps

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
documents = st.dictionaries(texts, values, max_size=5)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type: to Python, 1 and 1.0 and True are equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other and (one != 0 or math.copysign(1, one) == math.copysign(1, other))


@settings(max_examples=400, deadline=None)
@given(documents)
def test_what_is_written_is_read_back_by_two_readers(document: dict[str, Any]) -> None:
    text = dumps(document)

    assert same(tomllib.loads(text), document)
    assert tomlkit.parse(text).unwrap() == document


def test_a_script_goes_over_several_lines_and_one_with_windows_line_breaks_keeps_them() -> None:
    assert dumps({"pre_build_script": "set -e\nmake\n"}) == 'pre_build_script = """\nset -e\nmake\n"""\n'
    assert dumps({"a": {"pre_build_script": "set -e\r\nmake\n"}}) == '[a]\npre_build_script = "set -e\\r\\nmake\\n"\n'
