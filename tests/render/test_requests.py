"""Requests for jobs: none keeps another section waiting, and gitlab-runner has nothing to warn of."""

from pathlib import Path
from typing import Any

import pytest

from components.executors.docker_machine.breaker_plan import placement_plan
from config_render import Settings
from config_render.files.checked_file import checked
from config_render.files.stack_file import read_stack_file
from config_render.render.document import sections_by_token
from localcloud.host_programs.gitlab_runner_stand_in.long_polling import warning

from .settings_samples import FACTS, entries_of, parsed, stack, with_own_runners

ROOT = Path(__file__).parents[2]
ADAPTIVE = "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY"
SPOT = {"spot": {"maxPrice": 0.1, "onDemandLimit": 2}}
EXAMPLES = [*sorted((ROOT / "examples" / "stacks").glob("Pulumi.*.yaml")), ROOT / "examples" / "guide.yaml"]


def asked(settings: Settings) -> list[tuple[str, int, dict[str, bool] | None]]:
    """Of each section: its name, how many requests it may have, and its feature flags."""
    return [(each["name"], each["request_concurrency"], each.get("feature_flags")) for each in entries_of(settings)]


def pools(*given: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return stack(pools=[{"name": f"p{n}", "limit": 9, **each} for n, each in enumerate(given)], **settings)


def test_a_section_alone_on_its_token_has_two_requests_and_gitlab_runners_own_way_to_more() -> None:
    assert asked(parsed(stack())) == [("ci", 2, None)]
    assert asked(with_own_runners({"zones": ["a", "b"]})) == [("ci-a-m5-large", 2, None), ("ci-b-m5-large", 2, None)]


def test_sections_on_one_token_have_one_request_each_and_one_more() -> None:
    assert asked(parsed(pools({}, {}, {}))) == [(f"p{n}", 4, {ADAPTIVE: False}) for n in range(3)]


def test_a_section_with_machines_on_demand_counts_for_it_is_live_at_times() -> None:
    assert asked(parsed(stack(SPOT))) == [("ci", 3, {ADAPTIVE: False})]
    # Two machines for three entries: the last one has no stand-in.
    own = asked(with_own_runners({"zones": ["a", "b", "c"], **SPOT}))
    assert [each[1:] for each in own] == [(3, {ADAPTIVE: False}), (3, {ADAPTIVE: False}), (2, None)]


def test_each_token_is_counted_by_itself() -> None:
    settings = parsed(
        pools({"token": "<secret:blue>"}, {}, {"token": "<secret:blue>"}, {"token": "<secret:red>", **SPOT}),
        secrets=["blue", "red"],
    )

    assert sections_by_token(settings) == {"<secret:blue>": 2, "<secret:token>": 1, "<secret:red>": 2}
    assert [each[1] for each in asked(settings)] == [3, 2, 3, 3]
    assert [each[2] for each in asked(settings)] == [{ADAPTIVE: False}, None, {ADAPTIVE: False}, {ADAPTIVE: False}]


def test_runners_of_pools_are_counted_by_themselves() -> None:
    one = with_own_runners(pools=[{"name": name, "limit": 9} for name in ("one", "two")])
    assert one.create_runner
    settings = one.model_copy(update={"create_runner": one.create_runner.model_copy(update={"each": "pool"})})

    assert sections_by_token(settings) == {"<secret:token:one>": 1, "<secret:token:two>": 1}


def test_what_a_person_sets_goes_over_it() -> None:
    given = {"request_concurrency": 7, "feature_flags": {"FF_Z": True, ADAPTIVE: True, "FF_A": False}}
    ((_, requests, flags), other) = asked(parsed(pools(given, {"feature_flags": {"FF_Z": True}})))

    assert (requests, flags) == (7, {ADAPTIVE: True, "FF_A": False, "FF_Z": True})
    assert other == ("p1", 3, {ADAPTIVE: False, "FF_Z": True})


def warning_of(settings: Settings) -> str:
    """What gitlab-runner prints at a load of config.toml, those sections included that are live at times."""
    runners = entries_of(settings)
    plans = placement_plan(settings, FACTS)["entries"].values()
    runners += [{**runners[0], "name": plan["fallback"]["name"]} for plan in plans if plan["fallback"]]
    return warning({"concurrent": settings.concurrent, "runners": runners})


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_gitlab_runner_finds_no_long_polling_issue_in_an_example(file: Path) -> None:
    assert warning_of(checked(file)[1]) == ""


@pytest.mark.parametrize("name", ["Pulumi.dev.yaml", "Pulumi.local.yaml"])
def test_gitlab_runner_finds_no_long_polling_issue_in_a_stack_to_begin_with(name: str) -> None:
    left = {"gitlab": {"url": "https://gitlab.example.com"}, "manager": {"sshFrom": ["203.0.113.0/24"]}}
    assert warning_of(parsed({**left, **read_stack_file(ROOT / name).settings})) == ""


def test_it_would_find_some_in_careless_settings() -> None:
    careless = warning_of(parsed(pools({"request_concurrency": 1}, SPOT, concurrent=2)))

    assert "'concurrent' setting (2) is less than number of runners (3)" in careless
    assert "Request bottleneck: " in careless
