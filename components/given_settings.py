"""Checking what a program gives to an `AutoscalingRunner`, before anything of that is registered with the engine."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pulumi

from config_render import Problem, Settings, SettingsError, Surroundings, cautions, in_words_of, placed, problems_of

from . import aws
from .market_report import market_problems
from .surroundings import look_around


def region_of(component: pulumi.Resource) -> str:
    """Return the region of the provider that the component's children get."""
    return aws.get_region(opts=pulumi.InvokeOptions(parent=component)).region


def checked(
    raw: Mapping[str, Any],
    *,
    region: str,
    tokens: Mapping[str, pulumi.Input[str]],
    secrets: Collection[str],
    place: str,
) -> Settings:
    """Return checked settings. Raises `pulumi.RunError` with all mistakes, in words of `place`.

    `tokens` are looked at where they are plain texts; `secrets` are the names of the further ones.
    """
    readable = {name: token if isinstance(token, str) else None for name, token in tokens.items()}
    settings, problems = problems_of(raw, tokens=readable, region=region, secrets=secrets)
    if settings is None or problems:
        raise _refusal(problems, place)
    return settings


def looked_up(settings: Settings, region: str, place: str, component: pulumi.Resource) -> Surroundings:
    """Return what the settings name as being there already, having warned of what may cost money, time or safety.

    Asks through the component's provider. Raises `pulumi.RunError` with all that does not fit.
    """

    def warn(problems: Sequence[Problem]) -> None:
        for each in problems:
            pulumi.log.warn(str(in_words_of(place, each)), component)

    found, problems = look_around(settings, region, pulumi.InvokeOptions(parent=component))
    problems = problems or market_problems(placed(settings, region, found.network), region, warn)
    if problems:
        raise _refusal(problems, place)
    warn(cautions(settings))
    return found


def _refusal(problems: Sequence[Problem], place: str) -> pulumi.RunError:
    return pulumi.RunError(str(SettingsError([in_words_of(place, each) for each in problems])))
