"""The generated reference: every setting is there, with an example that works and what a change of it does."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args

import pytest
from pydantic import Field, TypeAdapter
from pydantic.fields import FieldInfo

from config_render.base.section import Section
from config_render.settings.stack import Settings
from docs._extensions import settings as generator
from docs._extensions.reference import help_texts
from tests.engine.changes import rows

PAGES = generator.pages()
TEXT = "\n".join(PAGES.values())
SECTIONS = {
    found[1]: found[2] for found in re.finditer(r"^##+ `([^`]+)`\n(.*?)(?=^##+ |\Z)", TEXT, re.MULTILINE | re.DOTALL)
}


def table_in(annotation: Any) -> tuple[type[Section], str] | None:
    """The model that a field holds, or a list of which it holds."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, ""
    for inner in get_args(annotation):
        if found := table_in(inner):
            return found[0], "[]" if "tuple" in str(getattr(annotation, "__origin__", "")) else found[1]
    return None


def fields_of(model: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in model.known_keys():
            continue
        yield prefix + key, field
        if found := table_in(field.annotation):
            yield from fields_of(found[0], f"{prefix}{key}{found[1]}.")


FIELDS = dict(fields_of(Settings))
SETTINGS = {setting.path: setting for setting in generator.settings()}


def test_every_setting_of_the_models_has_a_section() -> None:
    assert FIELDS.keys() - SECTIONS.keys() == set()
    assert SECTIONS.keys() - FIELDS.keys() == {
        *("aws:region", "token", "registrationToken", "accessToken", "secrets", "extends"),
    }


def test_every_setting_says_in_words_what_it_is() -> None:
    assert [path for path, field in FIELDS.items() if not field.description] == []


def test_a_section_says_type_limits_default_and_whether_it_is_required() -> None:
    assert SECTIONS["manager.watch.intervalSeconds"].splitlines()[4:7] == [
        "- Whole number, 20 to 3600",
        "- Default: `60`",
        "- Example: `manager.watch.intervalSeconds: 60`",
    ]
    assert "- Text, required\n" in SECTIONS["pools[].name"]


@pytest.mark.parametrize("path", [path for path in FIELDS if SETTINGS[path].below is None and path != "gitlab.ca"])
def test_the_example_is_one_that_the_setting_takes(path: str) -> None:
    value = generator.example(SETTINGS[path], generator.examples())
    field = FIELDS[path]

    assert value is not None
    kind: Any = Annotated[field.annotation, Field(), *field.metadata]
    TypeAdapter(kind).validate_python(value)


def test_each_line_of_the_table_of_changes_stands_at_its_setting() -> None:
    told = [(path, row) for row in rows() for path in row.settings({}) if "." in path or SETTINGS[path].below is None]
    missing = [
        path
        for path, row in told
        if row.effect not in SECTIONS[re.sub(r"^pools\.", "pools[].", path)].replace("](changes.md", "](../changes.md")
        and sum(path == other for other, _ in told) == 1
    ]

    assert missing == []


def test_the_commands_page_has_the_help_of_each_command() -> None:
    texts = list(help_texts("config_render"))

    assert texts[0].startswith("usage: python -m config_render [-h] COMMAND")
    assert [text.split()[4] for text in texts[1:]] == re.findall(r"^    ([a-z-]+) ", texts[0], re.MULTILINE)
    assert len(texts) > 4
