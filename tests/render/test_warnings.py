"""What is legal but costly is told in exact words, and each rule, of errors and of warnings, is needed."""

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_render import warnings_of
from config_render.checks import rules
from config_render.checks import warnings as warning_rules
from config_render.checks.pool_rules import POOL_RULES
from config_render.checks.raw import RawStack
from config_render.checks.rules import EXECUTOR_RULES, STACK_RULES
from config_render.checks.warnings import EXECUTOR_WARNINGS, POOL_WARNINGS, STACK_WARNINGS

from .settings_samples import lines, parsed, with_own_runners
from .test_settings_refusals import CASES as MISTAKES
from .test_settings_refusals import LONG_CASES, said, settings_of

Rule = Callable[..., Any]
WARNINGS: list[dict[str, Any]] = yaml.load((Path(__file__).parent / "warnings.yaml").read_text(), yaml.CSafeLoader)


def warned(given: dict[str, Any]) -> list[str]:
    stack = {"concurrent": 20, **given.get("stack", {})}
    settings = parsed(settings_of({**given, "stack": stack}), secrets=["id", "key"])
    return [str(each).removeprefix("gitlab-runner-aws:") for each in warnings_of(settings)]


@pytest.mark.parametrize("case", WARNINGS, ids=[str(case["given"]) for case in WARNINGS])
def test_what_may_cost_something_is_told_with_the_reason(case: dict[str, Any]) -> None:
    assert warned(case["given"]) == said(case)


def test_settings_that_cost_nothing_unexpected_bring_no_warning() -> None:
    careful = {
        "spot": {"maxPrice": "onDemand", "onDemandPrice": 0.1},
        "docker": {"image": "alpine:3.20", "privileged": True, "services": [{"name": "docker:27-dind"}]},
        "machine": {"IdleCount": 2, "IdleScaleFactor": 0.5, "IdleCountMin": 1, "MaxGrowthRate": 5, "MaxBuilds": 1},
    }
    assert warned({"pool": careful}) == []


@pytest.mark.parametrize(
    "image",
    [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/ci/ruby:3.4",
        "public.ecr.aws/docker/library/ruby:3.4",
        "registry.example.com/123456789012.dkr.ecr.eu-central-1.amazonaws.com/ruby:3.4",
    ],
)
def test_images_in_ecr_bring_no_warning_where_the_manager_may_pull_them_nor_do_public_ones(image: str) -> None:
    stack: dict[str, Any] = {"identity": {"ecr": {}}} if image[0].isdigit() else {}
    assert warned({"pool": {"docker": {"image": image}}, "stack": stack}) == []


def test_entries_with_runners_of_their_own_start_machines_in_as_many_places_without_the_watch() -> None:
    manager = {"sshFrom": ["203.0.113.0/24"], "watch": {"enabled": False}}
    four: dict[str, Any] = {"zones": ["a", "b"], "instanceTypes": ["m5.large", "m6i.large"]}

    assert warnings_of(with_own_runners(four, manager=manager, concurrent=20)) == []
    (unused,) = warnings_of(with_own_runners({**four, "limit": 3}, manager=manager, concurrent=20))
    assert "and zones make 1 placement more than are used" in unused.message


def test_pools_with_runners_of_their_own_count_by_themselves_and_concurrent_covers_their_entries() -> None:
    pools = [{"name": name, "zones": ["a", "b", "c"], "limit": 4} for name in ("one", "two")]

    assert warnings_of(with_own_runners(pools=pools, concurrent=8)) == []
    told = [each.message for each in warnings_of(with_own_runners(pools=pools, concurrent=5))]
    assert ["is below 8, the jobs" in told[0], "is below 6, the number of [[runners]]" in told[1]] == [True, True]


@pytest.mark.parametrize(("growth", "created"), [(30, 30), (2, 6)])
def test_entries_with_runners_of_their_own_make_machines_at_the_same_time_as_one_would(
    growth: int, created: int
) -> None:
    manager = {"sshFrom": ["203.0.113.0/24"], "instanceType": "t3.micro"}
    machine = {"MaxGrowthRate": growth}
    pool = {"zones": [*"abc"], "instanceTypes": ["m5.large", "m6i.large"], "limit": 150, "machine": machine}
    (told,) = warnings_of(with_own_runners(pool, manager=manager, concurrent=150))

    # Each of the six makes one at least.
    assert f"while 150 jobs and {created} machines that are created at the same time" in told.message


def told_by(rule: Rule, raw: dict[str, Any]) -> bool:
    stack = RawStack(raw)
    if rule in STACK_RULES:
        return any(rule(stack))
    pools = [pool for pool in stack.pools if rule in (*POOL_RULES, *EXECUTOR_RULES.get(pool.executor, ()))]
    return any(problem for pool in pools for problem in rule(stack, pool))


def without(rules: Mapping[Any, tuple[Rule, ...]], rule: Rule) -> dict[str, tuple[Rule, ...]]:
    return {executor: tuple(each for each in own if each is not rule) for executor, own in rules.items()}


EVERYTHING = [(settings_of(case["given"]), said(case)) for case in MISTAKES] + [
    (raw, [line]) for raw, line in LONG_CASES
]


@pytest.mark.parametrize(
    "rule", [*POOL_RULES, *chain(*EXECUTOR_RULES.values()), *STACK_RULES], ids=lambda rule: rule.__name__
)
def test_without_a_rule_some_mistake_is_not_told(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(raw, lines_) for raw, lines_ in EVERYTHING if told_by(rule, raw)]
    monkeypatch.setattr(rules, "POOL_RULES", tuple(each for each in POOL_RULES if each is not rule))
    monkeypatch.setattr(rules, "STACK_RULES", tuple(each for each in STACK_RULES if each is not rule))
    monkeypatch.setattr(rules, "EXECUTOR_RULES", without(EXECUTOR_RULES, rule))

    assert [raw for raw, lines_ in cases if lines(raw) != lines_]


@pytest.mark.parametrize(
    "rule", [*POOL_WARNINGS, *chain(*EXECUTOR_WARNINGS.values()), *STACK_WARNINGS], ids=lambda rule: rule.__name__
)
def test_without_a_caution_some_warning_is_not_told(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warning_rules, "POOL_WARNINGS", tuple(each for each in POOL_WARNINGS if each is not rule))
    monkeypatch.setattr(warning_rules, "STACK_WARNINGS", tuple(each for each in STACK_WARNINGS if each is not rule))
    monkeypatch.setattr(warning_rules, "EXECUTOR_WARNINGS", without(EXECUTOR_WARNINGS, rule))

    assert [case for case in WARNINGS if warned(case["given"]) != said(case)]
