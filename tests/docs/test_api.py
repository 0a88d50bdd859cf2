"""The Python API is documented: on its page of the site, and in `help()`."""

import dataclasses
import inspect
import pydoc
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import components
from config_render.base.section import Section
from docs._extensions import api

from .blocks import ROOT

PUBLIC = {name: getattr(components, name) for name in components.__all__}
WITH_FIELDS = [name for name, what in PUBLIC.items() if inspect.isclass(what) and not issubclass(what, Section)]


def members(what: Any) -> set[str]:
    """What a program gives to a class or a function, or reads from it."""
    if dataclasses.is_dataclass(what):
        return {field.name for field in dataclasses.fields(what)}
    parameters = inspect.signature(what).parameters
    own = (
        {name for name in inspect.get_annotations(what) if not name.startswith("_")} if inspect.isclass(what) else set()
    )
    return {*parameters} | own


@pytest.mark.parametrize("name", [*WITH_FIELDS, "parse", "stack_outputs"])
def test_help_says_what_each_argument_and_output_is(name: str) -> None:
    shown = re.sub(".\x08", "", pydoc.render_doc(PUBLIC[name]))  # without the bold letters of a terminal

    wanted = members(PUBLIC[name])
    assert wanted
    assert {member for member in wanted if not re.search(rf"^ [ |]*{member}: \w", shown, re.MULTILINE)} == set()


def test_the_page_has_every_name_and_every_field() -> None:
    page = api.text()
    documented = re.findall(
        r"^\.\. (?:auto)?(?:class|function|exception):: gitlab_runner_aws\.(\w+)$", page, re.MULTILINE
    )
    fields = re.findall(r"^   \.\. attribute:: (\w+)$", page, re.MULTILINE)

    assert sorted(documented) == sorted(PUBLIC)
    models = [what for what in PUBLIC.values() if inspect.isclass(what) and issubclass(what, Section)]
    assert len(fields) == sum(len(model.known_keys()) for model in models) > 80


@pytest.mark.parametrize("first", ["AutoscalingRunner", "parse"])
def test_a_name_is_what_it_says_whatever_was_imported_before(first: str) -> None:
    # A module of the same name takes its place as soon as that is loaded.
    names = ", ".join(PUBLIC)
    imports = f"from components import {first}\nfrom components import {names}\n"
    program = f"{imports}print([type(each).__name__ for each in ({names})])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ModuleType.__name__ not in done.stdout
    assert done.stdout.count("'function'") == 3
