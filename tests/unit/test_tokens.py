"""Registering, creating, carrying over and giving up runners' tokens, against the stand-in for GitLab."""

import json
import re
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool import host
from components.manager_tool.aws.api import AwsError
from components.manager_tool.config import runners
from components.manager_tool.gitlab import api as gitlab_api
from components.manager_tool.gitlab import aws_token, created, egress, tokens
from components.manager_tool.host import StepError
from localcloud.gitlab_stand_in import GitLabStandIn

from ..contract.gitlab_client import Client

ACCESS, NARROW = "glpat-0123456789abcdefghij", "glpat-narrow"
REGISTRATION = "GR1348941regtoken"
SYSTEM = "s_0123456789ab"
RUNNER = {"runner_type": "group_type", "group_id": 5, "tag_list": "a,b", "run_untagged": True}
CREATE = {"from": "accessToken", "runner": RUNNER}
REGISTER = {"from": "registrationToken"}


class Manager:
    """A manager whose config.toml has one section per placeholder, and its GitLab."""

    def __init__(self, server: GitLabStandIn, live: Path) -> None:
        self.server, self.client, self.live = server, Client(server), live

    def plan(self, source: Mapping[str, Any]) -> None:
        """Stage what the settings say."""
        plan = {"url": self.server.url, "deployment": "dev-runner", "token": source}
        egress.PLAN.write_text(json.dumps(plan))

    def up(self, *placeholders: str, live: bool = True, **secrets: str) -> list[dict[str, Any]]:
        """Make the keys of sections of these placeholders and, with `live`, take them into use."""
        made = tokens.Tokens(secrets)
        sections = []
        for position, name in enumerate(placeholders or ("token",)):
            section = {"name": f"{position}-{name}", "url": self.server.url}
            own = made.own_keys(section, name)
            sections.append({**{key: json.dumps(value) for key, value in section.items()}, **own})
        lines = ["[[runners]]\n" + "".join(f"{key} = {value}\n" for key, value in each.items()) for each in sections]
        if live:
            self.live.write_text("".join(lines))
            made.settle()
            tokens.leave(lambda token: False)
        return list(tomllib.loads("".join(lines))["runners"])

    def runners(self) -> list[dict[str, Any]]:
        """What GitLab lists."""
        return list(self.client.state()["runners"])

    def rotate(self, token: str) -> str:
        """Do what gitlab-runner does when a token is about to expire; return the new one."""
        answer = self.client.api("POST", "runners/reset_authentication_token", {"token": token})
        text = self.live.read_text().replace(token, answer.body["token"])
        self.live.write_text(re.sub("token_obtained_at = .*", "token_obtained_at = 2999-01-01T00:00:00Z", text))
        return str(answer.body["token"])

    def asked(self, method: str, path: str) -> int:
        """How often GitLab was asked for something."""
        return sum(request[:2] == (method, f"/api/v4/{path}") for request in self.server.requests)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """The tool's files lie in a folder of the test, and it waits for nothing."""
    for module, name, file in (
        (egress, "PLAN", "gitlab.json"),
        (tokens, "KEPT", "runners.json"),
        (runners, "LIVE", "config.toml"),
        (gitlab_api, "_SYSTEM_ID", "system-id"),
    ):
        monkeypatch.setattr(module, name, tmp_path / file)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    (tmp_path / "system-id").write_text(SYSTEM)
    scopes = {ACCESS: frozenset({"create_runner", "manage_runner"}), NARROW: frozenset({"create_runner"})}
    server = GitLabStandIn(registration_token=REGISTRATION, access_tokens=scopes)
    server.start()
    yield Manager(server, tmp_path / "config.toml")
    server.close()


def test_a_given_token_is_verified_once_and_makes_this_host_a_manager(manager: Manager) -> None:
    number, token = manager.client.new_runner()
    assert [(each["token"], each["id"]) for each in manager.up("token", "token", token=token)] == [(token, number)] * 2
    assert [m["system_id"] for m in manager.runners()[0]["managers"]] == [SYSTEM]
    assert manager.asked("POST", "runners/verify") == 1


@pytest.mark.parametrize(
    ("plan", "secrets"), [(REGISTER, {"registrationToken": REGISTRATION}), (CREATE, {"accessToken": ACCESS})]
)
def test_a_runner_is_made_once_however_often_it_is_asked_for(
    manager: Manager, plan: dict[str, Any], secrets: dict[str, str]
) -> None:
    manager.plan(plan)
    # As after a crash between what GitLab answered and the file that is made of it.
    first = manager.up(live=False, **secrets)
    assert manager.up(live=True, **secrets) == first
    assert manager.up(live=True, **secrets) == first
    (runner,) = manager.runners()
    assert (runner["description"], [m["system_id"] for m in runner["managers"]]) == ("dev-runner", [SYSTEM])
    assert tokens.KEPT.stat().st_mode & 0o777 == 0o600

    tokens.leave_all()
    assert manager.runners() == []
    tokens.leave_all()


def test_a_made_runner_is_deleted_by_its_newest_token(manager: Manager) -> None:
    manager.plan(CREATE)
    (section,) = manager.up(accessToken=ACCESS)
    manager.rotate(section["token"])
    tokens.leave_all()
    assert manager.runners() == []


def test_each_pool_has_its_own_runner_where_that_is_asked_for(manager: Manager) -> None:
    manager.plan(CREATE)
    sections = manager.up("token:blue", "token:red", "token:blue", accessToken=ACCESS)
    assert [runner["description"] for runner in manager.runners()] == ["dev-runner-blue", "dev-runner-red"]
    assert sections[0]["token"] == sections[2]["token"] != sections[1]["token"]
    # Without the red pool, its runner goes.
    manager.up("token:blue", accessToken=ACCESS)
    assert [runner["description"] for runner in manager.runners()] == ["dev-runner-blue"]


def test_other_attributes_change_the_runner_in_place(manager: Manager) -> None:
    manager.plan(CREATE)
    before = manager.up(accessToken=ACCESS)
    manager.plan({**CREATE, "runner": {**RUNNER, "tag_list": "c", "description": "mine"}})
    assert manager.up(accessToken=ACCESS) == before
    (runner,) = manager.runners()
    assert (runner["tag_list"], runner["description"]) == (["c"], "mine")
    assert manager.asked("PUT", f"runners/{runner['id']}") == 1
    manager.up(accessToken=ACCESS)
    assert manager.asked("PUT", f"runners/{runner['id']}") == 1


def test_without_the_scope_a_change_fails_and_names_it_and_is_done_later(manager: Manager) -> None:
    manager.plan(CREATE)
    manager.up(accessToken=NARROW)
    manager.plan({**CREATE, "runner": {**RUNNER, "tag_list": "c"}})
    with pytest.raises(StepError, match="scope manage_runner") as failure:
        manager.up(accessToken=NARROW)
    assert NARROW not in str(failure.value)
    manager.up(accessToken=ACCESS)
    assert manager.runners()[0]["tag_list"] == ["c"]


def test_a_runner_of_another_group_takes_the_place_of_the_first(manager: Manager) -> None:
    manager.plan(CREATE)
    (old,) = manager.up(accessToken=ACCESS)
    manager.plan({**CREATE, "runner": {**RUNNER, "group_id": 6}})
    (new,) = manager.up(accessToken=ACCESS)
    assert [runner["id"] for runner in manager.runners()] == [new["id"]] != [old["id"]]


@pytest.mark.parametrize("may_look", [True, False])
def test_a_run_that_died_before_it_noted_the_token_leaves_one_runner_or_says_which(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], may_look: bool
) -> None:
    class KilledError(Exception):
        pass

    def create_and_die(*arguments: Any) -> Any:
        create(*arguments)
        raise KilledError

    create = created.create
    manager.plan(CREATE)
    monkeypatch.setattr(created, "create", create_and_die)
    with pytest.raises(KilledError):
        manager.up(accessToken=ACCESS)
    monkeypatch.setattr(created, "create", create)
    # Another runner of the same description is not ours to delete.
    manager.client.api("POST", "user/runners", {**RUNNER, "description": "dev-runner"}, {"Private-Token": ACCESS})
    (lost, foreign) = manager.runners()

    (section,) = manager.up(accessToken=ACCESS if may_look else NARROW)
    left = {runner["id"] for runner in manager.runners()}
    assert left == ({foreign["id"], section["id"]} if may_look else {lost["id"], foreign["id"], section["id"]})
    attempt = re.search(r"gitlab-runner-aws (\w+)", lost["maintenance_note"])
    assert attempt
    assert (attempt[1] in capsys.readouterr().out) == (not may_look)


def test_a_token_that_gitlab_runner_rotated_is_carried_to_every_section_of_its_runner(manager: Manager) -> None:
    _, token = manager.client.new_runner()
    manager.up("token", token=token)
    rotated = manager.rotate(token)
    assert [each["token"] for each in manager.up("token", "token", token=token)] == [rotated] * 2
    assert not tokens.out_of_step()
    manager.live.write_text(manager.live.read_text().replace(rotated, "glrt-anew", 1))
    assert tokens.out_of_step(), "gitlab-runner rotates section by section"
    # The section may be gone for a time, as that of a pool whose growth is stopped.
    manager.live.write_text("")
    assert [each["token"] for each in manager.up(token=token)] == [rotated]
    assert len(manager.runners()[0]["managers"]) == 1


def test_a_token_that_was_reset_in_gitlab_fails_until_the_new_one_is_set(manager: Manager) -> None:
    number, token = manager.client.new_runner()
    manager.up(token=token)
    before = manager.live.read_text()
    new = str(manager.client.api("POST", "runners/reset_authentication_token", {"token": token}).body["token"])
    with pytest.raises(StepError, match="did not accept the token") as failure:
        manager.up(token=token)
    assert token not in str(failure.value)
    assert manager.live.read_text() == before
    assert [(each["id"], each["token"]) for each in manager.up(token=new)] == [(number, new)]
    assert len(manager.runners()[0]["managers"]) == 1


def test_another_runners_token_takes_over_and_the_first_loses_this_manager(manager: Manager) -> None:
    first, second = manager.client.new_runner(), manager.client.new_runner()
    manager.up(token=first[1])
    manager.up(live=False, token=second[1])
    assert [len(runner["managers"]) for runner in manager.runners()] == [1, 1], "the old one was given up too early"
    manager.up(token=second[1])
    assert [len(runner["managers"]) for runner in manager.runners()] == [0, 1]
    manager.up(token=first[1])
    assert [len(runner["managers"]) for runner in manager.runners()] == [1, 0]


def test_a_pools_own_token_stands_beside_that_of_the_others(manager: Manager) -> None:
    common, own = manager.client.new_runner(), manager.client.new_runner()
    sections = manager.up("token", "blueToken", token=common[1], blueToken=own[1])
    assert [each["id"] for each in sections] == [common[0], own[0]]


def test_a_made_runner_that_was_deleted_in_gitlab_is_made_anew(manager: Manager) -> None:
    manager.plan(CREATE)
    (old,) = manager.up(accessToken=ACCESS)
    manager.client.api("DELETE", f"runners/{old['id']}", headers={"Private-Token": ACCESS})
    (new,) = manager.up(accessToken=ACCESS)
    assert [runner["id"] for runner in manager.runners()] == [new["id"]] != [old["id"]]


def test_what_could_not_be_given_up_is_said_and_tried_again(
    manager: Manager, capsys: pytest.CaptureFixture[str]
) -> None:
    manager.plan(CREATE)
    (section,) = manager.up(accessToken=ACCESS)
    fault = {"path": "/api/v4/runners", "method": "DELETE", "status": 500, "times": 99}
    manager.client.send("POST", "/-/stand-in/faults", fault)
    tokens.leave_all()
    assert f"still lists runner {section['id']}; delete it there: GitLab answered 500" in capsys.readouterr().out
    manager.client.send("DELETE", "/-/stand-in/faults")
    tokens.leave_all()
    assert manager.runners() == []


@pytest.mark.parametrize(
    ("plan", "secret", "said"),
    [
        (REGISTER, {"registrationToken": "GR1348941other"}, "did not accept the registration token"),
        (CREATE, {"accessToken": "glpat-unknown"}, "does not know the access token"),
    ],
)
def test_a_refusal_says_which_secret_to_set(manager: Manager, plan: Any, secret: dict[str, str], said: str) -> None:
    manager.plan(plan)
    with pytest.raises(StepError, match=said) as failure:
        manager.up(live=True, **secret)
    assert f"gitlab-runner-aws:{next(iter(secret))}" in str(failure.value)
    assert next(iter(secret.values())) not in str(failure.value)


def test_a_gitlab_without_registration_tokens_says_what_to_use_instead(manager: Manager) -> None:
    manager.client.send("POST", "/-/stand-in/registration-token", {"token": None})
    manager.plan(REGISTER)
    with pytest.raises(StepError, match="no longer takes registration tokens"):
        manager.up(registrationToken=REGISTRATION)


def test_a_token_is_read_from_aws_even_if_the_right_to_it_is_not_in_force_yet(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, token = manager.client.new_runner()
    calls: list[tuple[str, str, Any]] = []

    class Aws:
        def __init__(self, region: str) -> None:
            assert region == "eu-west-1"

        def json(self, service: str, action: str, asked: Any) -> dict[str, Any]:
            calls.append((service, action, asked))
            if len(calls) == 1:
                raise AwsError("AccessDeniedException", "not yet")
            return {"Parameter": {"Value": f"{token}\n"}, "SecretString": "no token"}

    monkeypatch.setattr(aws_token, "Aws", Aws)
    manager.plan({"from": "tokenParameter", "name": "/ci/token", "region": "eu-west-1"})
    assert [each["id"] for each in manager.up()] == [number]
    assert calls[1] == ("ssm", "GetParameter", {"Name": "/ci/token", "WithDecryption": True})
    manager.plan({"from": "tokenSecret", "name": "ci/token", "region": "eu-west-1"})
    with pytest.raises(StepError, match="tokenSecret = ci/token holds no runner authentication token") as failure:
        manager.up()
    assert "no token" not in str(failure.value)


def test_the_kept_file_is_written_as_a_whole_and_for_root_alone(manager: Manager) -> None:
    _, token = manager.client.new_runner()
    manager.up(token=token)
    assert token in tokens.KEPT.read_text()
    assert tokens.KEPT.stat().st_mode & 0o777 == 0o600
    assert host.load(tokens.KEPT)
