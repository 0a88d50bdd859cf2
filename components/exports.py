"""The outputs of a stack: for people, who read `pulumi stack output`, and for programs, which take `--json`."""

from collections.abc import Mapping
from datetime import date
from functools import partial

import pulumi

from config_render.render.next_commands import next_commands
from planning import fees
from planning.costs import Cost, as_plain, cost, currency, machine_rows

from .autoscaling_runner import AutoscalingRunner
from .resolve.stack_settings import StackSettings

_A_WEEK = date(2024, 1, 1)
"""A Monday whose week has no change of clocks: outputs must not change by the day."""


def stack_outputs(stack: StackSettings, runner: AutoscalingRunner) -> Mapping[str, object]:
    """Return what a stack exports. None of it is secret, and it changes only when the settings do.

    Args:
        stack: What `read_stack` returned.
        runner: The runner that was made of it.

    Returns:
        The values by the names of the outputs: manager_address, manager_instance_id, cache_bucket, runner_ids,
        config_toml, machines, network_charges, worst_case_cost (per hour and month, in the currency that it says; at
        least that where it is not complete, and null where no price is known) and next_commands.
    """
    settings = stack.settings
    rows = machine_rows(settings, stack.region, _A_WEEK)
    network = fees.network_rows(settings.network, stack.region)
    late = pulumi.Output.all(
        address=runner.manager_address,
        instance_id=runner.manager_instance_id,
        runner_ids=runner.runner_ids.apply(lambda ids: [*ids.values()]),
    )
    commands = partial(next_commands, settings, stack.region)
    return {
        "manager_address": runner.manager_address,
        "manager_instance_id": runner.manager_instance_id,
        "cache_bucket": runner.cache_bucket,
        "runner_ids": runner.runner_ids,
        "config_toml": runner.config_toml,
        "machines": as_plain(rows),
        "network_charges": fees.as_plain(network),
        "worst_case_cost": stack.market.apply(lambda market: _in_money(cost(rows, network, market), stack.region)),
        "next_commands": late.apply(lambda facts: commands(**facts)),
    }


def _in_money(worst: Cost, region: str) -> dict[str, object]:
    hour, month = worst.worst_per_hour.value, worst.worst_per_month.value
    return {
        "per_hour": None if hour is None else round(hour, 4),
        "per_month": None if month is None else round(month, 2),
        "currency": currency(region),
        "complete": not worst.worst_per_hour.missing,
    }
