"""What pydantic finds, in the words of a stack file: pydantic's own are about Python."""

import re

from pydantic_core import ErrorDetails

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WANTED = {
    "bool_type": "must be true or false",
    "dict_type": "must be a table of keys and values",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "invalid_key": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "mapping_type": "must be a table of keys and values",
    "model_type": "must be a table of keys and values",
    "string_type": "must be text; put it in quotes",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least one entry",
    "tuple_type": "must be a list",
    "value_error": "{error}",
}


def in_words(error: ErrorDetails) -> str:
    """Say what a value must be like."""
    kind = error["type"]
    return _WANTED[kind].format(**error.get("ctx", {})) if kind in _WANTED else error["msg"]


def how_to_set(error: ErrorDetails) -> str:
    """Say how `pulumi config set` makes a text or a number of what it takes for the other; else nothing.

    It takes whole numbers, true and false for what they are, and 0.5 for a text.
    """
    kind, value = error["type"], error["input"]
    if kind == "string_type" and isinstance(value, bool | int):
        return ", or set it with: pulumi config set --path --type string"
    return number_as_text(value) if kind == "float_type" else ""


def number_as_text(value: object) -> str:
    """Say what to do about a number that stands there as text; else nothing."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return ""
    return "; this is text: take the quotes away, or set it with: pulumi config set --path --type float"
