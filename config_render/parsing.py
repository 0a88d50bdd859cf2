"""From the stack's raw settings to checked ones, or to every mistake in them."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .problems import NAMESPACE, Location, Problem, SettingsError, problem, shown
from .regions import check_region
from .relations import related_problems
from .runner_token import check_token
from .section import ConfigTable, Section
from .settings import Settings

_TOKEN = "token"  # noqa: S105  the setting's name
_SET_TOKEN = f"missing; set it with: pulumi config set --secret {NAMESPACE}:{_TOKEN}"

# What pydantic says is about Python; this is about a stack file.
_WANTED = {
    "bool_type": "must be true or false",
    "dict_type": "must be a table of keys and values",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "model_type": "must be a table of keys and values",
    "string_type": "must be text; put it in quotes",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least one entry",
    "tuple_type": "must be a list",
    "value_error": "{error}",
}


def parse(raw: Mapping[str, Any], *, token: str | None = None, region: str | None = None) -> Settings:
    """Return checked settings. Raises SettingsError with all mistakes.

    `raw` holds the stack's settings by their names less the namespace, as plain tables, lists and values.
    `token` is the runner authentication token in clear text; it is looked at and forgotten.
    """
    settings, problems = problems_of(raw, token=token, region=region)
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def problems_of(
    raw: Mapping[str, Any], *, token: str | None = None, region: str | None = None
) -> tuple[Settings | None, list[Problem]]:
    """Return the settings, unless they could not be read, and all mistakes, in the order of their paths."""
    # The token may be among the settings; no model and no message gets hold of it.
    plain = {key: value for key, value in raw.items() if key != _TOKEN}
    problems = [*_environment_problems(token, region), *related_problems(plain)]
    settings = None
    try:
        # With these two there, what they lack is named instead of the whole.
        settings = Settings.model_validate({"gitlab": {}, "manager": {}, **plain})
    except ValidationError as error:
        problems += [_translate(each) for each in error.errors(include_url=False) if not _follows(each)]
    return settings, sorted(dict.fromkeys(problems), key=_place)


def _environment_problems(token: str | None, region: str | None) -> list[Problem]:
    found = []
    reason = _SET_TOKEN if token is None else check_token(token)
    if reason:
        found.append(problem((_TOKEN,), reason))
    if region is None:
        found.append(Problem("aws:region", None, "missing; set it with: pulumi config set aws:region eu-central-1"))
    elif reason := check_region(region):
        found.append(Problem("aws:region", shown(region), reason))
    return found


def _place(each: Problem) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", each.path)]


def _follows(error: ErrorDetails) -> bool:
    # pydantic counts the entries that are right: a list whose entries are all wrong is not short.
    return error["type"] == "too_short" and len(error["input"]) > 0


def _translate(error: ErrorDetails) -> Problem:
    location: Location = tuple(part for part in error["loc"] if part != "[key]")
    kind, value = error["type"], error["input"]
    model = _model_at(location[:-1])
    if kind == "extra_forbidden":
        return problem(location, _unknown(str(location[-1]), model))
    if kind == "missing":
        return problem(location, f"missing{_needed(location, model)}")
    message = _WANTED[kind].format(**error.get("ctx", {})) if kind in _WANTED else error["msg"]
    return problem(location, message + (_needed(location, model) if kind == "too_short" else ""), value)


def _needed(location: Location, model: type[Section]) -> str:
    for name, field in model.model_fields.items():
        if location[-1] in (field.alias, name) and field.description:
            return f"; needed: {field.description}"
    return "; needed"


def _unknown(key: str, model: type[Section]) -> str:
    if key in model.refused:
        return model.refused[key]
    homes = [place for place, other in _tables(Settings, "") if key in other.known_keys()]
    if homes:
        return f"unknown here; it goes under {homes[0] or NAMESPACE}"
    own = [*model.known_keys(), *([_TOKEN] if model is Settings else [])]
    spelled = {known.lower(): known for known in own}
    if close := get_close_matches(key.lower(), spelled, n=1):
        return f"unknown; did you mean `{spelled[close[0]]}`?"
    hint = "; if it is a key of config.toml, put it under `extra`" if issubclass(model, ConfigTable) else ""
    return f"unknown{hint}"


def _model_at(location: Location) -> type[Section]:
    """Follow a location down to the model of the table it names; a table without one counts as its parent's."""
    model: type[Section] = Settings
    for part in location:
        model = _children(model).get(str(part), model)
    return model


def _children(model: type[Section]) -> dict[str, type[Section]]:
    found = {field.alias or name: _inner(field.annotation) for name, field in model.model_fields.items()}
    return {key: inner for key, inner in found.items() if inner is not None}


def _inner(annotation: object) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(_inner, get_args(annotation))), None)


def _tables(model: type[Section], place: str) -> list[tuple[str, type[Section]]]:
    found = [(place, model)]
    for key, child in _children(model).items():
        found += _tables(child, f"{place}.{key}".lstrip("."))
    return found
