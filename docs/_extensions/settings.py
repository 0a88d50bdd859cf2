"""Pages about every setting, written from the JSON schema that the models give and from docs/changes.md."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from config_render.base.problems import NAMESPACE
from config_render.files.schema import stack_schema

HERE = Path(__file__).parent
_CHANGE = re.compile(r"\| `(?P<change>[^`]+)` \| (?P<plan>[^|]+) \| (?P<effect>[^|]+) \|")
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "table",
    "array": "list",
}
_PAGES = {
    "network": "Network",
    "identity": "Identities",
    "manager": "Manager",
    "cache": "Cache",
    "pools[].docker": "Pools: Docker",
    "pools[].machine": "Pools: machines and periods",
    "pools[].autoscaler": "Pools: docker-autoscaler",
    "pools[].driver": "Pools: options of Docker Machine's driver",
    "pools": "Pools",
    "": "The stack as a whole",
}
"""Titles of the pages by the beginnings of the paths on them; the first that fits takes a setting."""
_UNBOUNDED = 2**31


@dataclass(frozen=True)
class Setting:
    """One key of the stack file."""

    path: str
    """Such as `manager.rootSize` or `pools[].docker.image`, without the namespace where that is the project's."""

    schema: Mapping[str, Any]
    required: bool
    below: str | None
    """What its table is for, if it is one with keys of its own."""


@cache
def settings() -> Sequence[Setting]:
    """Every key that a stack file may hold; in each table the single values first, then tables with what is in them."""
    schema = stack_schema()
    config = schema["properties"]["config"]
    return list(_walk(config, "", schema["$defs"]))


def _walk(table: Mapping[str, Any], prefix: str, definitions: Mapping[str, Any]) -> Iterator[Setting]:
    tables = []
    for key, schema in table["properties"].items():
        path = prefix + key.removeprefix(f"{NAMESPACE}:")
        inner, where = _table_of(schema, definitions)
        setting = Setting(path, schema, key in table.get("required", ()), inner.get("description") if inner else None)
        if inner:
            tables.append((setting, inner, f"{path}{where}."))
        else:
            yield setting
    for setting, inner, below in tables:
        yield setting
        yield from _walk(inner, below, definitions)


def _table_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The table that a key holds, or a list of which it holds; and how a path says so."""
    for found, where in ((schema, ""), (schema.get("items", {}), "[]")):
        if "$ref" in found:
            return definitions[found["$ref"].rpartition("/")[2]], where
    return {}, ""


def changes() -> dict[str, tuple[str, str, str]]:
    """What docs/changes.md says by a setting's path: the change itself, what Pulumi does, what becomes of jobs."""
    found: dict[str, tuple[str, str, str]] = {}
    for row in _CHANGE.finditer((HERE.parent / "changes.md").read_text()):
        for path, value in _flat(yaml.safe_load(row["change"])):
            found.setdefault(path, (f"{path}: {_inline(value)}", row["plan"].strip(), row["effect"].strip()))
    return found


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The paths that a row is about, with their values; the first pool stands for all."""
    for key, value in content.items():
        path = prefix + re.sub(r"^pools\.", "pools[].", key)
        yield path, value
        if isinstance(value, dict):
            yield from _flat(value, f"{path}.")


def examples() -> dict[str, Any]:
    """A value by a setting's path for those whose type alone gives no sensible one."""
    return dict(yaml.safe_load((HERE / "examples.yaml").read_text()))


def example(setting: Setting, given: Mapping[str, Any]) -> Any:
    """A value that the setting takes, or None for tables, whose keys have examples of their own."""
    if setting.below is not None:
        return None
    if setting.path in given or setting.path.rpartition(".")[2] in given:
        return given.get(setting.path, given.get(setting.path.rpartition(".")[2]))
    return _sample(setting.schema)


def _sample(schema: Mapping[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    default = schema.get("default")
    if "enum" in schema:
        return next(value for value in schema["enum"] if value != default)
    match schema.get("type"):
        case "boolean":
            return not default
        case "array":
            return [_sample(schema["items"])]
        case "integer" | "number":
            return default or max(schema.get("minimum", 0), 10)
        case _:
            return default if default is not None else schema.get("const", "some text")


def _inline(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else _flow(value)


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).removesuffix("...\n").strip()


def _type(schema: Mapping[str, Any]) -> str:
    choices = schema.get("anyOf")
    if choices:
        return " or ".join(_type(choice) for choice in choices)
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kind = _KINDS.get(schema.get("type", "object"), "table")
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" + _bounds(schema, "Items", "")
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"table of {_type(schema['additionalProperties'])}" if schema.get("properties") is None else kind
    return kind + _bounds(schema, "imum", "") + _bounds(schema, "Length", " characters")


def _bounds(schema: Mapping[str, Any], what: str, unit: str) -> str:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    least = None if least is None or least <= -_UNBOUNDED else least
    most = None if most is None or most >= _UNBOUNDED else most
    if what == "Items":
        unit = " items"
    if least is None and most is None:
        return ""
    if most is None:
        return f", at least {least}{unit}" if what != "Items" or least != 1 else ", at least one"
    return f", {least}{unit} to {most}{unit}" if least is not None else f", at most {most}{unit}"


def page_of(path: str) -> str:
    """The title of the page on which a setting is."""
    return next(
        title for start, title in _PAGES.items() if re.match(rf"{re.escape(start)}($|[.\[])", path) or not start
    )


def pages() -> dict[str, str]:
    """The pages' texts by their file names."""
    told, given = changes(), examples()
    texts: dict[str, list[str]] = {title: [f"# {title}\n"] for title in _PAGES.values()}
    for setting in settings():
        texts[page_of(setting.path)].append(_section(setting, told, given))
    return {f"settings-{_slug(title)}.md": "\n".join(text) for title, text in texts.items()}


def _slug(title: str) -> str:
    return re.sub(r"[^a-z]+", "-", title.lower()).strip("-")


def _section(setting: Setting, told: Mapping[str, tuple[str, str, str]], given: Mapping[str, Any]) -> str:
    schema, path = setting.schema, setting.path
    lines = [f"## `{path}`" if setting.below is not None or "." not in path else f"### `{path}`", ""]
    lines += [_words(f"{text}.") for text in (schema.get("description"), setting.below) if text]
    facts = [_type(schema) + (", required" if setting.required else "")] if setting.below is None else []
    if schema.get("default") not in (None, {}, []):
        facts.append(f"Default: `{_inline(schema['default'])}`")
    value = example(setting, given)
    if path in told and (setting.below is None or "." in path):  # of whole tables the page shows one change of many
        change, plan, effect = told[path]
        facts += [f"Example: `{change}`", f"[A change](../changes.md): {plan}; {effect}"]
    elif value is not None:
        facts.append(f"Example: `{path}: {_inline(value)}`")
    return "\n".join([*lines, "", *(f"- {fact[0].upper()}{fact[1:]}" for fact in facts), ""])


def _words(text: str) -> str:
    """A description as Markdown: what stands in angle brackets is no HTML."""
    return re.sub(r"(?<!`)(<[\w:.]+>)(?!`)", r"`\1`", text.replace("..", ".").strip()) + "\n"
