"""Runners that are created in GitLab for this deployment, with an access token of a person, group or project.

https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user, scope create_runner; changing one takes the scope
manage_runner (https://docs.gitlab.com/api/runners/#update-runners-details); `api` includes both.
"""

from __future__ import annotations

from typing import Any

from .gitlab_api import GitLabError, call
from .host import warn

_BELONGING = ("runner_type", "group_id", "project_id")
_PAGE = 100


def create(url: str, access_token: str, wanted: dict[str, Any], attempt: str) -> dict[str, Any]:
    """Create a runner and return its `id`, `token` and `token_expires_at`.

    `wanted` holds the attributes by the API's names. `attempt` goes into the runner's maintenance note, by which
    `remove_unfinished` finds it. Raises `GitLabError`.
    """
    asked = {key: value for key, value in _noted(wanted, attempt).items() if value is not None}
    try:
        made = call(url, "POST", "user/runners", asked, access_token).body
    except GitLabError as error:
        raise _refused(error, "create_runner", "create the runner") from None
    print(f"created runner {made['id']} at {url}")
    return dict(made)


def change(url: str, access_token: str, number: str, wanted: dict[str, Any]) -> None:
    """Give a runner other attributes. Raises `GitLabError`."""
    asked = {key: value for key, value in wanted.items() if key not in _BELONGING}
    try:
        call(url, "PUT", f"runners/{number}", asked, access_token)
    except GitLabError as error:
        raise _refused(error, "manage_runner", f"change runner {number} as createRunner says") from None
    print(f"changed runner {number} at {url}")


def remove_unfinished(url: str, access_token: str, wanted: dict[str, Any], attempt: str) -> None:
    """Delete what an earlier run has created without living to note its token, which GitLab shows only once."""
    try:
        for number in _unfinished(url, access_token, wanted, attempt):
            call(url, "DELETE", f"runners/{number}", {}, access_token)
            print(f"deleted runner {number} at {url}, of which an interrupted run did not get the token")
    except GitLabError as error:
        if error.status not in (401, 403):
            raise
        warn(
            "an earlier run was interrupted, and accessToken may not look for what it left (scope manage_runner): a "
            f"runner whose maintenance note holds {attempt} may be at {url}; delete it there"
        )


def _unfinished(url: str, access_token: str, wanted: dict[str, Any], attempt: str) -> list[int]:
    kind = wanted["runner_type"]
    owner = {"group_type": f"groups/{wanted.get('group_id')}", "project_type": f"projects/{wanted.get('project_id')}"}
    path = f"{owner[kind]}/runners" if kind in owner else "runners/all"
    found: list[int] = []
    page = 1
    while True:
        listed = call(url, "GET", f"{path}?type={kind}&per_page={_PAGE}&page={page}", {}, access_token).body
        for runner in listed:
            # The list shows no notes, so those of the right description are looked at one by one.
            if runner["description"] == wanted["description"]:
                details = call(url, "GET", f"runners/{runner['id']}", {}, access_token).body
                found += [runner["id"]] if attempt in (details["maintenance_note"] or "") else []
        if len(listed) < _PAGE:
            return found
        page += 1


def _noted(wanted: dict[str, Any], attempt: str) -> dict[str, Any]:
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
