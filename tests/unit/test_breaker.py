"""The breaker: when no more machines are made at a placement, where they are made instead, and when it comes back."""

import functools
import json
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from components.executors.docker_machine.breaker_plan import breaker_plan, placement_plan
from components.manager_tool import host
from components.manager_tool.config import runners, template
from components.manager_tool.contract.constants import END
from components.manager_tool.executors.docker_machine import breaker, overrides
from config_render import render
from config_render.settings.breaker import BreakerSettings
from tests.render.settings_samples import FACTS, parsed, stack

NOW = 1_800_000_000.0
SCRIPT = 'echo """\n[[runners]]\nlimit = 99\n[runners.machine]\nIdleCount = 99\necho done'
SETTINGS = parsed(
    stack(
        {
            "zones": ["a", "b"],
            "instanceTypes": ["m5.large"],
            "limit": 10,
            "spot": {"maxPrice": 0.07, "onDemandLimit": 3},
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
)
PLAN: Any = breaker_plan(BreakerSettings.model_validate({}), "warn", placement_plan(SETTINGS, FACTS))
OFF: Any = breaker_plan(BreakerSettings.model_validate({"enabled": False}), "warn", None)
TEMPLATE = f"{render(SETTINGS, FACTS)}{END}\n"
TOKEN = "glrt-a1b2a1b2axxxxxxxxxxx"
A, B = "ci-{}-a-m5-large", "ci-{}-b-m5-large"
OD_A, OD_B = f"od-{A}", f"od-{B}"


def machine(name: str, number: int) -> str:
    return f"runner-a1b2a1b2a-{name.format(f'17999{number:05d}-{number:08x}')}"


class Manager:
    """The tool's files in a folder of the test, a journal that is written by hand, and config.toml as applied."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.template = folder, folder / "config.toml"
        self.machines, self.journal = folder / "machines", [dict[str, Any]()] * 0
        self.applied: list[str] = []
        self.refuses = False

    def apply(self, policy: str) -> None:
        if self.refuses:
            raise host.StepError("GitLab did not answer")
        self.applied.append(overrides.effective(self.template.read_text()))
        overrides.remember(self.applied[-1])

    def run(self, *command: str) -> tuple[int, str]:
        assert command[:3] == ("journalctl", "-u", "gitlab-runner")
        since = float(command[-1].removeprefix("--since=@"))
        lines = [json.dumps(each) for each in self.journal if int(each["__REALTIME_TIMESTAMP"]) / 1e6 >= since]
        return 0, "\n".join(lines)

    def log(self, time: float, message: Any) -> None:
        self.journal.append({"__REALTIME_TIMESTAMP": str(int(time * 1e6)), "MESSAGE": message})

    def fail(self, name: str, *times: float) -> None:
        for number, time in enumerate(times):
            made = machine(name, number)
            self.log(time, f"ERROR: Machine creation failed  error=exit status 1 name={made} time=1.2s")

    def succeed(self, name: str, time: float) -> None:
        self.log(time, f"Machine created    duration=1m name={machine(name, 77)} now=x retries=0")

    def dry(self, *names: str, at: float = NOW) -> None:
        """Five creations fail in a row at each of the placements."""
        for name in names:
            self.fail(name, *(at - ago for ago in (50, 40, 30, 20, 10)))

    def have(self, name: str, count: int, *, on_ec2: bool = True) -> None:
        """Have machines; those that are not on EC2 are just being made, or can't be."""
        driver = {"InstanceId": "i-0a" if on_ec2 else ""}
        for number in range(100, 100 + count):
            folder = self.machines / machine(name, number)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "config.json").write_text(json.dumps({"DriverName": "amazonec2", "Driver": driver}))

    def have_no_more(self, name: str) -> None:
        shutil.rmtree(self.machines / machine(name, 100))

    def look(self, now: float = NOW, plan: Any = PLAN) -> bool:
        (self.folder / "watch.json").write_text(json.dumps({"breaker": plan}))
        return breaker.run(plan, now, self.apply)

    @property
    def runners(self) -> dict[str, dict[str, Any]]:
        """The entries of the config.toml that was applied last, by name."""
        text = self.applied[-1] if self.applied else TEMPLATE
        return {each["name"]: each for each in tomllib.loads(text)["runners"]}

    def numbers(self, name: str) -> dict[str, Any]:
        """Which numbers of machines a section of the last config.toml has."""
        machine = self.runners[name]["machine"]
        keys = ("IdleCount", "IdleCountMin", "IdleScaleFactor", "MaxGrowthRate", "autoscaling")
        return {key: machine[key] for key in keys if key in machine}

    def zone(self, name: str = "ci") -> str:
        """Where a section of the last config.toml starts machines; its MachineName has to agree with its options."""
        machine = self.runners[name]["machine"]
        (zone,) = (o.partition("=")[2] for o in machine["MachineOptions"] if o.startswith("amazonec2-zone="))
        assert machine["MachineName"].endswith(f"ci-%s-{zone}-m5-large")
        assert f"amazonec2-subnet-id=subnet-0{zone}" in machine["MachineOptions"]
        return str(zone)

    def is_spot(self, name: str) -> bool:
        return "amazonec2-request-spot-instance=true" in self.runners[name]["machine"]["MachineOptions"]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager(tmp_path)
    monkeypatch.setattr(breaker, "TEMPLATE", made.template)
    monkeypatch.setattr(template, "TEMPLATE", made.template)
    monkeypatch.setattr(overrides, "STATE", tmp_path / "breaker.json")
    monkeypatch.setattr(overrides, "WATCH_SETTINGS", tmp_path / "watch.json")
    live = tmp_path / "live.toml"
    live.write_text(TEMPLATE.replace("<secret:token>", TOKEN))
    monkeypatch.setattr(runners, "LIVE", live)
    monkeypatch.setitem(host.ENVIRONMENT, "MACHINE_STORAGE_PATH", str(made.machines.parent))
    monkeypatch.setattr(host, "run", made.run)
    made.template.write_text(TEMPLATE)
    overrides.remember(TEMPLATE)
    return made


def test_nothing_happens_while_fewer_creations_fail(manager: Manager) -> None:
    manager.fail(A, NOW - 70, NOW - 60, NOW - 50, NOW - 40)

    assert manager.look() is False
    assert manager.applied == []
    assert overrides.load_state().failures_total == 4


def test_where_creations_fail_in_a_row_machines_are_made_at_the_next_placement(manager: Manager) -> None:
    manager.dry(A)
    manager.have(A, 3)

    assert manager.look() is True, "whether the next placement works shows within seconds"

    before = {each["name"]: each for each in tomllib.loads(TEMPLATE)["runners"]}["ci"]
    after = manager.runners["ci"]
    assert list(manager.runners) == ["ci"], "while spot capacity is left nothing is made on demand"
    assert (manager.zone(), manager.is_spot("ci")) == ("b", True)
    assert before["machine"]["MachineName"].partition("%s")[0] == after["machine"]["MachineName"].partition("%s")[0]
    moved = ("MachineName", "MachineOptions")
    assert {k: v for k, v in after["machine"].items() if k not in moved} == {
        k: v for k, v in before["machine"].items() if k not in moved
    }
    assert {k: v for k, v in after.items() if k != "machine"} == {k: v for k, v in before.items() if k != "machine"}
    assert after["pre_build_script"] == SCRIPT, "what looks like a section within a script is none"
    assert overrides.load_state().paused == {"ci a-m5-large": NOW + 900}


def test_jobs_that_still_fail_where_it_was_before_pause_no_other_placement(manager: Manager) -> None:
    manager.dry(A)
    manager.look()
    manager.dry(A, at=NOW + 50)
    manager.look(NOW + 60)

    assert list(overrides.load_state().paused) == ["ci a-m5-large"]


def test_without_spot_capacity_the_section_keeps_its_machines_and_another_makes_some_on_demand(
    manager: Manager,
) -> None:
    manager.dry(A, B)
    manager.have(B, 2)
    manager.have(OD_A, 1)

    assert manager.look() is True

    assert list(manager.runners) == ["ci", "od-ci"]
    assert manager.numbers("ci") == {"IdleCount": -1, "MaxGrowthRate": 1}
    assert manager.numbers("od-ci") == {"IdleCount": 2, "MaxGrowthRate": 2}, "one of three is there"
    assert (manager.zone("od-ci"), manager.is_spot("od-ci")) == ("a", False)
    assert {manager.runners[name]["limit"] for name in manager.runners} == {10}, "jobs are counted by token"
    same = ("docker", "url", "pre_build_script", "token", "cache")
    assert all(manager.runners["od-ci"][key] == manager.runners["ci"][key] for key in same)


def test_with_all_on_demand_machines_there_no_more_are_made(manager: Manager) -> None:
    manager.dry(A, B)
    manager.have(OD_A, 2)
    manager.have(OD_B, 1)
    manager.look()

    assert manager.numbers("od-ci") == {"IdleCount": -1, "MaxGrowthRate": 1}


def test_on_demand_machines_are_made_in_another_zone_where_there_are_none(manager: Manager) -> None:
    manager.dry(A, B, OD_A)
    manager.look()
    assert manager.zone("od-ci") == "b"

    manager.dry(OD_B, at=NOW + 60)
    manager.look(NOW + 60)
    assert manager.numbers("od-ci") == {"IdleCount": -1, "MaxGrowthRate": 1}


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
    manager.look()

    assert manager.applied == []


def test_a_deployment_leaves_the_placement_as_it_is(manager: Manager) -> None:
    manager.dry(A)
    manager.look()
    manager.look(NOW + 60)
    assert len(manager.applied) == 1, "nothing changed, nothing is applied"

    manager.template.write_text(TEMPLATE.replace("concurrent = 10", "concurrent = 20"))
    manager.apply("warn")

    assert manager.zone() == "b"
    assert tomllib.loads(manager.applied[-1])["concurrent"] == 20


def test_other_options_of_a_deployment_reach_the_placement_that_is_in_use(manager: Manager) -> None:
    manager.dry(A)
    manager.look()
    newer = json.loads(json.dumps(PLAN).replace("ami-000000aa", "ami-000000ff"))
    manager.look(NOW + 60, newer)

    assert "amazonec2-ami=ami-000000ff" in manager.runners["ci"]["machine"]["MachineOptions"]


def test_after_the_pause_one_machine_decides(manager: Manager) -> None:
    manager.dry(A)
    manager.have(A, 2)
    manager.look()
    manager.look(NOW + 899)
    assert manager.zone() == "b"
    assert manager.look(NOW + 900) is True
    assert manager.zone() == "a"
    assert manager.numbers("ci") == {"IdleCount": 3, "MaxGrowthRate": 1}, "no job is taken for a machine to be"
    assert overrides.load_state().paused == {}
    manager.look(NOW + 960)
    assert manager.zone() == "a", "nothing was tried yet"

    manager.fail(A, NOW + 970)
    manager.look(NOW + 1000)
    assert overrides.load_state().paused == {"ci a-m5-large": NOW + 1900}
    assert manager.zone() == "b"
    manager.look(NOW + 1900)
    manager.succeed(A, NOW + 1910)
    assert manager.look(NOW + 1941) is False

    assert manager.applied[-1] == TEMPLATE
    assert (overrides.load_state().sections, overrides.load_state().failures_total) == ({}, 6)


@pytest.mark.parametrize("ahead", [3600, 7 * 86_400])
def test_a_clock_that_was_ahead_for_a_while_lengthens_no_pause(manager: Manager, ahead: int) -> None:
    manager.dry(A, at=NOW + ahead)
    manager.look(NOW + ahead)
    assert manager.zone() == "b"
    manager.look(NOW)
    manager.look(NOW + 900)
    assert manager.zone() == "a", "it is tried after the usual pause"
    manager.succeed(A, NOW + 910)
    manager.look(NOW + 920)
    assert (manager.zone(), overrides.load_state().trying) == ("a", {})
    assert overrides.load_state().failures_total == 5
    manager.fail(A, NOW + 930)
    manager.look(NOW + 940)
    assert overrides.load_state().failures_total == 6, "failures are counted by the clock that is right"


def test_on_demand_sections_go_once_spot_capacity_has_proved_to_be_back(manager: Manager) -> None:
    manager.dry(A, B)
    manager.look()
    manager.look(NOW + 900)
    assert list(manager.runners) == ["ci", "od-ci"], "one machine is tried meanwhile"
    limits = [manager.runners[name]["limit"] for name in ("ci", "od-ci")]
    assert limits == [10, 9], "a job less is left to on-demand machines, or the other section would never be looked at"
    assert manager.zone("ci") == "a"

    manager.succeed(A, NOW + 910)
    manager.look(NOW + 920)

    assert manager.applied[-1] == TEMPLATE


def test_on_demand_sections_go_when_any_placement_works_again(manager: Manager) -> None:
    manager.dry(A, B)
    manager.look()
    manager.look(NOW + 900)
    manager.succeed(B, NOW + 910)
    manager.look(NOW + 920)

    assert list(manager.runners) == ["ci"]
    assert manager.zone() == "a", "which is tried first of all"


def test_at_its_limit_a_section_does_not_wait_for_a_trial_with_every_machine_kept(manager: Manager) -> None:
    manager.dry(A)
    manager.have(B, 10)
    manager.look()
    manager.look(NOW + 900)
    assert manager.zone() == "b", "gitlab-runner would make none in a, and remove none of those that are idle"
    assert manager.numbers("ci")["IdleCount"] == 4

    manager.have_no_more(B)
    manager.look(NOW + 960)

    assert (manager.zone(), manager.numbers("ci")) == ("a", {"IdleCount": 10, "MaxGrowthRate": 1})


def test_at_its_limit_a_section_needs_no_on_demand_machines(manager: Manager) -> None:
    manager.dry(A, B)
    manager.have(A, 4)
    manager.have(B, 6, on_ec2=False)
    manager.look()
    assert list(manager.runners) == ["ci", "od-ci"], "machines that are still to come may not come"
    manager.have(B, 6)
    manager.look(NOW + 900)

    assert list(manager.runners) == ["ci"]
    assert manager.numbers("ci") == {"IdleCount": -1, "MaxGrowthRate": 1}


def test_sections_with_runners_of_their_own_change_their_placements_each_by_itself(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = stack({"zones": ["a", "b", "c"], "limit": 9, "spot": {"maxPrice": 0.07, "onDemandLimit": 2}})
    raw["createRunner"] = {"runnerType": "instance_type", "each": "entry"}
    from config_render import problems_of

    settings, errors = problems_of(raw, tokens={"accessToken": "glpat-" + "a" * 20}, region="eu-central-1")
    assert settings is not None
    assert errors == []
    manager.template.write_text(f"{render(settings, FACTS)}{END}\n")
    plan = {**PLAN, **placement_plan(settings, FACTS)}
    manager.dry(A)
    manager.look(NOW, plan)

    assert [manager.zone(f"ci-{zone}-m5-large") for zone in "abc"] == ["b", "b", "c"]
    assert [manager.runners[f"ci-{zone}-m5-large"]["limit"] for zone in "abc"] == [3, 3, 3]

    manager.dry(A, B, "ci-{}-c-m5-large", at=NOW + 60)
    manager.look(NOW + 60, plan)
    on_demand = [name for name in manager.runners if name.startswith("od-")]
    assert [(name, manager.zone(name)) for name in on_demand] == [("od-ci-a-m5-large", "a"), ("od-ci-b-m5-large", "b")]


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
    manager.look()

    assert list(overrides.load_state().paused) == ["ci b-m5-large"]


def test_colours_come_as_bytes_and_are_no_part_of_a_name(manager: Manager) -> None:
    red, reset = "\x1b[31;1m", "\x1b[0;m"
    for number in range(5):
        pairs = f"{red}error{reset}=exit status 1 {red}name{reset}={machine(A, number)} {red}time{reset}=1s"
        manager.log(NOW - 9 + number, list(f"{red}ERROR: Machine creation failed      {reset}  {pairs}".encode()))
    manager.look()

    assert list(overrides.load_state().paused) == ["ci a-m5-large"]


def test_machines_of_others_are_nobodys(manager: Manager) -> None:
    for number in range(5):
        for name in ("runner-a1b2a1b2a-ci-1799900000-00000000", f"{machine(A, number)}-x", "first-certificates"):
            manager.log(NOW - 9 + number, f"ERROR: Machine creation failed error=x name={name} time=1s")
    manager.look()

    assert manager.applied == []


def test_a_change_that_can_not_be_put_in_place_is_tried_again(manager: Manager) -> None:
    manager.dry(A)
    manager.refuses = True
    with pytest.raises(host.StepError, match="GitLab did not answer"):
        manager.look()
    assert overrides.load_state().sections == {}

    manager.refuses = False
    manager.look(NOW + 60)

    assert manager.zone() == "b"
    assert overrides.load_state().failures_total == 5, "none is counted twice"


def test_turned_off_it_ends_every_pause(manager: Manager) -> None:
    manager.dry(A)
    manager.look()

    manager.look(NOW + 60, OFF)

    assert manager.applied[-1] == TEMPLATE
    assert overrides.load_state().paused == {}


def test_a_placement_that_is_no_longer_in_the_settings_is_forgotten(manager: Manager) -> None:
    manager.dry(A)
    manager.look()

    in_b_alone = {kind: placements[1:] for kind, placements in PLAN["pools"]["ci"].items()}
    manager.look(NOW + 60, {**PLAN, "pools": {"ci": in_b_alone}})

    assert overrides.load_state().paused == {}


def test_without_capacity_anywhere_a_placement_that_is_no_longer_in_the_settings_is_left(manager: Manager) -> None:
    manager.dry(A)
    manager.look()
    manager.dry(B, at=NOW + 60)
    manager.look(NOW + 60)
    assert (manager.zone(), manager.numbers("ci")["IdleCount"]) == ("b", -1)

    in_a_alone = {kind: placements[:1] for kind, placements in PLAN["pools"]["ci"].items()}
    manager.look(NOW + 120, {**PLAN, "pools": {"ci": in_a_alone}})

    assert (manager.zone(), manager.numbers("ci")["IdleCount"]) == ("a", -1), "it is paused there too"


def test_what_release_0_2_0_has_kept_is_no_hindrance(manager: Manager) -> None:
    kept = {"failures_total": 7, "seen": 0.0, "paused": {"ci-a-m5-large": NOW + 9}, "trying": {}, "limits": {"x": 1}}
    overrides.STATE.write_text(json.dumps({**kept, "form": {}, "trial_form": {}}))
    manager.look()

    assert manager.applied == [TEMPLATE]
    assert (overrides.load_state().failures_total, overrides.load_state().paused) == (7, {})


def test_the_times_of_the_settings_are_told_in_seconds() -> None:
    plan = breaker_plan(
        BreakerSettings.model_validate({"minutes": 3, "coolDownMinutes": 1}), "warn", {"pools": {}, "entries": {}}
    )

    assert (plan["seconds"], plan["coolDownSeconds"]) == (180, 60)


@pytest.mark.parametrize("message", [None, [], "a\u2028b\x85c\x1c", "\ud800", [255, 27, 91], ["twice", "there"]])
def test_no_line_of_the_journal_keeps_others_from_being_read(
    message: Any, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "dumps", functools.partial(json.dumps, ensure_ascii=False))  # as journalctl writes it
    manager.log(NOW - 60, message)
    manager.dry(A)
    manager.log(NOW - 5, message)
    manager.look()
    assert list(overrides.load_state().paused) == ["ci a-m5-large"]


def test_a_section_of_docker_autoscaler_is_left_as_it_is_while_others_are_elsewhere(manager: Manager) -> None:
    section = '\n[[runners]]\nname = "groups"\nexecutor = "docker-autoscaler"\n[runners.autoscaler]\nplugin = "aws"\n'
    manager.template.write_text(f"{TEMPLATE.removesuffix(f'{END}' + chr(10))}{section}{END}\n")
    manager.fail(A, *(NOW - 30 + n for n in range(5)))
    manager.look()
    (groups,) = [each for each in tomllib.loads(manager.applied[-1])["runners"] if each["name"] == "groups"]
    assert groups == tomllib.loads(section)["runners"][0]
