"""Whatever validates renders, reads back equal and renders again to the same bytes; what is out of range never does."""

import tomllib
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from config_render import document, problems_of, render
from config_render.settings.driver import KINDS
from tests.render.settings_samples import (
    FACTS,
    REGION,
    TOKEN,
    entries_of,
    jobs_at_once,
    parsed,
    stack,
    with_own_runners,
)
from tests.render.test_reference import MODELLED, with_key, written

naturals = st.integers(0, 2**63 - 1)
words = st.text(st.characters(codec="utf-8", exclude_characters="<"), max_size=12)
shares = st.floats(0, 100)
periods = st.sampled_from(["* * 9-17 * * mon-fri *", "* * * * * sat,sun *", "* */5 0-8,18-23 1-15 jan ? 2026-2030"])
sections = st.fixed_dictionaries(
    {"Periods": st.lists(periods, min_size=1, max_size=2)},
    optional={
        "IdleCount": naturals,
        "IdleTime": naturals,
        "IdleScaleFactor": shares,
        "Timezone": st.just("Asia/Tokyo"),
    },
)
pools = st.fixed_dictionaries(
    {"limit": st.integers(12, 1000)},
    optional={
        "zones": st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
        "instanceTypes": st.lists(st.sampled_from(["m5.large", "c6i.xlarge", "m6g.large"]), min_size=1, unique=True),
        "output_limit": naturals,
        "environment": st.lists(words.map(lambda word: f"A={word}"), max_size=3),
        "pre_build_script": words,
        "feature_flags": st.dictionaries(words, st.booleans(), max_size=3),
        "docker": st.fixed_dictionaries(
            {},
            optional={
                "user": words,
                "privileged": st.booleans(),
                "volumes": st.lists(words, max_size=3),
                "sysctls": st.dictionaries(words, words, max_size=3),
                "services": st.lists(st.fixed_dictionaries({"name": words, "alias": words}), max_size=2),
                "shm_size": naturals,
                "pull_policy": st.sampled_from(["always", ["if-not-present", "never"]]),
            },
        ),
        "machine": st.fixed_dictionaries(
            {},
            optional={
                "IdleCount": st.integers(0, 12),
                "IdleTime": naturals,
                "IdleScaleFactor": shares,
                "MaxBuilds": naturals,
                "autoscaling": st.lists(sections, max_size=3),
            },
        ),
        "driver": st.fixed_dictionaries(
            {},
            optional={
                "amazonec2-root-size": st.integers(8, 16384),
                "amazonec2-monitoring": st.booleans(),
                "engine-opt": st.lists(words, max_size=2, unique=True),
                "amazonec2-tags": st.dictionaries(st.sampled_from(["team", "cost center"]), st.just("a/b"), max_size=2),
            },
        ),
        "spot": st.one_of(
            st.floats(0.001, 100).map(lambda price: {"maxPrice": price}),
            st.floats(0.001, 100).map(lambda price: {"maxPrice": "onDemand", "onDemandPrice": price}),
        ),
        "extra": st.dictionaries(st.sampled_from(["new_key", "other"]), st.lists(words | naturals), max_size=2),
    },
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(pools, st.integers(1, 2**31))
def test_what_validates_renders_and_reads_back_equal(pool: dict[str, Any], concurrent: int) -> None:
    checked = parsed(stack(pool, concurrent=concurrent))
    text = render(checked, FACTS)

    assert tomllib.loads(text) == document(checked, FACTS)
    assert tomlkit.parse(text).unwrap() == document(checked, FACTS)
    assert render(parsed(stack(pool, concurrent=concurrent)), FACTS) == text
    (runner,) = tomllib.loads(text)["runners"]
    assert (runner["name"], runner["limit"]) == ("ci", pool["limit"])


@settings(max_examples=100, deadline=None)
@given(pools)
def test_entries_with_runners_of_their_own_have_all_of_the_pool_between_them(pool: dict[str, Any]) -> None:
    checked = with_own_runners(pool)
    found = entries_of(checked)

    assert tomllib.loads(render(checked, FACTS))["runners"] == found
    assert jobs_at_once(checked) == sum(each["limit"] for each in found) == pool["limit"]
    assert min(each["limit"] for each in found) > 0
    # The numbers of each time of the week, of one entry beside another.
    for numbers in zip(*([each["machine"], *each["machine"].get("autoscaling", [])] for each in found), strict=True):
        waiting = [each["IdleCount"] for each in numbers]
        assert all(waiting) or not any(waiting), "one without would take jobs from those that have machines"
        assert not any(each["limit"] < count for each, count in zip(found, waiting, strict=True)) or (
            sum(waiting) > pool["limit"]
        )


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([each for each in MODELLED if each[2].lstrip("*") in ("int", "int64")]), st.integers())
def test_no_number_is_taken_that_toml_or_gitlab_runner_has_no_place_for(
    place: tuple[str, str, str], number: int
) -> None:
    section, key, _ = place
    checked, problems = problems_of(with_key(section, key, number), token=TOKEN, region=REGION)

    if -(2**63) <= number < 2**63 and not problems:
        assert checked is not None
        assert tomllib.loads(render(checked, FACTS))
    elif not problems:
        raise AssertionError(f"{section}.{key} = {number} was taken")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MODELLED), st.sampled_from(["x", 1, -1, 1.5, True, None, [], {}, ["x"], {"x": "x"}]))
def test_a_value_of_any_kind_is_taken_as_it_is_or_refused(place: tuple[str, str, str], value: Any) -> None:
    section, key, go_type = place
    raw = with_key(section, key, value)
    checked, problems = problems_of(raw, token=TOKEN, region=REGION)

    if problems or checked is None or value is None:  # null means left out
        return
    there = written(section, raw).get(key, [])
    if isinstance(value, dict) and isinstance(there, dict):
        assert there.items() >= value.items()
    elif key in ("MachineOptions", "policy"):  # before which the program puts some of its own
        assert there[len(there) - len(value) :] == value
    else:
        assert there == value
        # gitlab-runner wants its floats written as such.
        assert type(there) is (float if go_type == "float64" else type(value))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.sampled_from(["x", "1", "true", "/x", "65", "http://x", "vpc-1"]))
def test_an_option_of_the_driver_means_the_same_as_a_text_and_as_a_value(option: str, text: str) -> None:
    value: Any = [text] if KINDS[option] == "list" else text
    if KINDS[option] == "bool":
        value = True if text in ("1", "true") else text
    elif KINDS[option] == "int":
        value = int(text) if text.isdigit() else text
    as_text = stack({"machine": {"MachineOptions": [f"{option}={text}"]}})
    as_value = stack({"driver": {option: value}})

    results = [problems_of(raw, token=TOKEN, region=REGION) for raw in (as_text, as_value)]
    refused = [bool(problems) for _, problems in results]
    assert refused[0] is refused[1], [problems for _, problems in results]
    if not refused[0]:
        runners = [document(parsed(raw), FACTS)["runners"][0] for raw in (as_text, as_value)]
        assert runners[0]["machine"]["MachineOptions"] == runners[1]["machine"]["MachineOptions"]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_two_texts_come_back_from_the_file(script: str, user: str) -> None:
    text = render(parsed(stack({"pre_build_script": script, "docker": {"user": user}})), FACTS)
    (runner,) = tomllib.loads(text)["runners"]

    assert (runner["pre_build_script"], runner["docker"]["user"]) == (script, user)
