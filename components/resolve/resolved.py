"""From settings that are right in themselves to settings that fit the account: the one way, whoever gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi

from config_render import ExistingResources, Problem, Settings, SettingsError, warnings_of, with_existing_zones

from .existing import lookup_existing
from .market_report import market_problems


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Settings that are checked and complete.

    Args:
        settings: With the zones of the existing subnets, where they name such.
        region: The AWS region.
        existing: The existing resources that the settings name.
    """

    settings: Settings
    region: str
    existing: ExistingResources

    @classmethod
    def within(cls, existing: ExistingResources, settings: Settings, region: str) -> Resolved:
        """Complete settings by what was found of what they name."""
        return cls(settings=with_existing_zones(settings, region, existing.network), region=region, existing=existing)


def resolve(
    settings: Settings,
    region: str,
    warn: Callable[[Sequence[Problem]], None],
    opts: pulumi.InvokeOptions | None = None,
    *,
    network_given: bool = False,
) -> Resolved:
    """Look up what settings name as being there, ask AWS's market, and warn of what may cost money, time or safety.

    Args:
        settings: As `problems_of` has returned them.
        region: The AWS region.
        warn: Takes what people are to be warned of.
        opts: Through which provider AWS is asked.
        network_given: Whether the program gives the network, so that there is nothing of it to look up.

    Raises:
        SettingsError: With all that is not there, does not fit, or can't be had.
    """
    existing, problems = lookup_existing(settings, region, opts, network_given=network_given)
    found = Resolved.within(existing, settings, region)
    if errors := problems or market_problems(found.settings, region, warn):
        raise SettingsError(errors)
    warn(warnings_of(settings))
    return found
