"""Running a job: it only takes its time, on a machine.

`Build.Run` and `retryCreateExecutor` in common/build.go, and executors/docker/machine/machine.go.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from . import gitlab
from .docker_machine import MachineError
from .fleet import Fleet
from .jobs import Jobs
from .log import say, short_token
from .machines import Machine

_PREPARATIONS = 3
_PREPARATION_PAUSE_SECONDS = 3.0
_FAILURE = "runner_system_failure"

Entry = Mapping[str, Any]
Job = Mapping[str, Any]


class Execution:
    """One job, with the machine that was acquired for it, if any."""

    def __init__(self, entry: Entry, job: Job, jobs: Jobs, fleet: Fleet, acquired: Machine | None) -> None:
        self._entry, self._job, self._jobs, self._fleet = entry, job, jobs, fleet
        self._acquired = acquired
        self._other: Machine | None = None
        self._runner = short_token(entry["token"])

    def run(self, abort: threading.Event) -> None:
        """Run the job to its end, or until `abort` is set, and tell GitLab how it went."""
        started = time.monotonic()
        failure = ""
        try:
            on_machine = self._entry.get("executor") == "docker+machine"
            host = self._prepared() if on_machine else "this host"
            try:
                self._jobs.append_trace(self._entry, self._job, f"Running on {host} ...\n")
                if abort.wait(_seconds(self._job)):
                    failure = _FAILURE
            finally:
                if on_machine:
                    self._clean_up()
        except (MachineError, gitlab.NetworkError) as error:
            self._say(f"Job failed (system failure): {error}", "WARNING")
            failure = _FAILURE
        self._jobs.finish(self._entry, self._job, failure)
        if not failure:
            self._say("Job succeeded", duration_s=f"{time.monotonic() - started:.1f}")

    def _prepared(self) -> str:
        """Find or make a machine; a signal does not end that. Raises `MachineError`."""
        error = MachineError()
        for _ in range(_PREPARATIONS):
            try:
                return self._prepare()
            except MachineError as failed:
                error = failed
            self._clean_up()
            self._say(f"Preparation failed: {error}", "WARNING")
            self._say("Will be retried in 3s ...")
            # After the last attempt, too, the real program waits.
            time.sleep(_PREPARATION_PAUSE_SECONDS)
        raise error

    def _prepare(self) -> str:
        machine, other = self._fleet.use(self._entry, self._acquired)
        self._other = machine if other else None
        self._say_of_machine("Created docker-machine" if other else "Using existing docker-machine")
        self._say_of_machine("Starting docker-machine build...")
        return machine.name

    def _clean_up(self) -> None:
        self._say_of_machine("Cleaned up docker-machine")
        self._fleet.release(self._entry, self._other)
        self._other = None

    def _say_of_machine(self, message: str) -> None:
        # Of two machines the real program names the acquired one, even if that could not be used.
        named = self._acquired or self._other
        facts: dict[str, object] = {"name": named.name, "usedCount": named.used_count} if named else {}
        say(message, "", job=self._job["id"], runner=self._runner, **facts)

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, job=self._job["id"], runner=self._runner, **fields)


def _seconds(job: Job) -> float:
    script = "\n".join(line for step in job.get("steps", []) for line in step.get("script", []))
    return sum(float(number) for number in re.findall(r"^sleep (\d+(?:\.\d+)?)$", script, re.MULTILINE))
