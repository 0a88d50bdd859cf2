"""Verifying, registering, resetting and removing a runner's credentials, with the lines that report each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from . import gitlab
from .encoding import NO_TIME
from .log import say, short_token

Entry = dict[str, Any]


def is_created(token: str) -> bool:
    """Whether the token belongs to a runner that was created in GitLab, not registered."""
    return token.startswith(("glrt-", "glrtr-"))


def grant(entry: Entry, answer: Mapping[str, Any]) -> None:
    """Put a token and its times, as GitLab answered them, into an entry of the config."""
    expires = answer.get("token_expires_at")
    if "id" in answer:
        entry["id"] = answer["id"]
    entry["token"] = answer["token"]
    entry["token_obtained_at"] = datetime.now(timezone.utc).replace(microsecond=0)
    entry["token_expires_at"] = datetime.fromisoformat(expires.replace("Z", "+00:00")) if expires else NO_TIME


def verify(entry: Entry, system_id: str) -> dict[str, Any] | None:
    """Return GitLab's answer, or None where the token is not valid.

    Where GitLab cannot be reached the answer is an empty one: that counts as verified, as in the real program.
    """
    token = entry["token"]
    runner = short_token(token)
    body = {"token": token, "system_id": system_id}
    try:
        answer = gitlab.call(entry, "POST", "runners/verify", body, private_token=token)
    except gitlab.NetworkError as error:
        say("Verifying runner... client error", "ERROR", runner=runner, status=error)
        return {}
    good, bad = ("is valid", "is not valid") if is_created(token) else ("is alive", "is removed")
    if answer.status == 200:
        say(f"Verifying runner... {good}", runner=runner)
        return answer.body
    if answer.status == 403:
        say(f"Verifying runner... {bad}", runner=runner)
        return None
    say("Verifying runner... failed", "WARNING", runner=runner, status=answer.status)
    return {}


def register(entry: Entry, registration_token: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Register the old way; return GitLab's answer, or None where it refused."""
    runner = short_token(registration_token)
    body = {**parameters, "info": gitlab.version_info(), "token": registration_token}
    try:
        answer = gitlab.call(entry, "POST", "runners", body, private_token=registration_token)
    except gitlab.NetworkError as error:
        say("Registering runner... client error", "ERROR", runner=runner, status=error)
        return None
    if answer.status == 201:
        say("Registering runner... succeeded", runner=runner)
        return answer.body
    outcome = "forbidden (check registration token)" if answer.status == 403 else "failed"
    say(f"Registering runner... {outcome}", "ERROR", runner=runner, status=answer.status)
    return None


def reset(entry: Entry, access_token: str = "") -> dict[str, Any] | None:
    """Exchange the token for a new one; return GitLab's answer, or None where it refused."""
    runner = short_token(entry["token"])
    path, body = "runners/reset_authentication_token", {"token": entry["token"]}
    if access_token:
        path, body = f"runners/{entry.get('id', 0)}/reset_authentication_token", {}
    try:
        answer = gitlab.call(entry, "POST", path, body, private_token=access_token)
    except gitlab.NetworkError as error:
        say("Resetting runner authentication token... client error", "ERROR", runner=runner, status=error)
        return None
    if answer.status == 201:
        say("Resetting runner authentication token... succeeded", runner=runner)
        return answer.body
    say("Resetting runner authentication token... failed", "ERROR", runner=runner, status=answer.status)
    return None


def unregister(entry: Entry, system_id: str) -> bool:
    """Remove this manager (created runners) or the runner itself; return whether GitLab did."""
    token = entry["token"]
    runner = short_token(token)
    path, body = "runners", {"token": token}
    if is_created(token):
        path, body = "runners/managers", {"token": token, "system_id": system_id}
    try:
        answer = gitlab.call(entry, "DELETE", path, body, private_token=token)
    except gitlab.NetworkError as error:
        say("Unregistering runner from GitLab client error", "ERROR", runner=runner, status=error)
        return False
    if answer.status == 204:
        say("Unregistering runner from GitLab succeeded", runner=runner)
        return True
    outcome = "forbidden" if answer.status == 403 else "failed"
    say(f"Unregistering runner from GitLab {outcome}", "ERROR", runner=runner, status=answer.status)
    return False
