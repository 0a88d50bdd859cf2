"""Asking GitLab for jobs, and running them: a job only takes its time, on a machine."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from . import gitlab
from .docker_machine import MachineError
from .fleet import Fleet
from .log import say, short_token

_PREPARE_TRIES = 3
_UNHEALTHY_REQUESTS = 3
_UNHEALTHY_SECONDS = 3600.0

Entry = Mapping[str, Any]


class Health:
    """Entries that GitLab refused too often in a row, and since when."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], int] = {}
        self._since: dict[tuple[str, str], float] = {}

    def may_ask(self, entry: Entry) -> bool:
        """Whether the entry may be used now; an unhealthy one is tried again after an hour."""
        key = (entry["url"], entry["token"])
        limit = entry.get("unhealthy_requests_limit") or _UNHEALTHY_REQUESTS
        if self._failures.get(key, 0) < limit:
            return True
        if time.monotonic() - self._since[key] < _UNHEALTHY_SECONDS:
            return False
        self._failures[key] = 0
        return True

    def note(self, entry: Entry, *, healthy: bool) -> None:
        """Remember how GitLab answered."""
        key = (entry["url"], entry["token"])
        self._failures[key] = 0 if healthy else self._failures.get(key, 0) + 1
        self._since[key] = time.monotonic()
        limit = entry.get("unhealthy_requests_limit") or _UNHEALTHY_REQUESTS
        if self._failures[key] >= limit:
            identity = f"{entry['url']}{short_token(entry['token'])}"
            say(
                f'Runner "{identity}" is unhealthy and will be disabled for 1h0m0s seconds!',
                "ERROR",
                unhealthy_requests=self._failures[key],
                unhealthy_requests_limit=limit,
            )


def request(entry: Entry, system_id: str, health: Health) -> dict[str, Any] | None:
    """Ask for a job; return its payload, or None."""
    token, runner = entry["token"], short_token(entry["token"])
    body = {
        "info": gitlab.version_info(entry.get("executor", "")),
        "token": token,
        "system_id": system_id,
        "last_update": "",
    }
    try:
        answer = gitlab.call(entry, "POST", "jobs/request", body, private_token=token)
    except gitlab.NetworkError as error:
        say("Checking for jobs... failed", "WARNING", runner=runner, status=error)
        health.note(entry, healthy=False)
        return None
    health.note(entry, healthy=answer.status in (201, 204))
    if answer.status == 201:
        say("Checking for jobs... received", job=answer.body["id"], runner=runner)
        return answer.body
    if answer.status != 204:
        outcome = "forbidden" if answer.status == 403 else "failed"
        say(f"Checking for jobs... {outcome}", "ERROR", runner=runner, status=answer.status)
    return None


def execute(entry: Entry, job: Mapping[str, Any], fleet: Fleet, acquired: str | None, abort: threading.Event) -> None:
    """Run a job to its end, or until `abort` is set, and tell GitLab how it went."""
    machine, started, runner = acquired, time.monotonic(), short_token(entry["token"])
    failure = ""
    try:
        if entry.get("executor") == "docker+machine":
            machine = _prepare(entry, fleet, acquired, abort)
            use = "Using existing" if machine == acquired else "Created"
            say(f"{use} docker-machine", job=job["id"], name=machine, runner=runner)
        _append_trace(entry, job, f"Running on {machine or 'this host'} ...\n")
        if abort.wait(_seconds(job)):
            failure = "runner_system_failure"
    except (MachineError, gitlab.NetworkError) as error:
        say(f"Job failed (system failure): {error}", "WARNING", job=job["id"], runner=runner)
        failure = "runner_system_failure"
    finally:
        say("Cleaned up docker-machine", job=job["id"], name=machine, runner=runner)
        fleet.release(machine)
    _finish(entry, job, failure)
    if not failure:
        say("Job succeeded", duration_s=f"{time.monotonic() - started:.1f}", job=job["id"], runner=runner)


def _prepare(entry: Entry, fleet: Fleet, acquired: str | None, abort: threading.Event) -> str:
    for attempt in range(1, _PREPARE_TRIES + 1):
        try:
            return fleet.machine_for_job(entry, acquired)
        except MachineError as error:
            if attempt == _PREPARE_TRIES or abort.wait(1):
                raise
            say(f"Preparation failed: {error}", "WARNING", runner=short_token(entry["token"]))
    raise MachineError("preparation was not tried")


def _seconds(job: Mapping[str, Any]) -> float:
    script = "\n".join(line for step in job.get("steps", []) for line in step.get("script", []))
    return sum(float(number) for number in re.findall(r"^sleep (\d+(?:\.\d+)?)$", script, re.MULTILINE))


def _append_trace(entry: Entry, job: Mapping[str, Any], text: str) -> None:
    content = text.encode()
    headers = {
        "User-Agent": gitlab.user_agent(),
        "Job-Token": job["token"],
        "Content-Type": "text/plain",
        "Content-Range": f"0-{len(content) - 1}",
    }
    gitlab.send(entry, "PATCH", f"jobs/{job['id']}/trace", content, headers)


def _finish(entry: Entry, job: Mapping[str, Any], failure: str) -> None:
    outcome = {"state": "failed", "failure_reason": failure} if failure else {"state": "success"}
    body = {"info": gitlab.version_info(), "token": job["token"], **outcome}
    try:
        gitlab.call(entry, "PUT", f"jobs/{job['id']}", body, headers={"Job-Token": job["token"]})
    except gitlab.NetworkError as error:
        say("Updating job... failed", "WARNING", job=job["id"], status=error)
