"""The end of groups' instances at the end of the runner's life."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...aws.account import account
from ...config.runners import Runner, readable_live_runners, staged
from ...config.template import staged_template
from ...host import SECRETS, StepError, explain, load, say
from . import groups
from .known import known


def empty_groups(other_managers: Callable[[], Sequence[str]]) -> list[str]:
    """End all instances of this deployment's groups; the service has stopped. Return a line for each group with some.

    Another manager that has taken over has the same groups, and jobs on their instances.
    """
    told = known()
    names = [*groups.sections_by_group([*_wanted(), *readable_live_runners()])]
    if told is None or not names:
        return []
    try:
        if others := other_managers():
            say(f"instances of {', '.join(names)} stay: they are those of {', '.join(others)} now")
            return []
        say(f"ending instances of {', '.join(names)}")
        left = groups.empty(account(told["region"], load(SECRETS)), names, say)
    except (StepError, OSError, ValueError) as error:
        return [f"{', '.join(names)}: {explain(error)}"]
    return [f"{name}: {', '.join(filter(None, ids)) or 'it still launches some'}" for name, ids in left.items()]


def _wanted() -> list[Runner]:
    try:
        return staged(staged_template())[1]
    except StepError:
        return []
