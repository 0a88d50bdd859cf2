"""What is legal but costly is told in exact words, and each rule, of errors and of warnings, is needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_render import cautions as cautions_of
from config_render.rules import cautions as caution_rules
from config_render.rules import relations
from config_render.rules.cautions import POOL_CAUTIONS, STACK_CAUTIONS
from config_render.rules.pool_relations import POOL_RULES
from config_render.rules.raw import RawStack
from config_render.rules.relations import STACK_RULES

from .settings_samples import lines, parsed
from .test_settings_refusals import CASES as MISTAKES
from .test_settings_refusals import LONG_CASES, said, settings_of

Rule = Callable[..., Any]
CAUTIONS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cautions.yaml").read_text())


def warned(given: dict[str, Any]) -> list[str]:
    stack = {"concurrent": 20, **given.get("stack", {})}
    settings = parsed(settings_of({**given, "stack": stack}), secrets=["id", "key"])
    return [str(each).removeprefix("gitlab-runner-aws:") for each in cautions_of(settings)]


@pytest.mark.parametrize("case", CAUTIONS, ids=[str(case["given"]) for case in CAUTIONS])
def test_what_may_cost_something_is_told_with_the_reason(case: dict[str, Any]) -> None:
    assert warned(case["given"]) == said(case)


def test_settings_that_cost_nothing_unexpected_bring_no_warning() -> None:
    careful = {
        "spot": {"maxPrice": "onDemand", "onDemandPrice": 0.1},
        "docker": {"image": "alpine:3.20", "privileged": True, "services": [{"name": "docker:27-dind"}]},
        "machine": {"IdleCount": 2, "IdleScaleFactor": 0.5, "IdleCountMin": 1, "MaxGrowthRate": 5, "MaxBuilds": 1},
    }
    assert warned({"pool": careful}) == []


def told_by(rule: Rule, raw: dict[str, Any]) -> bool:
    stack = RawStack(raw)
    if rule in STACK_RULES:
        return any(rule(stack))
    return any(problem for pool in stack.pools for problem in rule(stack, pool))


EVERYTHING = [(settings_of(case["given"]), said(case)) for case in MISTAKES] + [
    (raw, [line]) for raw, line in LONG_CASES
]


@pytest.mark.parametrize("rule", [*POOL_RULES, *STACK_RULES], ids=lambda rule: rule.__name__)
def test_without_a_rule_some_mistake_is_not_told(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(raw, lines_) for raw, lines_ in EVERYTHING if told_by(rule, raw)]
    monkeypatch.setattr(relations, "POOL_RULES", tuple(each for each in POOL_RULES if each is not rule))
    monkeypatch.setattr(relations, "STACK_RULES", tuple(each for each in STACK_RULES if each is not rule))

    assert [raw for raw, lines_ in cases if lines(raw) != lines_]


@pytest.mark.parametrize("rule", [*POOL_CAUTIONS, *STACK_CAUTIONS], ids=lambda rule: rule.__name__)
def test_without_a_caution_some_warning_is_not_told(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caution_rules, "POOL_CAUTIONS", tuple(each for each in POOL_CAUTIONS if each is not rule))
    monkeypatch.setattr(caution_rules, "STACK_CAUTIONS", tuple(each for each in STACK_CAUTIONS if each is not rule))

    assert [case for case in CAUTIONS if warned(case["given"]) != said(case)]
