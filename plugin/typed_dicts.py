"""The types of settings in a Python program, made from the models: `make schema` writes components/dicts.pyi."""

import keyword
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from config_render.files.schema import tables

from .schema import described

_HEAD = '''"""The tables of the settings as a program writes them: dicts, whose keys and values type checkers know.

Made by `make schema`; dicts.py is what programs load.
"""

from typing import Any, Literal, NotRequired, TypedDict
'''
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_WIDTH = 110


def stub() -> str:
    """Return the text of the stub, which ruff then formats."""
    return "\n".join([_HEAD, *(line for name, table in sorted(tables().items()) for line in _table(name, table))])


def _table(name: str, table: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table's class. Keys that are no names in Python come from a base class."""
    required = table.get("required", ())
    keys = {key: _key(value, key in required) for key, value in table["properties"].items()}
    named = {key for key in keys if key.isidentifier() and not keyword.iskeyword(key)}
    base = "TypedDict"
    if others := [key for key in keys if key not in named]:
        base = f"_{name}Others"
        yield f'{base} = TypedDict("{base}", {{'
        for key in others:
            yield from (f"    # {line}" for line in _about(table["properties"][key]))
            yield f'    "{key}": {keys[key]},'
        yield "})"
    yield f"class {name}Dict({base}):"
    yield f'    """{table.get("description", f"The table {name}.")}"""'
    for key in (key for key in keys if key in named):
        yield f"    {key}: {keys[key]}"
        if about := _about(table["properties"][key]):
            yield f'    """{f"{chr(10)}    ".join(about)}"""'


def _key(value: dict[str, Any], required: bool) -> str:
    return _type(value) if required else f"NotRequired[{_type(value)}]"


def _about(value: dict[str, Any]) -> list[str]:
    text = ". ".join(described(value)).replace("\\", "\\\\")
    return wrap(f"{text}.", _WIDTH, break_long_words=False, break_on_hyphens=False) if text else []


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return f"{value['$ref'].rpartition('/')[2]}Dict"
    if choices := [each for each in value.get("anyOf", ()) if each != {"type": "null"}]:
        return " | ".join(map(_type, choices))
    if literals := value.get("enum") or [value[key] for key in ("const",) if key in value]:
        return f"Literal[{', '.join(map(repr, literals))}]"
    if value["type"] == "array":
        return f"list[{_type(value['items'])}]"
    if value["type"] == "object":
        more = value.get("additionalProperties")
        return f"dict[str, {'Any' if more in (None, True) else _type(more)}]"
    return _SCALARS[value["type"]]


if __name__ == "__main__":
    print(stub())
