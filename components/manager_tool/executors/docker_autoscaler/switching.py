"""What a change of config.toml takes where docker-autoscaler is concerned, beside putting the file in place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...aws.account import account
from ...config.runners import Runner
from ...host import STAGED, StepError, load, say, warn, write
from ...programs import service
from . import groups
from .known import Known, known
from .probe import probe, untried
from .restarts import leaving, reasons

_DUE = STAGED / "restart.json"
"""Why the process that runs has to be started again though nothing in config.toml changes any more."""


def prepare(live: Sequence[Runner], new: Sequence[Runner], secrets: dict[str, str], *, patient: bool) -> list[str]:
    """Return why gitlab-runner has to be started again to change from `live` to `new`; nothing where it needn't.

    Groups that come in place of machines are tried before. Without `patient` nothing is tried, and there is nothing to
    return: it is taken down for the next time. Raises `StepError`, with nothing changed.
    """
    told = known()
    if told and patient and (sections := untried(live, new)):
        probe(account(told["region"], secrets), sections, told)
    pid = service.main_pid() if told else 0
    if not told or not pid:
        return []
    due = load(_DUE)
    before = due.get("why", []) if due.get("pid") == pid else []
    lacking = _lacking(told) if groups.sections_by_group(new) else []
    why = [*dict.fromkeys([*reasons(live, new), *lacking, *before])]
    if patient or not why:
        return why
    write(_DUE, json.dumps({"pid": pid, "why": why}))
    if why != before:
        say(f"gitlab-runner follows this once it is started again, as by the next `pulumi up`: {'; '.join(why)}")
    return []


def _lacking(told: Known) -> list[str]:
    """Return what a process started before the plugin was installed can't know."""
    there = service.environment()
    wanted = {"FLEETING_PLUGIN_PATH": told["folder"], "AWS_REGION": told["region"]}
    lacking = [name for name, value in wanted.items() if there.get(name) != value]
    return [f"it was started without {' and '.join(lacking)}"] if lacking else []


@contextmanager
def stopped(why: Sequence[str]) -> Iterator[None]:
    """Where there is a reason, stop the service and wait for its jobs; after an error meanwhile it runs again."""
    if not why:
        yield
        return
    told = known()
    lines = "\n".join(f"- {each}" for each in why)
    say(f"gitlab-runner has to start again, as it reads these only then; its jobs end before:\n{lines}")
    with service.undisturbed():
        try:
            service.stop(told["jobSeconds"] if told else 0)
            yield
        except BaseException:
            service.start()
            raise
    _DUE.unlink(missing_ok=True)


def empty_groups(live: Sequence[Runner], new: Sequence[Runner], secrets: dict[str, str]) -> None:
    """End the instances of groups that no section has any more, once nothing runs there; a failure is told only."""
    names, told = [*leaving(live, new)], known()
    if not names or told is None:
        return
    say(f"instances of {', '.join(names)} go")
    try:
        left = groups.empty(account(told["region"], secrets), names, say)
    except StepError as error:
        warn(f"instances of {', '.join(names)} stay until the deployment deletes these groups: {error}")
        return
    for name, ids in left.items():
        warn(f"instances of {name} stay until the deployment deletes the group: {', '.join(filter(None, ids))}")
