"""The workers of the stand-in for gitlab-runner within this process, with jobs and machines that the test steers."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from localcloud.host_programs.gitlab_runner_stand_in.docker_machine import DockerMachine, MachineError, name_template
from localcloud.host_programs.gitlab_runner_stand_in.fleet import Fleet
from localcloud.host_programs.gitlab_runner_stand_in.health import Health
from localcloud.host_programs.gitlab_runner_stand_in.jobs import Job, Jobs
from localcloud.host_programs.gitlab_runner_stand_in.workers import Workers

ROUND = 0.12
"""How long the feeder takes to offer every entry once, in seconds: `check_interval`."""

Entry = dict[str, Any]


def entry(name: str, of: str = "x", machine: Mapping[str, Any] | None = None, **settings: Any) -> Entry:
    """An entry of the config; its token is made of one letter, and its machines' names begin with its own name."""
    settings = {"request_concurrency": 9, **settings}
    return {
        "name": name,
        "url": "http://127.0.0.1:9",
        "token": f"glrt-{of * 20}",
        "executor": "docker+machine",
        **settings,
        "machine": {"MachineDriver": "none", "MachineName": f"{name}-%s", "IdleTime": 3600, **(machine or {})},
    }


class PretendedMachines(DockerMachine):
    """A docker-machine that has machines by name alone."""

    def __init__(self) -> None:
        super().__init__()
        self.on_disk: list[str] = []
        self.asked: list[tuple[str, list[str]]] = []
        """The names and options of all creations so far."""
        self.at_once = self.most_at_once = self.failures = 0
        self.slow = False
        self.seconds = 0.0
        """How long a creation takes."""
        self.ready = threading.Semaphore(0)
        """Where creations are slow, each needs one of these to end."""
        self.unreachable: set[str] = set()
        self._counting = threading.Lock()

    def existing(self) -> list[str]:
        return sorted(self.on_disk)

    def create(self, entry: Mapping[str, Any], name: str) -> None:
        with self._counting:
            self.asked.append((name, list(entry["machine"].get("MachineOptions", []))))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        if self.slow:
            self.ready.acquire()
        with self._counting:
            self.at_once -= 1
            self.failures -= 1
            if self.failures >= 0:
                raise MachineError("no capacity")
            self.on_disk.append(name)

    def can_connect(self, name: str, *, anew: bool) -> bool:
        return name in self.on_disk and name not in self.unreachable

    def credentials(self, name: str) -> None:
        if not self.can_connect(name, anew=True):
            raise MachineError("can't connect")

    def exists(self, name: str) -> bool:
        return name in self.on_disk

    def stop(self, name: str) -> None:
        return

    def remove(self, name: str, *, force: bool = False) -> None:
        self.on_disk.remove(name)

    def asked_of(self, entry: Mapping[str, Any]) -> list[str]:
        """The names of the machines that were asked for an entry, by what stands before %s."""
        return [name for name, _ in self.asked if name.startswith(name_template(entry).partition("%s")[0])]


class PretendedJobs(Jobs):
    """A GitLab with so many jobs, each of which ends when the test says so."""

    def __init__(self, health: Health) -> None:
        super().__init__(health)
        self.waiting = 0
        self.asked: list[tuple[float, str]] = []
        """When which entry asked."""
        self.open: list[str] = []
        """The entries whose requests are not answered yet."""
        self.answers_at_once = threading.Event()
        self.answers_at_once.set()
        self.running: dict[int, str] = {}
        """The entries of the jobs that got a machine."""
        self.traces: list[str] = []
        self.failed: list[int] = []
        self._ends: dict[int, threading.Event] = {}
        self._lock = threading.Lock()

    def request(self, entry: Mapping[str, Any]) -> tuple[Job | None, bool]:
        with self._lock:
            self.asked.append((time.monotonic(), entry["name"]))
            self.open.append(entry["name"])
        self.answers_at_once.wait()
        with self._lock:
            self.open.remove(entry["name"])
            if not self.waiting:
                return None, False
            self.waiting -= 1
            number = len(self._ends) + 1
            self._ends[number] = threading.Event()
        return {"id": number, "token": "t", "entry": entry["name"]}, False

    def append_trace(self, entry: Mapping[str, Any], job: Job, text: str) -> None:
        self.traces.append(text)
        self.running[job["id"]] = entry["name"]
        self._ends[job["id"]].wait()
        del self.running[job["id"]]

    def finish(self, entry: Mapping[str, Any], job: Job, failure: str) -> None:
        if failure:
            self.failed.append(job["id"])

    def end(self, *numbers: int) -> None:
        """Let jobs end; without numbers all of them."""
        for number in numbers or tuple(self._ends):
            self._ends[number].set()

    def askers(self) -> list[str]:
        """The entries in the order in which they asked."""
        return [name for _, name in self.asked]


class PretendedFleet:
    """Workers, machines and jobs; `config` may be replaced at any time, as by a reload."""

    def __init__(self, concurrent: int, *entries: Entry) -> None:
        self.config: dict[str, Any] = {"concurrent": concurrent, "check_interval": ROUND, "runners": list(entries)}
        health = Health()
        self.machines, self.jobs = PretendedMachines(), PretendedJobs(health)
        self.fleet = Fleet(self.machines)
        self.workers = Workers(lambda: self.config, self.fleet, self.jobs, health)
        self.errors: list[BaseException] = []

    def change(self, **changes: Any) -> None:
        """Load a changed file."""
        self.config = {**self.config, **changes}

    def fit(self) -> bool:
        """Start or stop workers, as after each look at the file."""
        return self.workers.fit(self.config["concurrent"], self._begin)

    def start(self) -> None:
        """Begin."""
        self.fit()
        self._begin(self.workers.feed)

    def _begin(self, task: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                task()
            except BaseException as error:
                self.errors.append(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End everything that waits for the test."""
        self.workers.stop()
        self.machines.slow, self.machines.failures, self.jobs.waiting = False, 0, 0
        self.machines.ready.release(99)
        self.jobs.answers_at_once.set()
        deadline = time.monotonic() + 100
        while self.workers.jobs():
            assert time.monotonic() < deadline, "a job waits for ever"
            self.jobs.end()
            time.sleep(0.01)
        self.workers.join()


@contextmanager
def pretended(concurrent: int, *entries: Entry) -> Iterator[PretendedFleet]:
    """A fleet that the test prepares and starts."""
    fleet = PretendedFleet(concurrent, *entries)
    try:
        yield fleet
    finally:
        fleet.stop()
    assert fleet.errors == []


def stays(condition: Callable[[], Any], seconds: float = 3 * ROUND) -> None:
    """Hold a condition against some rounds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition()
        time.sleep(0.02)
