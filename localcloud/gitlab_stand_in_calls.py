"""One request to the stand-in for GitLab, taken apart, and the state that it works on."""

from dataclasses import dataclass, field
from typing import Any

from .gitlab_stand_in_merge_requests import MergeRequests
from .gitlab_stand_in_records import CREATED_PREFIX, Records, RefusalError, Runner, random_token

_SETTINGS = (
    "description",
    "paused",
    "locked",
    "run_untagged",
    "tag_list",
    "access_level",
    "maximum_timeout",
    "maintenance_note",
)
_ACCESS_LEVELS = ("not_protected", "ref_protected")


@dataclass
class State:
    """All records, and who may do what."""

    registration_token: str | None
    access_tokens: dict[str, frozenset[str]]
    records: Records = field(default_factory=Records)
    merge_requests: MergeRequests = field(default_factory=MergeRequests)

    def create_runner(self, settings: dict[str, Any], token: str | None = None) -> Runner:
        """A new runner with an authentication token of the newer kind."""
        return self.records.add_runner(token or random_token(CREATED_PREFIX), settings)

    def runner_with(self, token: str | None) -> Runner:
        """The runner that has this token; a new one where there is none."""
        there = (each for each in self.records.runners.values() if each.token == token)
        return next(there, None) or self.create_runner({}, token)

    def overview(self) -> dict[str, Any]:
        """Everything but tokens."""
        return {
            "runners": [
                {
                    **runner.details(),
                    "managers": [_manager(m.details(), m.info) for m in runner.managers.values()],
                }
                for runner in self.records.runners.values()
            ],
            "jobs": [job.details() for job in self.records.jobs.values()],
        }


def _manager(details: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    return {**details, "executor": info.get("executor"), "config": info.get("config")}


@dataclass(frozen=True)
class Answer:
    """What is sent back; a body of None is empty."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request, taken apart."""

    state: State
    parameters: dict[str, Any]
    headers: dict[str, str]
    raw: bytes

    def required(self, *names: str) -> list[str]:
        """The values of required parameters; a 400 in Grape's words where one is missing."""
        missing = [name for name in names if self.parameters.get(name) is None]
        if missing:
            raise RefusalError(400, {"error": ", ".join(f"{name} is missing" for name in missing)})
        return [str(self.parameters[name]) for name in names]

    def header(self, name: str) -> str:
        """A header's value, whatever the case of its name; empty where it is absent."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    def person(self, *scopes: str) -> None:
        """Demand a personal access token with one of these scopes, or `api`."""
        granted = self.state.access_tokens.get(self.header("Private-Token"))
        if granted is None:
            raise RefusalError(401, {"message": "401 Unauthorized"})
        if not granted & {"api", *scopes}:
            text = "The request requires higher privileges than provided by the access token."
            wanted = " ".join(("api", *scopes))
            raise RefusalError(403, {"error": "insufficient_scope", "error_description": text, "scope": wanted})

    def settings(self) -> dict[str, Any]:
        """The runner settings among the parameters, checked."""
        chosen = {key: self.parameters[key] for key in _SETTINGS if key in self.parameters}
        if chosen.get("access_level", _ACCESS_LEVELS[0]) not in _ACCESS_LEVELS:
            raise RefusalError(400, {"error": "access_level does not have a valid value"})
        if len(chosen.get("maintenance_note") or "") > 1024:
            raise RefusalError(400, {"message": {"maintenance_note": ["is too long (maximum is 1024 characters)"]}})
        if isinstance(chosen.get("tag_list"), str):
            chosen["tag_list"] = [tag.strip() for tag in chosen["tag_list"].split(",") if tag.strip()]
        if chosen.get("run_untagged") is False and not chosen.get("tag_list"):
            text = "can not be empty when runner is not allowed to pick untagged jobs"
            raise RefusalError(400, {"message": {"tags_list": [text]}})
        return chosen
