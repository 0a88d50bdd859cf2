"""Running a job: it only takes its time. `Build.Run` and `retryCreateExecutor` in common/build.go."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from . import gitlab
from .docker_machine import MachineError
from .jobs import Jobs
from .log import say, short_token
from .places import Place

_PREPARATIONS = 3
_PREPARATION_PAUSE_SECONDS = 3.0
_FAILURE = "runner_system_failure"

Entry = Mapping[str, Any]
Job = Mapping[str, Any]


class Execution:
    """One job, at the place that its executor has for it."""

    def __init__(self, entry: Entry, job: Job, jobs: Jobs, place: Place) -> None:
        self._entry, self._job, self._jobs, self._place = entry, job, jobs, place
        self._runner = short_token(entry["token"])

    def run(self, abort: threading.Event) -> None:
        """Run the job to its end, or until `abort` is set, and tell GitLab how it went."""
        started = time.monotonic()
        failure = ""
        try:
            text = self._prepared()
            try:
                self._jobs.append_trace(self._entry, self._job, text)
                if self._place.wait(abort, _seconds(self._job)):
                    failure = _FAILURE
            finally:
                self._place.clean_up()
        except (MachineError, gitlab.NetworkError) as error:
            self._say(f"Job failed (system failure): {error}", "WARNING")
            failure = _FAILURE
        self._jobs.finish(self._entry, self._job, failure)
        if not failure:
            self._say("Job succeeded", duration_s=f"{time.monotonic() - started:.1f}")

    def _prepared(self) -> str:
        """Prepare the place; a signal does not end that. Raises `MachineError`."""
        error = MachineError()
        for _ in range(_PREPARATIONS):
            try:
                return self._place.prepare()
            except MachineError as failed:
                error = failed
            self._place.clean_up()
            self._say(f"Preparation failed: {error}", "WARNING")
            self._say("Will be retried in 3s ...")
            # After the last attempt, too, the real program waits.
            time.sleep(_PREPARATION_PAUSE_SECONDS)
        raise error

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, job=self._job["id"], runner=self._runner, **fields)


def _seconds(job: Job) -> float:
    script = "\n".join(line for step in job.get("steps", []) for line in step.get("script", []))
    return sum(float(number) for number in re.findall(r"^sleep (\d+(?:\.\d+)?)$", script, re.MULTILINE))
