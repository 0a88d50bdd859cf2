"""Runners that are created in GitLab for this deployment, with an access token of a person, group or project.

https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user, scope create_runner; changing one takes the scope
manage_runner (https://docs.gitlab.com/api/runners/#update-runners-details); `api` includes both.
"""

from __future__ import annotations

import time

from ..host import warn
from .api import Credentials, GitLabError, call, credentials, runner_id, unfit

_BELONGING = ("runner_type", "group_id", "project_id")
_PAGE = 100
_LOOK_SECONDS = 300


def create(url: str, access_token: str, wanted: dict[str, object], attempt: str) -> Credentials:
    """Create a runner and return its `id`, `token` and `token_expires_at`.

    `wanted` holds the attributes by the API's names. `attempt` goes into the runner's maintenance note, by which
    `remove_unfinished` finds it. Raises `GitLabError`.
    """
    asked = {key: value for key, value in _noted(wanted, attempt).items() if value is not None}
    try:
        made = credentials(url, call(url, "POST", "user/runners", asked, access_token).body)
    except GitLabError as error:
        raise _refused(error, "create_runner", "create the runner") from None
    print(f"created runner {made['id']} at {url}")
    return made


def change(url: str, access_token: str, number: str, wanted: dict[str, object]) -> None:
    """Give a runner other attributes. Raises `GitLabError`."""
    asked = {key: value for key, value in wanted.items() if key not in _BELONGING}
    try:
        call(url, "PUT", f"runners/{number}", asked, access_token)
    except GitLabError as error:
        raise _refused(error, "manage_runner", f"change runner {number} as createRunner says") from None
    print(f"changed runner {number} at {url}")


def remove_unfinished(url: str, access_token: str, wanted: dict[str, object], attempt: str) -> None:
    """Delete what an earlier run has created without living to note its token, which GitLab shows only once."""
    hindrance = ""
    try:
        for number in _unfinished(url, access_token, wanted, attempt):
            call(url, "DELETE", f"runners/{number}", {}, access_token)
            print(f"deleted runner {number} at {url}, of which an interrupted run did not get the token")
    except _EndlessError:
        hindrance = f"GitLab's list of runners can't be looked through within {_LOOK_SECONDS} s"
    except GitLabError as error:
        if error.status not in (401, 403):
            raise
        hindrance = "accessToken may not look for what it left (scope manage_runner)"
    if hindrance:
        warn(
            f"an earlier run was interrupted, and {hindrance}: a runner whose maintenance note holds {attempt} may be "
            f"at {url}; delete it there"
        )


class _EndlessError(Exception):
    """There are too many runners to look at."""


def _unfinished(url: str, access_token: str, wanted: dict[str, object], attempt: str) -> list[int]:
    kind = wanted["runner_type"]
    owner = {"group_type": f"groups/{wanted.get('group_id')}", "project_type": f"projects/{wanted.get('project_id')}"}
    path = f"{owner[kind]}/runners" if kind in owner else "runners/all"
    found: list[int] = []
    deadline = time.monotonic() + _LOOK_SECONDS
    page = 1
    while True:
        listed = call(url, "GET", f"{path}?type={kind}&per_page={_PAGE}&page={page}", {}, access_token).body
        if not isinstance(listed, list) or not all(isinstance(runner, dict) for runner in listed):
            raise unfit(url, "list of runners", listed)
        for runner in listed:
            # The list shows no notes, so those of the right description are looked at one by one.
            if runner.get("description") == wanted["description"]:
                if time.monotonic() > deadline:
                    raise _EndlessError
                number = runner_id(url, runner)
                details = call(url, "GET", f"runners/{number}", {}, access_token).body
                if not isinstance(details, dict):
                    raise unfit(url, "runner", details)
                note = details.get("maintenance_note")
                found += [number] if isinstance(note, str) and attempt in note else []
        if len(listed) < _PAGE:
            return found
        if time.monotonic() > deadline:
            raise _EndlessError
        page += 1


def _noted(wanted: dict[str, object], attempt: str) -> dict[str, object]:
    note = wanted.get("maintenance_note") or ""
    return {**wanted, "maintenance_note": f"{note} [gitlab-runner-aws {attempt}]".strip()}


def _refused(error: GitLabError, scope: str, what: str) -> GitLabError:
    if error.status == 401:
        reason = "GitLab does not know the access token: it has expired, or was revoked; make a new one"
    elif error.status == 403:
        reason = (
            f"the access token may not {what}: it needs the scope {scope}, and the role that GitLab asks for "
            "(administrator for an instance_type, Owner of the group, Maintainer of the project)"
        )
    else:
        return error
    return GitLabError(f"{reason}: pulumi config set --secret gitlab-runner-aws:accessToken\n({error})", error.status)
