"""When the tool on the manager lets go of a version of gitlab-runner, and when it does not even try."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.manager_tool.deployment import upgrade as tool
from components.manager_tool.host import StepError
from components.manager_tool.programs import service, unit
from components.manager_tool.programs.kept import Program

OLD, NEW = Program("gitlab-runner", "a" * 64), Program("gitlab-runner", "b" * 64)


class Host:
    """A manager of whose service only the order of events is seen."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[str] = []
        self.refusals: Mapping[Program, list[str | None]] = {}
        self.fails: set[str] = set()
        self.journal = folder / "upgrade.json"
        monkeypatch.setattr(tool, "JOURNAL", self.journal)
        monkeypatch.setattr(tool, "live", lambda _: OLD)
        monkeypatch.setattr(tool, "forget_others", lambda *_: None)
        monkeypatch.setattr(tool, "require_room", lambda _: self._fail("room"))
        monkeypatch.setattr(tool, "put", lambda program: self._note(program.sha256[0]))
        monkeypatch.setattr(tool, "_refusal", self._refusal)
        monkeypatch.setattr(Program, "version", property(lambda program: program.sha256[0]))
        monkeypatch.setattr(unit, "is_ours", lambda: True)
        monkeypatch.setattr(service, "is_stopped", lambda: False)
        monkeypatch.setattr(service, "stop", lambda _: self._note("stop"))
        monkeypatch.setattr(service, "start", lambda: self._note("start"))
        monkeypatch.setattr(service, "require_steady", lambda _: self._note("steady"))

    def _note(self, event: str) -> None:
        self.events.append(event)
        self._fail(event)

    def _fail(self, event: str) -> None:
        if event in self.fails:
            self.fails.discard(event)
            raise StepError(f"no {event}")

    def _refusal(self, program: Program) -> str | None:
        left = self.refusals.get(program, [])
        return left.pop(0) if left else None


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_a_version_that_does_not_take_the_live_config_is_not_tried(host: Host) -> None:
    host.refusals = {NEW: ["unknown key"]}
    with pytest.raises(StepError, match="gitlab-runner b was not taken into use: unknown key"):
        tool.upgrade(NEW, 60)
    assert host.events == []
    assert not host.journal.exists()


def test_without_room_for_it_the_service_is_not_stopped(host: Host) -> None:
    host.fails = {"room"}
    with pytest.raises(StepError, match="no room"):
        tool.upgrade(NEW, 60)
    assert host.events == []


def test_what_the_old_version_refuses_too_is_not_held_against_the_new_one(host: Host) -> None:
    host.refusals = {OLD: ["token revoked"], NEW: ["token revoked", "token revoked"]}
    tool.upgrade(NEW, 60)
    assert host.events == ["stop", "b", "start", "steady"]


def test_a_version_that_refuses_once_it_runs_is_taken_back(host: Host) -> None:
    host.refusals = {NEW: [None, "GitLab says 403"]}
    with pytest.raises(StepError, match=r"gitlab-runner b failed, so a runs again; .* What failed: GitLab says 403"):
        tool.upgrade(NEW, 60)
    assert host.events == ["stop", "b", "start", "steady", "stop", "a", "start"]
    assert not host.journal.exists()


@pytest.mark.parametrize("event", ["start", "steady"])
def test_a_version_that_does_not_run_is_taken_back(host: Host, event: str) -> None:
    host.fails = {event}
    with pytest.raises(StepError, match=f"What failed: no {event}"):
        tool.upgrade(NEW, 60)
    assert host.events[-3:] == ["stop", "a", "start"]


def test_whatever_happens_while_the_service_is_stopped_it_is_started_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(_: float) -> None:
        raise MemoryError

    monkeypatch.setattr(service, "require_steady", no_memory)
    with pytest.raises(StepError, match=r"so a runs again; .* What failed: the manager has no memory left"):
        tool.upgrade(NEW, 60)
    assert host.events == ["stop", "b", "start", "stop", "a", "start"]


def test_a_version_that_can_not_be_taken_back_stays_in_the_journal_for_the_next_run(host: Host) -> None:
    host.fails = {"steady", "a"}
    with pytest.raises(StepError, match="no a"):
        tool.upgrade(NEW, 60)
    assert json.loads(host.journal.read_text()) == {"old": OLD.sha256, "new": NEW.sha256}
    tool.upgrade(OLD, 60)
    assert host.events[-3:] == ["stop", "a", "start"]
    assert not host.journal.exists()


def test_an_interrupted_upgrade_whose_version_is_refused_now_is_taken_back(host: Host) -> None:
    host.journal.write_text(json.dumps({"old": OLD.sha256, "new": NEW.sha256}))
    host.refusals = {NEW: ["unknown key"]}
    with pytest.raises(StepError, match="was not taken into use"):
        tool.upgrade(NEW, 60)
    assert host.events == ["stop", "a", "start"]
    assert not host.journal.exists()
