"""The manager may name key pairs as its machines are named, wherever they are started and however they are bought."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from components.executors.docker_machine.breaker_plan import placement_plan
from components.executors.docker_machine.worker_policy import ever_wider
from components.iam import policies
from config_render import Settings, worker_bounds
from config_render.executors.docker_machine.entries import FALLBACK
from tests.render.settings_samples import FACTS, parsed, stack, with_own_runners

from .evaluator import Evaluator, Request
from .variants import VARIANTS

SPOT = {"spot": {"maxPrice": 0.1, "onDemandLimit": 2}, "limit": 9, "zones": ["a", "b"]}
POOLS: list[dict[str, Any]] = [
    {"name": "one", **SPOT},
    {"name": "two", **SPOT, "machine": {"MachineName": "m-%s.ci"}},
    {"name": "three", "limit": 2},
]
WHERE = VARIANTS["spot"]
CALLS = ("ec2:ImportKeyPair", "ec2:RunInstances", "ec2:DeleteKeyPair")


def request(action: str, machine: str) -> Request:
    return Request(
        action=action,
        resource=WHERE.fill("{ec2}:key-pair/") + machine,
        context={"ec2:Region": WHERE.region},
        principal=WHERE.fill("{iam}:role/manager"),
    )


def machines(settings: Settings) -> Iterator[str]:
    """A machine of each pool at each placement and of each kind, as gitlab-runner names it."""
    plan: Any = placement_plan(settings, FACTS)
    for pool in plan["pools"].values():
        for way in (way for ways in pool.values() for way in ways):
            yield "runner-abcdefghi-" + way["MachineName"].replace("%s", "1764000000-0a1b2c3d")


@pytest.mark.parametrize("settings", [parsed(stack(pools=POOLS)), with_own_runners(pools=POOLS)], ids=["pool", "entry"])
def test_every_machine_that_the_manager_may_start_has_its_key_pair(settings: Settings, evaluator: Evaluator) -> None:
    names = [*machines(settings)]
    assert [f"-{FALLBACK}" in name for name in names] == [False, False, True, True] * 2 + [False] * 3

    workers = replace(WHERE.workers, machine_names=worker_bounds(settings)["machine_names"])
    for candidate in ever_wider(workers):
        policy = policies.manager(candidate, None)
        refused = [
            (call, name) for call in CALLS for name in names if not evaluator.allows(policy, request(call, name))
        ]
        assert refused == []


@pytest.mark.parametrize("name", ["od-other", "other", "od-deploy", "on", "od-m"])
def test_no_other_machine_has_one(name: str, evaluator: Evaluator) -> None:
    workers = replace(WHERE.workers, machine_names=worker_bounds(parsed(stack(pools=POOLS)))["machine_names"])
    policy = policies.manager(workers, None)

    machine = f"runner-abcdefghi-{name}-1764000000-0a1b2c3d"
    assert [evaluator.allows(policy, request(call, machine)) for call in CALLS] == [False] * 3
