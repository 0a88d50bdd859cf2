"""Names that must differ: of machines among pools of one runner, of sections in all of config.toml."""

from typing import Any

import pytest

from config_render import problems_of

from .settings_samples import ACCESS_TOKEN, REGION, TOKEN, stack

SPOT = {"spot": {"maxPrice": 0.1, "onDemandLimit": 1}}
ALIKE = "up to its %s, one must not begin like the other"
SECTIONS = "the manager tells them by their names"


def said(*pools: dict[str, Any], each: str | None = None) -> list[str]:
    """What is said of pools, each of which may be given a token or, by `each`, a runner that is created for it."""
    given = [{"zones": ["a"], "limit": 6, **pool} for pool in pools]
    create = {"createRunner": {"runnerType": "group_type", "groupId": 5, "each": each}} if each else {}
    tokens = {"accessToken": ACCESS_TOKEN} if each else {"token": TOKEN}
    _, problems = problems_of(stack(pools=given, **create), region=REGION, secrets=("blue", "red"), tokens=tokens)
    return [str(problem).removeprefix("gitlab-runner-aws:") for problem in problems]


SMALL, SMALL_SPOT = {"name": "small"}, {"name": "small-spot", "zones": ["a", "b"], **SPOT}
BLUE, RED = {"token": "<secret:blue>"}, {"token": "<secret:red>"}


@pytest.mark.parametrize(
    "pools",
    [
        ({**SMALL, **BLUE}, {**SMALL_SPOT, **RED}),
        ({**SMALL, **BLUE}, SMALL_SPOT),
        (SMALL, {**SMALL_SPOT, **BLUE}),
    ],
)
def test_machines_of_runners_of_their_own_may_begin_alike(pools: tuple[dict[str, Any], ...]) -> None:
    assert said(*pools) == []


@pytest.mark.parametrize("each", ["pool", "entry"])
def test_machines_of_runners_that_are_created_for_each_may_begin_alike(each: str) -> None:
    assert said(SMALL, SMALL_SPOT, each=each) == []


@pytest.mark.parametrize("own", [{}, BLUE], ids=["the stack's token", "a token of theirs"])
@pytest.mark.parametrize("pools", [(SMALL, SMALL_SPOT), (SMALL_SPOT, SMALL)], ids=["shorter first", "longer first"])
def test_machines_of_one_runner_must_not_begin_alike(pools: tuple[dict[str, Any], ...], own: dict[str, Any]) -> None:
    (line,) = said(*({**pool, **own} for pool in pools))

    assert line.startswith(f"pools[1].name = {pools[1]['name']}: makes machine names like {pools[1]['name']}-%s")
    assert f"can't tell from {pools[0]['name']}-%s" in line
    assert ALIKE in line


def test_a_created_runner_that_all_pools_share_is_one() -> None:
    (line,) = said(SMALL, SMALL_SPOT, each="deployment")
    assert ALIKE in line


def test_a_placement_behind_the_number_tells_no_machines_apart() -> None:
    names: list[dict[str, Any]] = [{"name": "x", "zones": ["a"]}, {"name": "y", "zones": ["b"]}]
    (line,) = said(*({**pool, "machine": {"MachineName": "m-%s"}} for pool in names))
    assert ALIKE in line


@pytest.mark.parametrize(
    "pools", [({"name": "ci", **SPOT}, {"name": "od-ci"}), ({"name": "od-ci"}, {"name": "ci", **SPOT})]
)
def test_no_pool_is_called_like_the_section_with_machines_on_demand_of_another(
    pools: tuple[dict[str, Any], ...],
) -> None:
    (line,) = said({**pools[0], **BLUE}, {**pools[1], **RED})

    assert line.startswith(f"pools[1].name = {pools[1]['name']}: makes [[runners]] called od-ci, as pools[0] does")
    assert SECTIONS in line


def test_without_machines_on_demand_the_name_is_free() -> None:
    assert said({"name": "ci", **BLUE}, {"name": "od-ci", **RED}) == []


@pytest.mark.parametrize(
    ("first", "second", "called"),
    [
        ({"name": "ci", "zones": ["a", "b"]}, {"name": "ci-b-m5-large"}, "ci-b-m5-large"),
        ({"name": "ci", "zones": ["a", "b"], **SPOT}, {"name": "od-ci-a-m5-large"}, "od-ci-a-m5-large"),
        (
            {"name": "ci", "zones": ["a", "b"]},
            {"name": "ci-a-m5-large", "zones": ["a", "b"], "machine": {"IdleCount": 1}},
            "ci-a-m5-large",
        ),
    ],
)
def test_no_pool_is_called_like_an_entry_of_another(first: dict[str, Any], second: dict[str, Any], called: str) -> None:
    (line,) = [line for line in said(first, second, each="entry") if SECTIONS in line]
    assert f"makes [[runners]] called {called}, as pools[0] does" in line
    assert not [line for line in said(first, second, each="pool") if SECTIONS in line]
