"""Settings that differ from those of the last `pulumi up`: which, from what to what, and where; never a secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config_render.files.stack_file import read_stack_file
from review.changes import changes_of
from review.setting_changes import SET, RunnerSettings, SettingChange, located, secret_changes, setting_changes

from ..render.settings_samples import parsed, stack
from .recorded import changes

SECRET = "hunter2-hunter2"


def given(*pools: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    """What a component keeps of these settings."""
    if pools:
        settings["pools"] = [*pools]
    return parsed(stack(**settings)).given()


def pool(name: str, limit: int = 5, **more: Any) -> dict[str, Any]:
    return {"name": name, "limit": limit, **more}


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(each.path, each.before, each.after) for each in setting_changes(before, after)]


def test_the_same_settings_do_not_differ_however_they_are_written() -> None:
    assert differing(given(concurrent=4), given(concurrent=4)) == []
    assert differing(given(), given(manager={"sshFrom": ["203.0.113.0/24"], "instanceType": "t3.small"})) == []


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({"concurrent": 4}, {"concurrent": 5}, ("concurrent", "4", "5")),
        ({"network": {}}, {"network": {"private": True}}, ("network.private", "false (default)", "true")),
        (
            {"network": {"cidr": "10.1.0.0/16"}},
            {"network": {}},
            ("network.cidr", "10.1.0.0/16", "10.0.0.0/16 (default)"),
        ),
        ({"network": {}}, {"network": {"zones": ["a", "b"]}}, ("network.zones", "a (default)", "a, b")),
        ({}, {"tags": {"team": "ci"}}, ("tags.team", None, "ci")),
        ({"tags": {"a.b": "c"}}, {}, ('tags["a.b"]', "c", None)),
        ({}, {"preflight": "off"}, ("preflight", "warn (default)", "off")),
    ],
)
def test_a_setting_that_differs_has_both_values(
    before: dict[str, Any], after: dict[str, Any], change: tuple[str, str | None, str | None]
) -> None:
    assert differing(given(**before), given(**after)) == [change]
    path, *values = change
    assert differing(given(**after), given(**before)) == [(path, *reversed(values))]


def manager(**more: Any) -> dict[str, Any]:
    return given(manager={"sshFrom": ["203.0.113.0/24"], **more})


def test_a_table_that_comes_with_its_defaults_is_told_once() -> None:
    assert differing(manager(), manager(logs={})) == [("manager.logs", None, SET)]
    assert differing(manager(logs={}), manager()) == [("manager.logs", SET, None)]


def test_of_a_table_that_comes_only_what_is_set_is_told_and_no_default_of_before() -> None:
    assert differing(manager(), manager(logs={"journal": True})) == [("manager.logs.journal", None, "true")]
    assert differing(manager(logs={}), manager(logs={"journal": True})) == [
        ("manager.logs.journal", "false (default)", "true")
    ]


def test_a_table_that_a_release_has_added_is_no_change() -> None:
    before = manager()
    del before["manager"]["watch"]

    assert differing(before, manager()) == []


def test_pools_are_compared_by_name_and_have_their_new_place() -> None:
    before, after = given(pool("a"), pool("b")), given(pool("new", 3), pool("b", 7))

    assert differing(before, after) == [
        ("pools[0].limit", None, "3"),
        ("pools[0].name", None, "new"),
        ("pools[1].limit", "5", "7"),
        ("pools", "a", None),
    ]
    assert differing(given(pool("a"), pool("b")), given(pool("b"), pool("a"))) == []


def test_an_entry_of_a_list_of_tables_is_told_by_its_place() -> None:
    def hours(*counts: int) -> dict[str, Any]:
        periods = [{"Periods": ["* * 9-17 * * mon-fri *"], "IdleCount": count} for count in counts]
        return given(pool("a", machine={"autoscaling": periods, "MaxGrowthRate": 1}))

    assert differing(hours(1, 2), hours(1, 3)) == [("pools[0].machine.autoscaling[1].IdleCount", "2", "3")]
    assert [path for path, *_ in differing(hours(1), hours(1, 3))] == [
        "pools[0].machine.autoscaling[1].IdleCount",
        "pools[0].machine.autoscaling[1].Periods",
    ]


def test_of_a_long_list_what_differs_is_shown() -> None:
    networks = [f"198.51.{number}.0/24" for number in range(30)]
    ((path, before, after),) = differing(manager(sshFrom=networks), manager(sshFrom=[*networks[1:], "203.0.113.0/24"]))

    assert (path, before, after) == ("manager.sshFrom", "..., 198.51.0.0/24", "..., 203.0.113.0/24")


def test_long_texts_that_differ_at_their_end_are_told_as_changed() -> None:
    assert differing(given(tags={"a": "x" * 200 + "1"}), given(tags={"a": "x" * 200 + "2"})) == [("tags.a", SET, SET)]


@pytest.mark.parametrize(
    "more",
    [
        {"environment": [f"PASSWORD={SECRET}"]},
        {"extra": {"password": SECRET}},
        {"machine": {"MaxGrowthRate": 1, "MachineOptions": [f"amazonec2-tags=password,{SECRET}"]}},
    ],
)
def test_a_value_that_may_be_a_secret_is_never_shown(more: dict[str, Any]) -> None:
    plain, secret = (
        given(pool("a", machine={"MaxGrowthRate": 1})),
        given(pool("a", **{"machine": {"MaxGrowthRate": 1}, **more})),
    )

    for before, after in ((plain, secret), (secret, plain), (secret, given(pool("a", 6)))):
        found = differing(before, after)
        assert {SET, None} >= {value for path, *values in found if path != "pools[0].limit" for value in values} - {"1"}
        assert found
        assert SECRET not in repr(found)


def test_what_looks_like_a_token_is_never_shown_wherever_it_is() -> None:
    assert differing(given(tags={"a": "b"}), given(tags={"a": "glpat-0123456789abcdefghij"})) == [("tags.a", SET, SET)]


def test_secrets_come_go_and_change_by_name() -> None:
    def of(before: list[str], after: list[str], *, differ: bool) -> list[tuple[str, str | None, str | None]]:
        return [(each.path, each.before, each.after) for each in secret_changes(before, after, differ=differ)]

    assert of(["token"], ["token"], differ=False) == []
    assert of(["token"], ["token"], differ=True) == [("token", SET, SET)]
    assert of(["a", "token"], ["a", "token"], differ=True) == [("secrets.a or token", SET, SET)]
    assert of(["a", "token"], ["b", "token"], differ=True) == [("secrets.a", SET, None), ("secrets.b", None, SET)]


def test_no_secret_is_said_to_change_where_the_host_alone_does() -> None:
    (moved,) = changes("manager").settings
    assert [each.path for each in moved.changes] == ["manager.instanceType"]


RUNNER = "gitlab-runner-aws:index:AutoscalingRunner"


def told(op: str, old: Any, new: Any, type_: str = RUNNER) -> tuple[RunnerSettings, ...]:
    metadata = {"op": op, "urn": f"urn:pulumi:d::p::{type_}::ci", "type": type_}
    states = {name: None if each is None else {"outputs": each} for name, each in (("old", old), ("new", new))}
    event = {"resOutputsEvent": {"metadata": {**metadata, **states}}}
    return changes_of([event], project="p", stack="d").settings


def test_settings_that_were_never_kept_are_not_known() -> None:
    after = {"settings": given(), "secret_names": ["token"]}

    assert told("same", {"config_toml": ""}, after) == (RunnerSettings("ci", known=False),)
    assert told("same", {}, {"config_toml": ""}) == ()
    assert told("same", {}, after, "acme:index:Other") == ()


def test_a_further_runner_in_a_stack_has_all_its_settings_told() -> None:
    (runner,) = told("create", None, {"settings": given(concurrent=7), "secret_names": ["token"]})

    assert runner.known
    assert {"concurrent", "gitlab.url", "token"} <= {each.path for each in runner.changes}


FILE = """config:
  aws:region: eu-central-1
  gitlab-runner-aws:extends: [shared/all.yaml]
  gitlab-runner-aws:manager:
    instanceType: t3.medium
  gitlab-runner-aws:pools:
    - name: b
      limit: 4
"""
SHARED = """config:
  gitlab-runner-aws:concurrent: 9
  gitlab-runner-aws:pools:
    - name: a
      limit: 3
"""


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("manager.instanceType", "Pulumi.dev.yaml:5"),
        ("manager.os", "Pulumi.dev.yaml:4"),
        ("concurrent", "shared/all.yaml:2"),
        ("pools[0].limit", "shared/all.yaml:5"),
        ("pools[1].limit", "Pulumi.dev.yaml:8"),
        ("tags.team", ""),
        ("secrets.a or token", ""),
    ],
)
def test_a_setting_has_the_line_of_the_file_that_it_is_in(tmp_path: Path, path: str, where: str) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "all.yaml").write_text(SHARED)
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(FILE)
    settings = RunnerSettings("ci", known=True, changes=(SettingChange(path, None, SET),))

    assert [each.where for each in located(settings, read_stack_file(file), file.name).changes] == [where]


def test_settings_of_a_program_have_no_line(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config:\n  acme:runner: {concurrent: 9}\n")
    settings = RunnerSettings("ci", known=True, changes=(SettingChange("concurrent", "8", "9"),))

    assert located(settings, read_stack_file(file), file.name) == settings
