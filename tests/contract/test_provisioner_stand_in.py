"""When the stand-in for fleeting's provisioner gives an instance up, and how it counts."""

from typing import Any, cast

import pytest

from localcloud.host_programs.gitlab_runner_stand_in.plugin_process import PluginProcess
from localcloud.host_programs.gitlab_runner_stand_in.provisioner import Instance, Intervals, Provisioner
from localcloud.host_programs.gitlab_runner_stand_in.scaling import Demand, Policy


class Plugin:
    """A plugin that has the instances that the test says."""

    def __init__(self) -> None:
        self.instances: list[tuple[str, str]] = [("i-1", "running")]

    def call(self, name: str, **arguments: Any) -> Any:
        assert name == "update"
        return self.instances


class Fleet:
    """A provisioner whose cycles the test makes."""

    def __init__(self) -> None:
        self.plugin = Plugin()
        self.provisioner = Provisioner(cast("PluginProcess", self.plugin), Intervals.of({}), 5, "runner")
        self.states: list[str] = []
        self.provisioner._notify = self._notice
        self.cycle()

    def _notice(self, instance: Instance) -> None:
        self.states.append(instance.state)

    def cycle(self) -> None:
        self.provisioner._reconcile(first=False)


def test_an_instance_that_is_missing_is_given_up_at_the_sixth_update() -> None:
    fleet = Fleet()
    fleet.plugin.instances = []

    for _ in range(5):
        fleet.cycle()
    before = list(fleet.states)
    fleet.cycle()

    assert before == ["running"]
    assert fleet.states == ["running", "timeout"]


def test_an_instance_that_comes_back_in_time_is_kept() -> None:
    fleet = Fleet()

    for instances in ([], [], [("i-1", "running")], [], [], [], []):
        fleet.plugin.instances = instances
        fleet.cycle()

    assert fleet.states == ["running"]


def test_an_instance_that_was_to_go_is_gone_at_the_first_update_without_it() -> None:
    fleet = Fleet()
    fleet.provisioner.delete("i-1")
    fleet.plugin.instances = []

    fleet.cycle()

    assert fleet.states == ["running", "deleted"]


@pytest.mark.parametrize(
    ("counts", "policy", "required"),
    [
        ({"instances": 1}, Policy(), -1),
        ({"instances": 1, "reserved": 1}, Policy(), 0),
        ({"instances": 0, "reserved": 1}, Policy(), 0),
        ({"instances": 0, "waiting": 1}, Policy(), 1),
        ({"instances": 1, "acquired": 1}, Policy(idle_count=2), 2),
        ({"instances": 1, "acquired": 3, "capacity": 4}, Policy(idle_count=2), 1),
        ({"instances": 4, "acquired": 4, "most": 9}, Policy(scale_factor=0.3), 2),
        ({"instances": 4, "acquired": 4, "most": 9}, Policy(scale_factor=2.0, scale_factor_limit=3), 3),
        ({"instances": 4, "acquired": 4}, Policy(idle_count=9), 1),
        ({"instances": 7}, Policy(), -7),
        ({"instances": 1, "acquired": 2}, Policy(), 0),
    ],
)
def test_the_number_of_instances_follows_the_formula(counts: dict[str, int], policy: Policy, required: int) -> None:
    nothing = {"acquired": 0, "unavailable": 0, "waiting": 0, "reserved": 0}

    assert Demand(**{"most": 5, "capacity": 1, **nothing, **counts}).required(policy) == required
