"""Taking another version of gitlab-runner into use, and going back to the one before if it does not do.

A journal on disk says which versions are concerned from before the service is stopped until all is verified, so that
a run after a crash finishes what was begun. There is one unit file, and so never a second service.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from ..config.runners import readable_live_runners
from ..host import LIVE, SECRETS, STAGED, StepError, explain, load, run, say, write
from ..programs import service, unit
from ..programs.kept import Program, forget_others, live, put, require_room
from .activation import check

JOURNAL = STAGED / "upgrade.json"
_STEADY_SECONDS = 5.0


class _Upgrade(NamedTuple):
    old: Program
    new: Program
    job_seconds: int


def upgrade(new: Program, job_seconds: int) -> None:
    """Have the service run `new`. Raises `StepError`, with the version before it running again, if that fails."""
    with service.undisturbed():
        begun = _begun(job_seconds)
        if begun and begun.new != new:
            say(f"an upgrade to another version was interrupted; going back to {begun.old.version} first")
            _back(begun)
            begun = None
        old = begun.old if begun else live(new.name)
        try:
            if old == new and not begun and unit.is_ours():
                return
            if (old or unit.PATH.exists()) and (begun or not service.is_stopped()):
                _swap(_Upgrade(old or new, new, job_seconds))
            else:
                put(new)
        finally:
            forget_others(new, old)


def _swap(change: _Upgrade) -> None:
    old, new = change.old, change.new
    if old == new:
        say(f"having gitlab-runner {new.version} run again by its own unit")
    else:
        say(f"upgrading gitlab-runner from {old.version} to {new.version}")
    # With the service stopped there is no way forward without room, and none is needed to go back.
    require_room(new)
    judged = _refusal(old) is None
    reason = _refusal(new) if judged else None
    if reason:
        if JOURNAL.exists():
            _back(change)
        raise StepError(f"gitlab-runner {new.version} was not taken into use: {reason}")
    write(JOURNAL, json.dumps({"old": old.sha256, "new": new.sha256}))
    try:
        service.stop(change.job_seconds)
        put(new)
        service.start()
        service.require_steady(_STEADY_SECONDS)
        reason = _refusal(new) if judged else None
        if reason:
            raise StepError(reason)
    except Exception as error:
        # Whatever it was, the service is not to stay stopped.
        say(f"gitlab-runner {new.version} failed; going back to {old.version}")
        _back(change)
        raise StepError(
            f"gitlab-runner {new.version} failed, so {old.version} runs again; set manager.gitlabRunner.version to one "
            f"that works. What failed: {explain(error)}"
        ) from error
    JOURNAL.unlink()
    say(f"gitlab-runner {new.version} runs")


def _back(change: _Upgrade) -> None:
    service.stop(change.job_seconds)
    put(change.old)
    service.start()
    JOURNAL.unlink()


def _begun(job_seconds: int) -> _Upgrade | None:
    """What an earlier run left unfinished."""
    found = load(JOURNAL)
    if not found:
        return None
    return _Upgrade(Program("gitlab-runner", found["old"]), Program("gitlab-runner", found["new"]), job_seconds)


def _refusal(program: Program) -> str | None:
    """Why a version does not do for the live config.toml, or GitLab not for it."""
    if not LIVE.exists():
        return None
    runners = readable_live_runners()
    try:
        check(LIVE, runners, load(SECRETS), str(program.path))
    except StepError as error:
        return str(error)
    tokens = [each["token"] for each in runners if each.get("token")]
    code, output = run(str(program.path), "verify", "--config", str(LIVE), check=False, hidden=tokens)
    return f"its `gitlab-runner verify` failed:\n{output}" if code else None
