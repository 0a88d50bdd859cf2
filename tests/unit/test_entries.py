"""What a deployment makes of its pools' entries: config.toml, what the manager is told of them, and their runners."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components import AutoscalingRunner, AutoscalingRunnerArgs
from components.manager_tool.executors.docker_machine import overrides
from config_render import parse
from tests.render.settings_samples import ACCESS_TOKEN, options_of

from .conftest import Deploy, Recorder

SPOT = {"maxPrice": 0.07, "onDemandLimit": 1}
POOL: dict[str, Any] = {"name": "ci", "limit": 4, "instanceTypes": ["m5.large", "m6g.large"], "spot": SPOT}
NAMES = ["ci-a-m5-large", "ci-b-m5-large", "ci-a-m6g-large", "ci-b-m6g-large"]


class Deployed:
    """What was registered for one pool in two zones, and what came out of it."""

    def __init__(self, deploy: Deploy, each: str) -> None:
        self.ids: Mapping[str, int] = {}
        raw = {
            "gitlab": {"url": "https://gitlab.example.com"},
            "network": {"zones": ["a", "b"]},
            "manager": {"sshFrom": ["203.0.113.0/24"]},
            "createRunner": {"runnerType": "group_type", "groupId": 5, "each": each},
            "pools": [POOL],
        }
        settings = parse(raw, region="eu-central-1", tokens={"accessToken": ACCESS_TOKEN})

        def program() -> None:
            args = AutoscalingRunnerArgs(settings=settings, region="eu-central-1", access_token=ACCESS_TOKEN)
            AutoscalingRunner("runner", args).runner_ids.apply(lambda ids: setattr(self, "ids", ids))

        self.recorder: Recorder = deploy(program)

    def stdin(self, step: str) -> str:
        return str(self.recorder.named(f"runner-registration-{step}")["stdin"])

    @property
    def runners(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = tomllib.loads(self.stdin("config"))["runners"]
        return found

    @property
    def plan(self) -> dict[str, Any]:
        """What the watch makes of what it is told of the entries."""
        return overrides.planned(json.loads(self.stdin("watch"))["breaker"])


@pytest.mark.parametrize(("each", "names"), [("pool", ["ci"]), ("entry", NAMES)])
def test_the_manager_is_told_of_every_placement_with_what_was_created(
    deploy: Deploy, each: str, names: list[str]
) -> None:
    deployed = Deployed(deploy, each)

    assert [runner["name"] for runner in deployed.runners] == names
    assert [*deployed.plan] == names
    for runner in deployed.runners:
        plan = deployed.plan[runner["name"]]
        plan["placements"][0].setdefault("MachineOptions", runner["machine"]["MachineOptions"])
        assert plan["placements"][0]["MachineOptions"] == runner["machine"]["MachineOptions"]
        subnets = {options_of({"machine": way})["amazonec2-subnet-id"] for way in plan["placements"]}
        assert subnets == {f"runner-network-public-{zone}-id" for zone in "ab"}
        images = {options_of({"machine": way})["amazonec2-ami"] for way in plan["placements"]}
        assert images == {"ami-amd64", "ami-arm64"}
    assert [plan["fallback"] is not None for plan in deployed.plan.values()] == [True, *[False] * (len(names) - 1)]


@pytest.mark.parametrize(("each", "names"), [("deployment", ["ci"]), ("pool", ["ci"]), ("entry", NAMES)])
def test_each_section_is_asked_for_the_id_of_its_runner(deploy: Deploy, each: str, names: list[str]) -> None:
    assert (
        json.loads(Deployed(deploy, each).recorder.secret("runner-registration-runners", "stdin"))["sections"] == names
    )


def test_ids_of_runners_go_by_pools_or_where_each_entry_has_one_by_entries(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Deployed(deploy, "pool").ids == {"ci": 7}

    said = {name: number for number, name in enumerate(NAMES)}
    new_resource = Recorder.new_resource

    def with_ids(self: Recorder, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = new_resource(self, args)
        told = {"stdout": json.dumps(said)} if args.name.endswith("-registration-runners") else {}
        return id_, {**outputs, **told}

    monkeypatch.setattr(Recorder, "new_resource", with_ids)
    assert Deployed(deploy, "entry").ids == said
