"""Reading the settings of a stack, and refusing wrong ones before anything is registered with the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from config_render import (
    SECRETS,
    TOKENS,
    ExistingResources,
    Problem,
    Settings,
    SettingsError,
    problems_of,
)
from config_render.base.input_file import UnreadableFileError
from config_render.base.other_settings import EXTENDS
from config_render.files.layers import Layer, shared
from config_render.files.project import as_settings, without_defaults
from config_render.files.stack_file import read_stack_file
from planning.market import Market

from .gitlab_check import gitlab_problem
from .market_report import market_later
from .resolved import resolve

PROJECT = "gitlab-runner-aws"
_SET = "pulumi config set --secret"


@dataclass(frozen=True)
class StackSettings:
    """What a stack file says, checked.

    Attributes:
        settings: The settings, those of the files that it `extends` included, with the zones of existing subnets.
        existing: The existing resources that they name.
        region: The AWS region, from `aws:region`.
        token: The runner's authentication token, a secret; None where it is not set.
        registration_token: The same of `registrationToken`.
        access_token: The same of `accessToken`.
        secrets: What `<secret:NAME>` stands for, by NAME.
        market: What AWS says of prices; nothing where it is not to be asked.
    """

    settings: Settings
    existing: ExistingResources
    region: str
    token: pulumi.Output[str] | None
    registration_token: pulumi.Output[str] | None
    access_token: pulumi.Output[str] | None
    secrets: Mapping[str, pulumi.Output[str]]
    market: pulumi.Output[Market]


def read_stack() -> StackSettings:
    """Return the current stack's settings, having warned of what may cost money, time or safety.

    Raises:
        pulumi.RunError: With every error at once, each with its line in the stack file.
    """
    prefix = f"{PROJECT}:"
    given = {k.removeprefix(prefix): v for k, v in runtime_config.CONFIG.get().items() if k.startswith(prefix)}
    tokens = {name: token for name in TOKENS if (token := given.pop(name, ""))}
    settings_given = as_settings(given)
    secrets, misplaced = _secrets(settings_given.pop(SECRETS, {}))
    raw, mistaken = _over_shared(settings_given)
    region = pulumi.Config("aws").get("region")
    settings, problems = problems_of(raw, tokens=tokens, region=region, secrets=secrets)
    problems += [*misplaced, *mistaken]
    for name in tokens:
        if not runtime_config.is_config_secret(f"{PROJECT}:{name}"):
            problems.append(_in_clear(name, f"create a new one in GitLab and encrypt it: {_SET} {PROJECT}:{name}"))
    problems += _gitlab_problems(raw)
    try:
        if settings is None or region is None or problems:
            raise SettingsError(problems)
        found = resolve(settings, region, _warn)
    except SettingsError as error:
        raise pulumi.RunError(str(SettingsError(_with_lines(error.problems)))) from None
    kept = {name: pulumi.Output.secret(text) for name, text in secrets.items()}
    token, registration, access = (pulumi.Output.secret(tokens[n]) if n in tokens else None for n in TOKENS)
    market = market_later(found.settings, region)
    return StackSettings(found.settings, found.existing, region, token, registration, access, kept, market)


def _warn(problems: Sequence[Problem]) -> None:
    for each in _with_lines(problems):
        pulumi.log.warn(str(each))


def _over_shared(given: dict[str, object]) -> tuple[Mapping[str, Any], list[Problem]]:
    """Return settings over those of the files that they extend, and what is wrong with these."""
    names = given.pop(EXTENDS, [])
    if names == []:
        return without_defaults(given), []
    layer, problems = shared(names, _stack_file().parent)
    try:
        own = read_stack_file(_stack_file()).own
    except UnreadableFileError:
        own = ()
    return layer.under(Layer(without_defaults(given, keep=own))).settings, problems


def _stack_file() -> Path:
    return Path(str(pulumi.runtime.get_root_directory()), f"Pulumi.{pulumi.get_stack()}.yaml")


def _with_lines(problems: Sequence[Problem]) -> list[Problem]:
    """Say where in the stack file a value stands, if that is the file that the engine has read."""
    if not problems:
        return []
    try:
        file = read_stack_file(_stack_file())
    except UnreadableFileError:
        return [*problems]
    return [file.with_line(problem, _stack_file().name) for problem in problems]


def _secrets(given: object) -> tuple[dict[str, str], list[Problem]]:
    path = f"{PROJECT}:{SECRETS}"
    if not isinstance(given, dict):
        fix = f"set one with: {_SET} --path {path}.NAME"
        return {}, [Problem(path, None, f"must be a table of texts by their names; {fix}")]
    texts = {name: text for name, text in given.items() if isinstance(text, str)}
    problems = [
        Problem(f"{path}.{name}", None, "must be text; put it in quotes") for name in given if name not in texts
    ]
    if given and not runtime_config.is_config_secret(path):
        problems.append(_in_clear(SECRETS, f"make new ones and encrypt each: {_SET} --path {path}.NAME"))
    return texts, problems


def _in_clear(key: str, fix: str) -> Problem:
    return Problem(f"{PROJECT}:{key}", None, f"is in the stack file in clear text; {fix}")


def _gitlab_problems(raw: Mapping[str, object]) -> list[Problem]:
    # On the raw settings, so that this answer comes together with the other errors.
    gitlab = raw.get("gitlab")
    if not isinstance(gitlab, dict) or gitlab.get("check") is False or not isinstance(gitlab.get("url"), str):
        return []
    ca = gitlab.get("ca")
    reason = gitlab_problem(gitlab["url"], ca if isinstance(ca, str) else None)
    return [Problem(f"{PROJECT}:gitlab.url", gitlab["url"], reason)] if reason else []
