"""What is said to GitLab of jobs: asking for one, its trace, and how it ended."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from . import gitlab
from .health import Health
from .log import say, short_token

_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.1
_STATUSES_TO_REPEAT = (408, 429, 500, 502, 503, 504)
_OWN_STATUSES_FROM = 512

Entry = Mapping[str, Any]
Job = Mapping[str, Any]


class Jobs:
    """The jobs of all entries, as GitLab gives them out."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self.system_id = ""

    def request(self, entry: Entry) -> tuple[Job | None, bool]:
        """Ask for a job; the payload, or None, and whether GitLab wanted requests to come slower."""
        token, runner = entry["token"], short_token(entry["token"])
        body = {
            "info": gitlab.version_info(entry.get("executor", "")),
            "token": token,
            "system_id": self.system_id,
            "last_update": "",
        }
        try:
            answer, slowed_down = _request_patiently(entry, body)
        except gitlab.NetworkError as error:
            say("Checking for jobs... client error", "ERROR", runner=runner, status=error)
            self._health.note(entry, healthy=False)
            return None, False
        # Whatever else went wrong may be GitLab's fault, not the token's.
        self._health.note(entry, healthy=answer.status != 403)
        if answer.status == 201:
            say("Checking for jobs... received", job=answer.body["id"], runner=runner)
            return answer.body, slowed_down
        if answer.status == 403:
            say("Checking for jobs... forbidden", "ERROR", runner=runner, status=answer.status)
        elif answer.status != 204:
            outcome = "GitLab instance currently unavailable" if answer.status == 503 else "failed"
            say(f"Checking for jobs... {outcome}", "WARNING", runner=runner, status=answer.status)
        return None, slowed_down

    def append_trace(self, entry: Entry, job: Job, text: str) -> None:
        """Write the beginning of a job's log. Raises `NetworkError`."""
        content = text.encode()
        headers = {
            "User-Agent": gitlab.user_agent(),
            "Job-Token": job["token"],
            "Content-Type": "text/plain",
            "Content-Range": f"0-{len(content) - 1}",
        }
        gitlab.send(entry, "PATCH", f"jobs/{job['id']}/trace", content, headers)

    def finish(self, entry: Entry, job: Job, failure: str) -> None:
        """Say how a job ended; `failure` is GitLab's word for why, or nothing."""
        outcome = {"state": "failed", "failure_reason": failure} if failure else {"state": "success"}
        body = {"info": gitlab.version_info(), "token": job["token"], **outcome}
        try:
            gitlab.call(entry, "PUT", f"jobs/{job['id']}", body, headers={"Job-Token": job["token"]})
        except gitlab.NetworkError as error:
            say("Updating job... failed", "WARNING", job=job["id"], status=error)


def _request_patiently(entry: Entry, body: Mapping[str, Any]) -> tuple[gitlab.Answer, bool]:
    """The last answer to a request that is repeated while GitLab has trouble, and whether it ever had."""
    slowed_down = False
    for attempt in range(1, _ATTEMPTS + 1):
        answer = gitlab.call(entry, "POST", "jobs/request", body, private_token=entry["token"])
        if answer.status not in _STATUSES_TO_REPEAT and answer.status < _OWN_STATUSES_FROM:
            break
        slowed_down = True
        if attempt < _ATTEMPTS:
            time.sleep(answer.retry_after or _pause(attempt))
    return answer, slowed_down


def _pause(attempt: int) -> float:
    longest = _FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1)
    return random.uniform(_FIRST_PAUSE_SECONDS, longest)  # noqa: S311
