"""What pydantic finds, in the words of a stack file: pydantic's own are about Python."""

from pydantic_core import ErrorDetails

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
