"""Reading the settings of a stack, and refusing wrong ones before anything is registered with the engine."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from config_render import Problem, Settings, SettingsError, problems_of

from .gitlab_check import gitlab_problem

PROJECT = "gitlab-runner-aws"


@dataclass(frozen=True)
class StackSettings:
    """What a stack file says, checked."""

    settings: Settings
    region: str
    token: pulumi.Output[str]


def read_stack() -> StackSettings:
    """Return the current stack's settings; raises `pulumi.RunError` with every mistake at once."""
    prefix = f"{PROJECT}:"
    given = {k.removeprefix(prefix): v for k, v in runtime_config.CONFIG.get().items() if k.startswith(prefix)}
    token = given.pop("token", None)
    raw = {key: _decoded(value) for key, value in given.items()}
    region = pulumi.Config("aws").get("region")
    settings, problems = problems_of(raw, token=token, region=region)
    if token is not None and not runtime_config.is_config_secret(f"{PROJECT}:token"):
        problems.append(
            Problem(
                f"{PROJECT}:token",
                None,
                "stands in the stack file in clear text; create a new one in GitLab and encrypt it: "
                f"pulumi config set --secret {PROJECT}:token",
            )
        )
    problems += _gitlab_problems(raw)
    if settings is None or problems:
        raise pulumi.RunError(str(SettingsError(problems)))
    return StackSettings(settings, str(region), pulumi.Output.secret(str(token)))


def _decoded(value: Any) -> Any:
    """The engine hands every value over as text; numbers, lists and maps come as JSON."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _gitlab_problems(raw: dict[str, Any]) -> list[Problem]:
    # On the raw settings, so that this answer comes together with the other mistakes.
    gitlab = raw.get("gitlab")
    if not isinstance(gitlab, dict) or gitlab.get("check") is False or not isinstance(gitlab.get("url"), str):
        return []
    reason = gitlab_problem(gitlab["url"])
    return [Problem(f"{PROJECT}:gitlab.url", gitlab["url"], reason)] if reason else []
