"""What AWS says of the machines that settings ask for: what they cost, and what may keep them away."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import pulumi

from config_render import Problem, Settings
from planning.aws import endpoints_by_service, look
from planning.market import Market
from planning.prices import report, wanted


def market_problems(settings: Settings, region: str, warn: Callable[[Sequence[Problem]], None]) -> list[Problem]:
    """Show what AWS asks for the machines, warn of what may not do, and return what can't, or what is to fail.

    AWS is asked as the stack's `aws:profile` and `aws:endpoints` have it, at previews alone unless the settings say
    `preflight: strict`.
    """
    strict = settings.preflight == "strict"
    if settings.preflight == "off" or not (strict or pulumi.runtime.is_dry_run()):
        return []
    found = report(settings, region, _question(settings, region)())
    pulumi.log.info("\n".join(("what the machines may cost:", *found.lines)))
    if strict:
        return [*found.errors, *found.warnings]
    warn(found.warnings)
    return list(found.errors)


def market_later(settings: Settings, region: str) -> pulumi.Output[Market]:
    """Return what AWS says, for an output: nothing else waits for it, and what a preview has asked is remembered."""
    if settings.preflight == "off":
        return pulumi.Output.from_input(Market())
    # Another thread would not see the stack's settings.
    question = _question(settings, region)
    return pulumi.Output.from_input(asyncio.get_running_loop().run_in_executor(None, question))


def _question(settings: Settings, region: str) -> Callable[[], Market]:
    config = pulumi.Config("aws")
    endpoints = endpoints_by_service(config.get_object("endpoints"))
    return partial(look, wanted(settings, region), profile=config.get("profile"), endpoints=endpoints)
