"""How many jobs find a machine that waits, and when: the policies of a pool."""

import math
from collections.abc import Sequence

from ...base.periods import five_fields
from ...settings.autoscaler import Policy
from ...settings.machine import Autoscaling, Machine
from ...settings.pool import Pool

_ALWAYS = ("* * * * *",)


def policies(pool: Pool) -> list[dict[str, object]]:
    """Return the policies in their order: those that the pool gives, or what docker+machine's numbers mean here.

    The first one always holds: what gitlab-runner does where none holds is documented nowhere.
    """
    given = pool.autoscaler.policy
    if given is None:
        return [_of_numbers(pool, each).table() for each in machines_that_wait(pool)]
    return [each.table() for each in _with_first(given)]


def machines_that_wait(pool: Pool) -> tuple[Machine | Autoscaling, ...]:
    """Return a pool's numbers in docker+machine's words, for what shows a week; the first ones always hold."""
    given = pool.autoscaler.policy
    if given is None:
        return (pool.machine, *(pool.machine.autoscaling or ()))
    return tuple(_as_numbers(pool, each) for each in _with_first(given))


def _with_first(given: Sequence[Policy]) -> list[Policy]:
    return [*([] if given and given[0].periods == _ALWAYS else [Policy()]), *given]


def _as_numbers(pool: Pool, policy: Policy) -> Autoscaling:
    most = (policy.scale_factor_limit or pool.limit) if policy.scale_factor else policy.idle_count
    return Autoscaling.model_validate(
        {
            "Periods": [f"* {period} *" for period in policy.periods],
            "Timezone": policy.timezone,
            "IdleCount": math.ceil(most / pool.autoscaler.capacity_per_instance),
        }
    )


def _of_numbers(pool: Pool, numbers: Machine | Autoscaling) -> Policy:
    """Return the policy that numbers of docker+machine mean.

    Those count machines, a policy counts jobs. With a factor, IdleCount is the most that wait, and IdleCountMin, or 1,
    the least (`IdleLimitStrategy` in executors/docker/machine/idle_limit_strategy.go of gitlab-runner).
    """
    jobs = pool.autoscaler.capacity_per_instance
    waiting: dict[str, object] = {"idle_count": numbers.idle_count * jobs}
    if numbers.idle_scale_factor and numbers.idle_count:
        waiting = {
            "idle_count": max(1, numbers.idle_count_min or 1) * jobs,
            "scale_factor": numbers.idle_scale_factor,
            "scale_factor_limit": numbers.idle_count * jobs,
        }
    when: dict[str, object] = {"periods": _ALWAYS}
    if isinstance(numbers, Autoscaling):
        when = {"periods": tuple(filter(None, map(five_fields, numbers.periods)))}
        waiting["timezone"] = numbers.timezone
    return Policy.model_validate({**when, **waiting, "idle_time": f"{numbers.idle_time}s"})
