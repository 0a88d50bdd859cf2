"""Our TOML writer against two independent readers, and against a library's own writer."""

import math
import tomllib
from typing import Any

import pytest
import tomli_w
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


@settings(max_examples=200, deadline=None)
@given(documents)
def test_a_library_writes_the_same_content(document: dict[str, Any]) -> None:
    assert tomllib.loads(dumps(document)) == tomllib.loads(tomli_w.dumps(document))


def test_a_generator_of_tables_is_written_as_a_list_of_them() -> None:
    tables: list[dict[str, Any]] = [{"a": 1, "b": {"c": [2]}}, {}, {"a": 3}]

    assert dumps({"x": (table for table in tables)}) == dumps({"x": tables})


@pytest.mark.parametrize("value", [None, object(), b"bytes", {1, 2}])
def test_what_toml_has_no_form_for_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="no form"):
        dumps({"a": value})
    with pytest.raises(TypeError, match="no form"):
        dumps({"a": [{"b": value}, 1]})
