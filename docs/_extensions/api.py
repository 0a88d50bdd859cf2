"""The page of the Python API: each name that the package exports, from its docstring and, for settings, its fields."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import components
from config_render.base.section import Section

from . import settings

_HEAD = """\
# Python API

What `gitlab_runner_aws` exports for your own Pulumi program, and what programs may rely on: see
[Use the component in your own project](../import.md). `help(AutoscalingRunnerArgs)` says the same in Python.
"""
_PARTS = {
    "Components": ("AutoscalingRunner", "AutoscalingRunnerArgs", "GivenNetwork", "Cache", "CacheArgs"),
    "Settings of a stack file": ("read_stack", "StackSettings", "stack_outputs"),
    "Settings in a program": (
        "SettingsDict",
        "PoolDict",
        "parse",
        "Settings",
        "SettingsError",
        "Problem",
        "ExistingResources",
    ),
    "Tables of settings": ("CacheSettings", "IdentitySettings", "ManagerSettings", "NetworkSettings"),
}


_DICTS = {
    "SettingsDict": "A dict with all settings, named as in a stack file, whose keys and values type checkers know.",
    "PoolDict": "One of its ``pools``. The module ``gitlab_runner_aws.dicts`` has such a type for every table.",
}


def text() -> str:
    """The page as Markdown. Raises ValueError where a name that is exported has no part of the page."""
    if missing := {*components.__all__} ^ {name for names in _PARTS.values() for name in names}:
        raise ValueError(f"docs/_extensions/api.py: say in which part of the page these are: {sorted(missing)}")
    parts = [_HEAD]
    for title, names in _PARTS.items():
        parts += [f"## {title}\n", *map(_entry, names)]
    return "\n".join(parts)


def _entry(name: str) -> str:
    what = getattr(components, name)
    if name in _DICTS:
        lines = [f".. class:: gitlab_runner_aws.{name}", "", f"   {_DICTS[name]}"]
    elif not inspect.isclass(what):
        lines = [f".. autofunction:: gitlab_runner_aws.{name}"]
    elif issubclass(what, Exception):
        lines = [f".. autoexception:: gitlab_runner_aws.{name}", "   :show-inheritance:"]
    elif issubclass(what, Section):  # its constructor takes what a stack file has, and nothing else is for programs
        lines = [f".. class:: gitlab_runner_aws.{name}", "", *_of_model(what)]
    else:
        lines = [f".. autoclass:: gitlab_runner_aws.{name}", *["   :show-inheritance:"] * (what.__bases__ != (object,))]
    return "\n".join(["```{eval-rst}", *lines, "```", ""])


def _of_model(model: type[Section]) -> Iterator[str]:
    """Lines of reStructuredText: the docstring and the fields, each with the name that it has in a stack file."""
    for line in inspect.cleandoc(model.__doc__ or "").splitlines():
        yield f"   {_code(line)}"
    yield ""
    described = {each.path: each.schema.get("description") for each in settings.settings()}
    prefix = _PREFIXES.get(model.__name__, "")
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in model.known_keys():
            continue
        about = field.description or described.get(prefix + key) or f"The table {key}."
        yield from (f"   .. attribute:: {name}", "", f"      ``{key}``: {_code(about.rstrip('.'))}.", "")


_PREFIXES = {
    "CacheSettings": "cache.",
    "IdentitySettings": "identity.",
    "ManagerSettings": "manager.",
    "NetworkSettings": "network.",
}
"""What stands before the names of a table's fields in a stack file."""


def _code(line: str) -> str:
    """Markdown's code as reStructuredText's, and what is a reference there as plain text."""
    return re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line).replace("*", r"\*").replace("|", r"\|")


def as_rst(_: Any, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Sphinx's event for a docstring that it has read: code is written as in Markdown there."""
    lines[:] = [re.sub(r"(?<!`)`([^`]+)`(?![`_])", r"``\1``", line) for line in lines]
