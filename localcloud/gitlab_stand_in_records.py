"""What the stand-in for GitLab remembers: runners, their managers, and jobs."""

import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_ALPHABET = string.ascii_letters + string.digits + "-_"
CREATED_PREFIX = "glrt-"


class RefusalError(Exception):
    """An answer other than success: an HTTP status and a body as GitLab words it."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.body = body


def forbidden() -> RefusalError:
    """A token that is unknown, or does not belong to what is asked for."""
    return RefusalError(403, {"message": "403 Forbidden"})


def not_found() -> RefusalError:
    """A record that does not exist."""
    return RefusalError(404, {"message": "404 Not found"})


def now() -> str:
    """The time as GitLab's API writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def random_token(prefix: str = "") -> str:
    """A token of GitLab's shape: a prefix and 20 characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(20))


@dataclass
class Manager:
    """One machine that runs jobs for a runner; `contacted_at` is None until it asks for its first job."""

    id: int
    system_id: str
    created_at: str
    contacted_at: str | None = None
    info: dict[str, Any] = field(default_factory=dict)

    def details(self) -> dict[str, Any]:
        """The manager as `GET /runners/:id/managers` lists it."""
        shown = ("version", "revision", "platform", "architecture")
        return {
            "id": self.id,
            "system_id": self.system_id,
            **{key: self.info.get(key) for key in shown},
            "created_at": self.created_at,
            "contacted_at": self.contacted_at,
            "ip_address": "127.0.0.1",
            "status": "online" if self.contacted_at else "never_contacted",
            "job_execution_status": "idle",
        }


@dataclass
class Runner:
    """A runner and its settings, which are GitLab's and not in `config.toml`."""

    id: int
    token: str
    settings: dict[str, Any] = field(default_factory=dict)
    token_expires_at: str | None = None
    owner: tuple[str, int] | None = None
    """The group or project that it belongs to, such as ("groups", 5)."""
    managers: dict[str, Manager] = field(default_factory=dict)

    @property
    def created(self) -> bool:
        """Whether it was created (glrt- token), not registered with a registration token."""
        return self.token.startswith(CREATED_PREFIX)

    def credentials(self) -> dict[str, Any]:
        """What registration and verification answer; with the token."""
        return {"id": self.id, "token": self.token, "token_expires_at": self.token_expires_at}

    def details(self) -> dict[str, Any]:
        """The runner as `PUT /runners/:id` answers it; without the token."""
        return {"id": self.id, **_DEFAULTS, **self.settings}

    def summary(self) -> dict[str, Any]:
        """The runner as lists have it, without tags and note."""
        shown = ("description", "runner_type", "paused")
        return {"id": self.id, **{key: self.details()[key] for key in shown}}


_DEFAULTS: dict[str, Any] = {
    "description": None,
    "runner_type": "instance_type",
    "paused": False,
    "locked": False,
    "run_untagged": True,
    "tag_list": [],
    "access_level": "not_protected",
    "maximum_timeout": None,
    "maintenance_note": None,
}


@dataclass
class Job:
    """A job that only lasts; `state` is pending, running, success, failed or canceled."""

    id: int
    token: str
    seconds: float
    state: str = "pending"
    only_runner: int | None = None
    """The id of the one runner that may take it, as by a tag of its own."""
    runner_id: int | None = None
    system_id: str | None = None
    trace: bytes = b""

    def details(self) -> dict[str, Any]:
        """The job without its token."""
        shown = ("id", "state", "seconds", "runner_id", "system_id")
        return {key: getattr(self, key) for key in shown}

    def payload(self) -> dict[str, Any]:
        """What a runner gets; its script is the time that it takes."""
        return {
            "id": self.id,
            "token": self.token,
            "allow_git_fetch": True,
            "job_info": {"id": self.id, "name": "stand-in", "stage": "test", "project_name": "stand-in"},
            "git_info": {"repo_url": "", "ref": "main", "sha": "0" * 40},
            "runner_info": {"timeout": 3600},
            "variables": [],
            "steps": [{"name": "script", "script": [f"sleep {self.seconds}"], "timeout": 3600}],
            "image": None,
            "services": [],
        }


class Records:
    """Everything the stand-in knows, with the rules about tokens; the server holds a lock around each call."""

    def __init__(self) -> None:
        self.runners: dict[int, Runner] = {}
        self.jobs: dict[int, Job] = {}
        self._last_id = 0

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add_runner(self, token: str, settings: dict[str, Any], expires_at: str | None = None) -> Runner:
        """Remember a new runner."""
        runner = Runner(self._next_id(), token, settings, expires_at)
        self.runners[runner.id] = runner
        return runner

    def add_job(self, seconds: float, only_runner: int | None = None) -> Job:
        """Queue a job for whichever runner asks first, or for one of them."""
        job = Job(self._next_id(), random_token(), seconds, only_runner=only_runner)
        self.jobs[job.id] = job
        return job

    def jobs_from(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Queue a job of some `seconds`, for `runner` alone if that is given; or `cancel` all that wait."""
        if wanted.get("cancel"):
            for job in self.jobs.values():
                job.state = "canceled" if job.state == "pending" else job.state
            return {}
        return self.add_job(float(wanted["seconds"]), wanted.get("runner")).details()

    def runner(self, number: int) -> Runner:
        """The runner of this id; a 404 otherwise."""
        if number not in self.runners:
            raise not_found()
        return self.runners[number]

    def authenticate(self, token: str) -> Runner:
        """The runner with this token; a 403 otherwise."""
        for runner in self.runners.values():
            if secrets.compare_digest(runner.token.encode(), token.encode()):
                return runner
        raise forbidden()

    def manager(self, runner: Runner, system_id: str) -> Manager:
        """The runner's manager of this system id, which is created when it is new."""
        if system_id not in runner.managers:
            runner.managers[system_id] = Manager(self._next_id(), system_id, now())
        return runner.managers[system_id]

    def reset_token(self, runner: Runner) -> dict[str, Any]:
        """Give the runner another token of the same kind; the old one is dead at once."""
        runner.token = random_token(CREATED_PREFIX if runner.created else "")
        return {"token": runner.token, "token_expires_at": runner.token_expires_at}

    def next_job(self, runner: Runner, system_id: str) -> Job | None:
        """The oldest waiting job, now given to this runner; a paused runner gets none."""
        if runner.details()["paused"]:
            return None
        for job in self.jobs.values():
            if job.state == "pending" and job.only_runner in (None, runner.id):
                job.state, job.runner_id, job.system_id = "running", runner.id, system_id
                return job
        return None

    def job(self, number: int, token: str) -> Job:
        """The job of this id; a 403 unless the token is its own."""
        job = self.jobs.get(number)
        if job is None or not secrets.compare_digest(job.token.encode(), token.encode()):
            raise forbidden()
        return job
