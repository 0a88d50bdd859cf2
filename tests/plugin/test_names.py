"""The names of settings in programs: one rule, both ways."""

from collections.abc import Mapping
from typing import Any

import pytest

from config_render.base.section import Section, child_tables
from config_render.settings.stack import Settings
from plugin.names import as_settings, camel, in_program, keys_of, message_in_program, models
from tests.engine.conftest import local_settings


def test_no_two_settings_of_a_table_have_the_same_name() -> None:
    for model in models():
        assert sorted(keys_of(model).values()) == sorted(model.known_keys()), model


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("IdleCount", "idleCount"),
        ("check_interval", "checkInterval"),
        ("amazonec2-root-size", "amazonec2RootSize"),
        ("RoleARN", "roleARN"),
        ("instanceTypes", "instanceTypes"),
        ("s3", "s3"),
    ],
)
def test_names_are_camel_case(key: str, name: str) -> None:
    assert camel(key) == name


def program_names(value: Any, model: type[Section] | None = Settings) -> Any:
    """Spell settings of a stack file as a program does, with its floating-point numbers."""
    if isinstance(value, Mapping):
        tables = child_tables(model) if model else {}
        return {camel(key) if model else key: program_names(each, tables.get(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [program_names(each, model) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_what_a_program_gives_is_what_a_stack_file_has() -> None:
    config = local_settings()
    stack_file = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("gitlab-runner-aws:")}
    stack_file["tags"] = {"cost_center": "1"}
    stack_file["pools"][0]["feature_flags"] = {"FF_USE_FASTZIP": True}
    stack_file["pools"][0]["extra"] = {"new_key": {"Sub-Key": 1, "ratio": 0.5}}

    given = program_names(stack_file)

    assert given != stack_file
    assert as_settings(given) == (stack_file, [])


def test_whole_numbers_are_integers_and_others_stay() -> None:
    settings, _ = as_settings({"concurrent": 10.0, "pools": [{"spot": {"maxPrice": 0.07}, "extra": {"n": [2.0]}}]})

    assert repr(settings) == "{'concurrent': 10, 'pools': [{'spot': {'maxPrice': 0.07}, 'extra': {'n': [2]}}]}"


def test_null_is_left_out() -> None:
    given = {"concurrent": None, "tags": {"a": None, "b": "c"}, "pools": [{"spot": None}]}

    assert as_settings(given) == ({"tags": {"b": "c"}, "pools": [{}]}, [])


def test_the_spelling_of_stack_files_is_told_with_the_right_one() -> None:
    _, errors = as_settings({"check_interval": 3.0, "pools": [{"machine": {"IdleCount": 1.0}}]})

    assert errors == [
        ("check_interval", "is the spelling of stack files; write checkInterval"),
        ("pools[0].machine.IdleCount", "is the spelling of stack files; write idleCount"),
    ]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("gitlab-runner-aws:pools[0].machine.autoscaling[1].IdleCount", "pools[0].machine.autoscaling[1].idleCount"),
        ("gitlab-runner-aws:pools[12].driver.amazonec2-root-size", "pools[12].driver.amazonec2RootSize"),
        ("gitlab-runner-aws:check_interval", "checkInterval"),
        ("gitlab-runner-aws:tags.cost_center", "tags.cost_center"),
        ('gitlab-runner-aws:tags["a.b_c"]', 'tags["a.b_c"]'),
        ("gitlab-runner-aws:pools[0].extra.new_key", "pools[0].extra.new_key"),
        ("gitlab-runner-aws:pools[0].no_such_key", "pools[0].no_such_key"),
    ],
)
def test_paths_are_spelled_as_in_a_program(path: str, name: str) -> None:
    assert in_program(path) == name


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("unknown; did you mean `IdleCount`?", "unknown; did you mean `idleCount`?"),
        ("unknown; did you mean `Path`?", "unknown; did you mean `path`?"),
        (
            "must be below machine.IdleCount; or set spot.maxPrice",
            "must be below machine.idleCount; or set spot.maxPrice",
        ),
        ("needs amazonec2-ssh-keypath beside it", "needs amazonec2SshKeypath beside it"),
        ("is the Path of a bucket", "is the Path of a bucket"),
        ("write <secret:cache_dir>", "write <secret:cache_dir>"),
        ("in my_cache_dir", "in my_cache_dir"),
    ],
)
def test_messages_name_settings_as_a_program_does(message: str, said: str) -> None:
    assert message_in_program(message) == said
