"""What people read when a stack's settings can't be used: each error with its line, the value and the fix."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.resolve import stack_settings

from .conftest import SSH, TOKEN, Deploy

FILE = """\
config:
  aws:region: eu-central-1
  gitlab-runner-aws:token: glrt-in-the-clear
  gitlab-runner-aws:gitlab:
    url: https://gitlab.example.com
  gitlab-runner-aws:concurrent: 0
  gitlab-runner-aws:pools:
    - {name: ci, limit: -1}
"""
SETTINGS: dict[str, Any] = {
    "gitlab": {"url": "https://gitlab.example.com"},
    "manager": SSH,
    "pools": [{"name": "ci", "limit": 4, "instanceTypes": ["m5.large"], "machine": {"MaxGrowthRate": 2}}],
    "preflight": "off",
}
PREFIX = "gitlab-runner-aws:"


@pytest.fixture
def refusal(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read settings, and return the lines of the refusal."""
    monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: str(tmp_path))
    monkeypatch.setattr(stack_settings, "gitlab_problem", lambda *_: None)

    def run(hidden: tuple[str, ...] = ("token",), region: str | None = "eu-central-1", **given: Any) -> list[str]:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        config = {f"{PREFIX}{name}": text for name, text in texts.items()}
        config |= {"aws:region": region} if region else {}
        pulumi.runtime.set_all_config(config, [f"{PREFIX}{name}" for name in hidden])
        try:
            with pytest.raises(pulumi.RunError) as refused:
                deploy(stack_settings.read_stack)
        finally:
            pulumi.runtime.set_all_config({})
        return str(refused.value).splitlines()

    return run


def test_each_mistake_has_its_line_in_the_stack_file(refusal: Any, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text(FILE)
    given = {**SETTINGS, "token": TOKEN, "concurrent": 0, "pools": [{"name": "ci", "limit": -1}]}

    assert refusal((), **given) == [
        "3 errors in the settings; nothing was changed:",
        "  Pulumi.test.yaml:6: gitlab-runner-aws:concurrent = 0: must be at least 1",
        "  Pulumi.test.yaml:8: gitlab-runner-aws:pools[0].limit = -1: must be at least 1",
        "  Pulumi.test.yaml:3: gitlab-runner-aws:token: is in the stack file in clear text; create a new one in "
        "GitLab and encrypt it: pulumi config set --secret gitlab-runner-aws:token",
    ]


CLEAR = "is in the stack file in clear text;"
SET = "pulumi config set --secret"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"concurrent": 0}, "gitlab-runner-aws:concurrent = 0: must be at least 1"),
        ({"region": None}, "aws:region: missing; set it with: pulumi config set aws:region eu-central-1"),
        (
            {"secrets": ["a"]},
            "gitlab-runner-aws:secrets: must be a table of texts by their names; set one with: "
            f"{SET} --path gitlab-runner-aws:secrets.NAME",
        ),
        (
            {"secrets": {"hook": "x"}},
            f"gitlab-runner-aws:secrets: {CLEAR} make new ones and encrypt each: "
            f"{SET} --path gitlab-runner-aws:secrets.NAME",
        ),
        (
            {"secrets": {"hook": 1}, "hidden": ("token", "secrets")},
            "gitlab-runner-aws:secrets.hook: must be text; put it in quotes",
        ),
        (
            {"hidden": ()},
            f"gitlab-runner-aws:token: {CLEAR} create a new one in GitLab and encrypt it: "
            f"{SET} gitlab-runner-aws:token",
        ),
        (
            {"extends": ["gone.yaml"]},
            "gitlab-runner-aws:extends[0] = gone.yaml: can't be read (No such file or directory)",
        ),
    ],
)
def test_a_mistake_is_told_with_its_fix_where_there_is_no_stack_file_to_read(
    refusal: Any, given: dict[str, Any], line: str
) -> None:
    said = refusal(**{"token": TOKEN, **SETTINGS, **given})

    assert said == ["1 error in the settings; nothing was changed:", f"  {line}"]


def test_every_token_in_the_clear_is_told(refusal: Any) -> None:
    tokens = {"token": TOKEN, "registrationToken": "GR1348941abcdefghijklmnop", "accessToken": "glpat-0123456789abcdef"}
    said = refusal((), **tokens, **SETTINGS)

    assert [line.split(":")[1] for line in said if CLEAR in line] == [*tokens]
    assert not any(token in line for line in said for token in tokens.values())


@pytest.mark.parametrize(
    ("gitlab", "asked"),
    [
        ({"url": "https://gitlab.example.com"}, [("https://gitlab.example.com", None)]),
        ({"url": "https://gitlab.example.com", "check": True, "ca": "PEM"}, [("https://gitlab.example.com", "PEM")]),
        ({"url": "https://gitlab.example.com", "ca": 5}, [("https://gitlab.example.com", None)]),
        ({"url": "https://gitlab.example.com", "check": False}, []),
        ({"url": 5}, []),
        ({}, []),
        ("https://gitlab.example.com", []),
        (None, []),
    ],
)
def test_whether_there_is_a_gitlab_is_asked_unless_settings_say_no_or_are_wrong_themselves(
    monkeypatch: pytest.MonkeyPatch, gitlab: object, asked: list[tuple[str, str | None]]
) -> None:
    calls = []

    def gitlab_problem(*call: str | None) -> str:
        calls.append(call)
        return "is not a GitLab"

    monkeypatch.setattr(stack_settings, "gitlab_problem", gitlab_problem)
    found = stack_settings._gitlab_problems({"gitlab": gitlab})

    assert calls == asked
    assert [str(each) for each in found] == [
        "gitlab-runner-aws:gitlab.url = https://gitlab.example.com: is not a GitLab" for _ in asked
    ]


def test_a_gitlab_that_answers_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_settings, "gitlab_problem", lambda *_: None)
    assert stack_settings._gitlab_problems({"gitlab": {"url": "https://gitlab.example.com"}}) == []


def test_an_unreachable_gitlab_is_told_together_with_the_other_mistakes(
    refusal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_settings, "gitlab_problem", lambda *_: "is not a GitLab")

    assert refusal(token=TOKEN, **{**SETTINGS, "concurrent": 0}) == [
        "2 errors in the settings; nothing was changed:",
        "  gitlab-runner-aws:concurrent = 0: must be at least 1",
        "  gitlab-runner-aws:gitlab.url = https://gitlab.example.com: is not a GitLab",
    ]


def test_mistakes_that_existing_resources_show_have_their_line_too(refusal: Any, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.test.yaml").write_text("config:\n  gitlab-runner-aws:network:\n    subnetIds: [subnet-bfar]\n")
    network = {"vpcId": "vpc-old", "subnetIds": ["subnet-bfar"]}

    assert refusal(token=TOKEN, **SETTINGS, network=network) == [
        "1 error in the settings; nothing was changed:",
        "  Pulumi.test.yaml:3: gitlab-runner-aws:network.subnetIds[0] = subnet-bfar: is in vpc-far, not in vpcId "
        "vpc-old; take a subnet of that one",
    ]
