"""The breaker: when an entry of config.toml stops making machines, what it becomes, and when it comes back."""

import json
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool import breaker, config, host, pausing
from config_render import render
from config_render.models.breaker import BreakerSettings
from config_render.paused import breaker_plan
from tests.render.settings_samples import FACTS, parsed, stack

PLAN = breaker_plan(BreakerSettings.model_validate({}), "warn")
NOW = 1_800_000_000.0
SCRIPT = 'echo """\n[[runners]]\nlimit = 99\n[runners.machine]\nIdleCount = 99\necho done'
TEMPLATE = render(
    parsed(
        stack(
            {
                "zones": ["a", "b"],
                "instanceTypes": ["m5.large"],
                "limit": 10,
                "pre_build_script": SCRIPT,
                "docker": {"image": "alpine", "services": [{"name": "docker:dind"}]},
                "machine": {
                    "IdleCount": 4,
                    "IdleCountMin": 2,
                    "IdleScaleFactor": 1.5,
                    "autoscaling": [{"Periods": ["* * * * * sat *"], "IdleCount": 8}],
                },
            }
        )
    ),
    FACTS,
)
A, B = "ci-a-m5-large", "ci-b-m5-large"


def machine(entry: str, number: int) -> str:
    return f"runner-a1b2a1b2a-{entry}-17999{number:05d}-{number:08x}"


class Manager:
    """The tool's files in a folder of the test, a journal that is written by hand, and config.toml as applied."""

    def __init__(self, folder: Path) -> None:
        self.machines, self.journal = folder / "machines", [dict[str, Any]()] * 0
        self.applied: list[str] = []
        self.refuses = False

    def apply(self, policy: str) -> None:
        if self.refuses:
            raise host.StepError("GitLab did not answer")
        self.applied.append(pausing.with_pauses(config.TEMPLATE.read_text()))

    def run(self, *command: str) -> tuple[int, str]:
        assert command[:3] == ("journalctl", "-u", "gitlab-runner")
        since = float(command[-1].removeprefix("--since=@"))
        lines = [json.dumps(each) for each in self.journal if int(each["__REALTIME_TIMESTAMP"]) / 1e6 >= since]
        return 0, "\n".join(lines)

    def log(self, time: float, message: Any) -> None:
        self.journal.append({"__REALTIME_TIMESTAMP": str(int(time * 1e6)), "MESSAGE": message})

    def fail(self, entry: str, *times: float) -> None:
        for number, time in enumerate(times):
            name = machine(entry, number)
            self.log(time, f"ERROR: Machine creation failed  error=exit status 1 name={name} time=1.2s")

    def succeed(self, entry: str, time: float) -> None:
        self.log(time, f"Machine created    duration=1m name={machine(entry, 77)} now=x retries=0")

    def have(self, entry: str, count: int, instance: str = "i-1") -> None:
        for number in range(100, 100 + count):
            folder = self.machines / machine(entry, number)
            folder.mkdir(parents=True)
            (folder / "config.json").write_text(json.dumps({"Driver": {"InstanceId": instance}}))

    def look(self, now: float, plan: dict[str, Any] = PLAN) -> None:
        breaker.run(plan, now)

    @property
    def runners(self) -> dict[str, dict[str, Any]]:
        """The entries of the config.toml that was applied last, by name."""
        text = self.applied[-1] if self.applied else TEMPLATE
        return {each["name"]: each for each in tomllib.loads(text)["runners"]}


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager(tmp_path)
    monkeypatch.setattr(config, "TEMPLATE", tmp_path / "config.toml")
    monkeypatch.setattr(pausing, "STATE", tmp_path / "breaker.json")
    monkeypatch.setitem(host.ENVIRONMENT, "MACHINE_STORAGE_PATH", str(made.machines.parent))
    monkeypatch.setattr(config, "apply_again", made.apply)
    monkeypatch.setattr(host, "run", made.run)
    config.TEMPLATE.write_text(TEMPLATE)
    return made


def seconds(*ago: float) -> Sequence[float]:
    return [NOW - each for each in ago]


def test_nothing_happens_while_fewer_creations_fail(manager: Manager) -> None:
    manager.fail(A, *seconds(40, 30, 20, 10))
    manager.look(NOW)

    assert manager.applied == []
    assert pausing.load().failures_total == 4


def test_an_entry_that_fails_too_often_in_a_row_keeps_its_machines_and_makes_none(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.have(A, 3)
    manager.look(NOW)

    before = {each["name"]: each for each in tomllib.loads(TEMPLATE)["runners"]}
    assert manager.runners[B] == before[B]
    paused = manager.runners[A]
    assert paused["limit"] == 3
    assert {k: v for k, v in paused["machine"].items() if k in ("IdleCount", "MaxGrowthRate")} == {
        "IdleCount": 1,
        "MaxGrowthRate": 1,
    }
    assert before[A]["machine"].keys() - paused["machine"].keys() == {"IdleCountMin", "IdleScaleFactor", "autoscaling"}
    same = {key: value for key, value in before[A].items() if key not in ("limit", "machine")}
    assert {key: value for key, value in paused.items() if key not in ("limit", "machine")} == same
    assert paused["pre_build_script"] == SCRIPT, "what looks like a section within a script is none"
    assert pausing.load().paused == {A: NOW + 900}


def test_an_entry_without_machines_is_left_out(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    # The next try is under way; it is no machine yet.
    manager.have(A, 1, instance="")
    (manager.machines / "not-begun").mkdir()
    manager.look(NOW)

    assert list(manager.runners) == [B]


def test_all_entries_may_be_left_out(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.fail(B, *seconds(50, 40, 30, 20, 10))
    manager.look(NOW)

    assert "runners" not in tomllib.loads(manager.applied[-1])


@pytest.mark.parametrize(
    "times",
    [
        pytest.param((1000, 900, 800, 700, 10), id="over a longer time"),
        pytest.param((50, 40, 30, "ok", 20, 10), id="with a success in between"),
    ],
)
def test_failures_far_apart_or_with_successes_do_not_count(manager: Manager, times: Sequence[Any]) -> None:
    for ago in times:
        if ago == "ok":
            manager.succeed(A, NOW - 25)
        else:
            manager.fail(A, NOW - ago)
    manager.look(NOW)

    assert manager.applied == []


def test_while_it_is_paused_its_limit_follows_its_machines_and_settings_stay_live(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.have(A, 2)
    manager.look(NOW)
    manager.look(NOW + 60)
    assert len(manager.applied) == 1, "nothing changed, nothing is applied"

    shutil.rmtree(next(manager.machines.iterdir()))
    manager.look(NOW + 120)
    assert manager.runners[A]["limit"] == 1
    config.TEMPLATE.write_text(TEMPLATE.replace("concurrent = 10", "concurrent = 20"))
    manager.apply("warn")
    assert manager.runners[A]["limit"] == 1, "a deployment does not end the pause"
    assert tomllib.loads(manager.applied[-1])["concurrent"] == 20


def test_after_the_pause_one_machine_decides(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.have(A, 2)
    manager.look(NOW)
    manager.look(NOW + 899)
    assert manager.runners[A]["limit"] == 2
    manager.look(NOW + 900)
    assert (manager.runners[A]["limit"], manager.runners[A]["machine"]["IdleCount"]) == (3, 3)
    assert pausing.load().paused == {}
    manager.look(NOW + 960)
    assert manager.runners[A]["limit"] == 3, "nothing was tried yet"

    manager.fail(A, NOW + 970)
    manager.look(NOW + 1000)
    assert pausing.load().paused == {A: NOW + 1900}
    assert manager.runners[A]["limit"] == 2
    manager.look(NOW + 1900)
    manager.succeed(A, NOW + 1910)
    manager.look(NOW + 1920)

    assert manager.applied[-1] == TEMPLATE
    assert (pausing.load().limits, pausing.load().failures_total) == ({}, 6)


def test_a_limit_is_never_raised(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.have(A, 7)
    manager.look(NOW)

    assert manager.runners[A]["limit"] == 5, "the settings' own"


@pytest.mark.parametrize(
    "message",
    [
        'ERROR: Machine creation failed error="the word name=of-another" name={} time=1s',
        'time="2026-01-01" level=error msg="Machine creation failed" error="exit status 1" name={} time=2s',
        '{{"error":"exit status 1","level":"error","msg":"Machine creation failed","name":"{}","time":1}}',
    ],
    ids=["runner", "text", "json"],
)
def test_each_log_format_is_understood(manager: Manager, message: str) -> None:
    for number in range(5):
        manager.log(NOW - 9 + number, message.format(machine(B, number)))
    manager.look(NOW)

    assert list(pausing.load().paused) == [B]


def test_colours_come_as_bytes_and_are_no_part_of_a_name(manager: Manager) -> None:
    red, reset = "\x1b[31;1m", "\x1b[0;m"
    for number in range(5):
        pairs = f"{red}error{reset}=exit status 1 {red}name{reset}={machine(A, number)} {red}time{reset}=1s"
        manager.log(NOW - 9 + number, list(f"{red}ERROR: Machine creation failed      {reset}  {pairs}".encode()))
    manager.look(NOW)

    assert list(pausing.load().paused) == [A]


def test_machines_of_others_are_nobodys(manager: Manager) -> None:
    for number in range(5):
        for name in ("runner-a1b2a1b2a-ci-1799900000-00000000", f"{machine(A, number)}-x", "first-certificates"):
            manager.log(NOW - 9 + number, f"ERROR: Machine creation failed error=x name={name} time=1s")
    manager.look(NOW)

    assert manager.applied == []


def test_a_pause_that_can_not_be_put_in_place_is_tried_again(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.refuses = True
    with pytest.raises(host.StepError, match="GitLab did not answer"):
        manager.look(NOW)
    assert pausing.load().limits == {}

    manager.refuses = False
    manager.look(NOW + 60)

    assert list(manager.runners) == [B]
    assert pausing.load().failures_total == 5, "none is counted twice"


def test_turned_off_it_ends_every_pause(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.look(NOW)

    manager.look(NOW + 60, breaker_plan(BreakerSettings.model_validate({"enabled": False}), "warn"))

    assert manager.applied[-1] == TEMPLATE
    assert pausing.load().paused == {}


def test_an_entry_that_is_no_longer_in_the_settings_is_forgotten(manager: Manager) -> None:
    manager.fail(A, *seconds(50, 40, 30, 20, 10))
    manager.look(NOW)
    config.TEMPLATE.write_text(TEMPLATE.replace(A, "renamed"))

    manager.look(NOW + 60)

    assert pausing.load().paused == {}


def test_the_placeholder_is_one_for_renderer_and_tool() -> None:
    assert PLAN["paused"]["runners"]["limit"] == pausing.MACHINES
    assert breaker_plan(BreakerSettings.model_validate({"minutes": 3, "coolDownMinutes": 1}), "warn")["seconds"] == 180
