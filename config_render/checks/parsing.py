"""From the stack's raw settings to checked ones, or to every error in them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..base.other_settings import EXTENDS, SECRETS
from ..base.placeholders import TOKEN, TOKENS, is_secret_name
from ..base.problems import NAMESPACE, Location, Problem, SettingsError, in_words_of, path_of, problem, shown
from ..base.pydantic_messages import how_to_set, in_words
from ..base.regions import check_region
from ..base.section import ConfigTable, Section, child_tables
from ..base.sizes import too_much
from ..settings.stack import Settings
from .docker_autoscaler_rules import user_data_problems
from .policy_rules import partition_problems
from .rules import related_problems

_REGION = "aws:region"
_ALL = f"{NAMESPACE}:*"
_MOST_SHOWN = 200
_MOST_RELATED = 1000
_MOST_ERRORS = 20_000

_NO_SECRET_NAME = (  # the rule S105 takes it for a password
    "is not a valid secret name: letters, digits and _, at most 64; and no name that the program sets itself"  # noqa: S105
)


def parse(
    raw: Mapping[str, object],
    *,
    token: str | None = None,
    region: str | None = None,
    secrets: Collection[str] = (),
    tokens: Mapping[str, str | None] | None = None,
    place: str = "gitlab-runner-aws:",
) -> Settings:
    """Return checked settings.

    Args:
        raw: The stack's settings by their names without the namespace, as plain tables, lists and values.
        token: The runner's authentication token in clear text, which is looked at and forgotten.
        region: The AWS region; without it nothing is checked that depends on one.
        secrets: Names of the further secrets that settings may name as `<secret:NAME>`.
        tokens: What the token comes from otherwise, `registrationToken` or `accessToken`, by these names; None for one
            whose text is known later.
        place: What stands before the names of settings in messages: `settings.` of a program, `acme:runner.` of a
            stack's configuration.

    Raises:
        SettingsError: With all errors.
    """
    settings, problems = problems_of(raw, token=token, region=region, secrets=secrets, tokens=tokens)
    if region is None:
        problems = [each for each in problems if each.path != _REGION]
    if settings is None or problems:
        raise SettingsError([in_words_of(place, each) for each in problems])
    return settings


def problems_of(
    raw: Mapping[str, object],
    *,
    token: str | None = None,
    region: str | None = None,
    secrets: Collection[str] = (),
    tokens: Mapping[str, str | None] | None = None,
) -> tuple[Settings | None, list[Problem]]:
    """Return the settings, unless they could not be read, and all errors, in the order of their paths.

    Of more than 200 errors not all are listed.
    """
    # Secrets may be among the settings; no model and no message gets hold of them.
    plain = {key: value for key, value in raw.items() if key not in (*TOKENS, SECRETS)}
    tokens = {**({} if token is None else {TOKEN: token}), **(tokens or {})}
    if excess := too_much(plain):
        at, reason = excess
        return None, [Problem(path_of(at) if at else _ALL, None, f"{reason}; are these a stack's settings?")]
    # Rules that compare pools with each other may find an error for each pair.
    problems = [*_region_problems(region), *partition_problems(plain, region)]
    problems += islice(related_problems(plain, secrets, tokens), _MOST_RELATED)
    for name in secrets:
        if not is_secret_name(name):
            problems.append(problem((SECRETS, name), _NO_SECRET_NAME))
    settings, left_out = None, 0
    try:
        # With these two there, what they lack is named instead of the whole.
        settings = Settings.model_validate({"gitlab": {}, "manager": {}, **plain})
        problems += [] if problems else user_data_problems(settings)
    except ValidationError as error:
        count = error.error_count()
        # With a message for each, these alone would take minutes, and hundreds of MiB.
        if count > _MOST_ERRORS:
            return None, [Problem(_ALL, None, f"holds {count} errors; are these a stack's settings?")]
        errors = [each for each in error.errors(include_url=False) if not _follows(each)]
        problems += map(_translate, errors[:_MOST_SHOWN])
        misspelt = {*_misspelt(errors[:_MOST_SHOWN])}
        problems = [each for each in problems if each.path not in misspelt or not each.message.startswith("missing")]
        left_out = len(errors[_MOST_SHOWN:])
    listed = sorted(dict.fromkeys(problems), key=_place)
    left_out += len(listed[_MOST_SHOWN:])
    if left_out:
        listed[_MOST_SHOWN:] = [
            Problem(_ALL, None, f"at least {left_out} more errors are not listed; correct these first")
        ]
    return settings, listed


def _region_problems(region: str | None) -> list[Problem]:
    if region is None:
        return [Problem(_REGION, None, "missing; set it with: pulumi config set aws:region eu-central-1")]
    reason = check_region(region)
    return [Problem(_REGION, shown(region), reason)] if reason else []


def _place(each: Problem) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", each.path)]


def _follows(error: ErrorDetails) -> bool:
    # pydantic counts the entries that are right: a list whose entries are all wrong is not short. And half a character
    # is told of with its place by a rule of our own.
    return error["type"] == "string_unicode" or (error["type"] == "too_short" and len(error["input"]) > 0)


def _misspelt(errors: Sequence[ErrorDetails]) -> Iterator[str]:
    """Yield the paths of the keys that unknown ones seem to be meant for: an error is told once."""
    for each in errors:
        *table, key = _location(each)
        if each["type"] == "extra_forbidden" and (meant := _meant(str(key), _model_at(tuple(table)))):
            yield path_of((*table, meant))


def _location(error: ErrorDetails) -> Location:
    return tuple(part for part in error["loc"] if part != "[key]")


def _translate(error: ErrorDetails) -> Problem:
    location = _location(error)
    kind, value = error["type"], error["input"]
    model = _model_at(location[:-1])
    if kind == "extra_forbidden":
        return problem(location, _unknown(str(location[-1]), model))
    if kind == "missing":
        return problem(location, f"missing{_needed(location, model)}")
    key = str(location[-1])
    if kind == "none_required" and key in model.refused():
        return problem(location, model.refused()[key])
    more = _needed(location, model) if kind == "too_short" else how_to_set(error)
    return problem(location, in_words(error) + more, value)


def _needed(location: Location, model: type[Section]) -> str:
    for name, field in model.model_fields.items():
        if location[-1] in (field.alias, name) and field.description:
            return f"; needed: {field.description}"
    return "; needed"


def _unknown(key: str, model: type[Section]) -> str:
    homes = [place for place, other in _tables(Settings, "") if key in other.known_keys()]
    meant = _meant(key, model)
    if homes and (meant is None or not _ends(_bare(key), meant)):
        return f"unknown here; it goes under {homes[0] or NAMESPACE}"
    if meant:
        return f"unknown; did you mean `{meant}`?"
    hint = "; if it is a key of config.toml, put it under `extra`" if issubclass(model, ConfigTable) else ""
    return f"unknown{hint}"


def _meant(key: str, model: type[Section]) -> str | None:
    """Return the table's own key that an unknown one is most like, if any."""
    # Such as rootSize for amazonec2-root-size, or idle_count for IdleCount.
    bare = _bare(key)
    for known in model.known_keys():
        if _ends(bare, known):
            return known
    own = [*model.known_keys(), *([*TOKENS, SECRETS, EXTENDS] if model is Settings else [])]
    spelled = {known.lower(): known for known in own}
    close = get_close_matches(key.lower(), spelled, n=1)
    return spelled[close[0]] if close else None


def _ends(bare: str, known: str) -> bool:
    return len(bare) > 3 and _bare(known).endswith(bare)


def _bare(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _model_at(location: Location) -> type[Section]:
    """Follow a location down to the model of the table it names; a table without one counts as its parent's."""
    model: type[Section] = Settings
    for part in location:
        model = child_tables(model).get(str(part), model)
    return model


def _tables(model: type[Section], place: str) -> list[tuple[str, type[Section]]]:
    found = [(place, model)]
    for key, child in child_tables(model).items():
        found += _tables(child, f"{place}.{key}".lstrip("."))
    return found
