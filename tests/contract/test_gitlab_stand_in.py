"""The stand-in for GitLab, by the answers that GitLab's API reference and our recordings give."""

import json
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import RemoteDisconnected
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from localcloud.gitlab_stand_in import GitLabStandIn

from .gitlab_client import Client
from .stand_in_programs import PROGRAMS

RECORDED = json.loads((PROGRAMS.with_name("recordings") / "runner_gitlab_http.json").read_text())


SYSTEM = "s_0123456789ab"


ADMIN = {"Private-Token": "admin-token"}


@pytest.fixture
def server() -> Iterator[GitLabStandIn]:
    tokens = {"admin-token": frozenset({"api"}), "narrow-token": frozenset({"create_runner"})}
    stand_in = GitLabStandIn(registration_token="regtoken", access_tokens=tokens)
    stand_in.start()
    yield stand_in
    stand_in.close()


@pytest.fixture
def gitlab(server: GitLabStandIn) -> Client:
    return Client(server)


def test_it_answers_every_recorded_request_with_the_recorded_status_and_keys(gitlab: Client) -> None:
    gitlab.send("POST", "/-/stand-in/runners", {"token": "glrt-goodgoodgoodgood1234"})
    known: dict[str, str] = {}

    def current(value: Any) -> Any:
        return (
            {key: current(item) for key, item in value.items()} if isinstance(value, dict) else known.get(value, value)
        )

    exchanges = [exchange for command in RECORDED["commands"] for exchange in command["http"]]
    for exchange in exchanges:
        request, expected = exchange["request"], exchange["response"]
        token = request["body"]["token"]
        body = {**request["body"], "token": known.get(token, token)}
        answer = gitlab.send(request["method"], request["path"], body)
        assert answer.status == expected["status"], request["path"]
        assert (answer.body or {}).keys() == (expected["body"] or {}).keys()
        if answer.status == 201:
            known[expected["body"]["token"]] = answer.body["token"]
        if answer.status == 403:
            assert answer.body == expected["body"]
    assert len(exchanges) >= 8


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "runners/verify", {}, "token is missing"),
        ("POST", "runners/verify", {"token": "glrt-x"}, "system_id is missing"),
        ("POST", "runners", {"info": {}}, "token is missing"),
        ("DELETE", "runners", {}, "token is missing"),
        ("DELETE", "runners/managers", {}, "token is missing, system_id is missing"),
        ("POST", "runners/reset_authentication_token", {}, "token is missing"),
        ("POST", "jobs/request", {}, "token is missing"),
    ],
)
def test_a_missing_parameter_is_named(gitlab: Client, method: str, path: str, body: object, message: str) -> None:
    answer = gitlab.api(method, path, body)

    assert (answer.status, answer.body) == (400, {"error": message})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "runners/verify"),
        ("POST", "runners"),
        ("DELETE", "runners"),
        ("DELETE", "runners/managers"),
        ("POST", "runners/reset_authentication_token"),
        ("POST", "jobs/request"),
    ],
)
def test_an_unknown_token_is_forbidden(gitlab: Client, method: str, path: str) -> None:
    answer = gitlab.api(method, path, {"token": "glrt-unknownunknown12345", "system_id": SYSTEM})

    assert (answer.status, answer.body) == (403, {"message": "403 Forbidden"})


def test_registration_tokens_are_gone_by_default() -> None:
    server = GitLabStandIn()
    server.start()
    answer = Client(server).api("POST", "runners", {"token": "regtoken"})
    server.close()

    assert answer.status == 410


def test_a_manager_is_known_after_verification_and_contacted_after_its_first_poll(gitlab: Client) -> None:
    number, token = gitlab.new_runner()
    gitlab.api("POST", "runners/verify", {"token": token, "system_id": SYSTEM})
    verified = gitlab.api("GET", f"runners/{number}/managers", headers=ADMIN).body
    info = {"version": "19.3.0", "executor": "docker+machine"}
    gitlab.api("POST", "jobs/request", {"token": token, "system_id": SYSTEM, "info": info})
    polled = gitlab.api("GET", f"runners/{number}/managers", headers=ADMIN).body

    assert [(m["system_id"], m["contacted_at"], m["status"]) for m in verified] == [(SYSTEM, None, "never_contacted")]
    assert len(polled) == 1
    assert polled[0]["contacted_at"]
    assert (polled[0]["version"], polled[0]["status"]) == ("19.3.0", "online")


def test_unregistering_a_manager_leaves_the_runner(gitlab: Client) -> None:
    number, token = gitlab.new_runner()
    for system in (SYSTEM, "s_other0000000"):
        gitlab.api("POST", "runners/verify", {"token": token, "system_id": system})

    first = gitlab.api("DELETE", "runners/managers", {"token": token, "system_id": SYSTEM})
    second = gitlab.api("DELETE", "runners/managers", {"token": token, "system_id": SYSTEM})

    assert (first.status, second.status) == (204, 404)
    [runner] = gitlab.state()["runners"]
    assert (runner["id"], [m["system_id"] for m in runner["managers"]]) == (number, ["s_other0000000"])


def test_a_deleted_runner_is_gone_for_its_managers_too(gitlab: Client) -> None:
    number, token = gitlab.new_runner()

    deleted = gitlab.api("DELETE", f"runners/{number}", headers=ADMIN)

    assert deleted.status == 204
    assert gitlab.api("POST", "jobs/request", {"token": token}).status == 403
    assert gitlab.api("DELETE", f"runners/{number}", headers=ADMIN).status == 404


@pytest.mark.parametrize("own", [True, False])
def test_a_reset_token_replaces_the_old_one_at_once(gitlab: Client, own: bool) -> None:
    number, token = gitlab.new_runner()
    path = "runners/reset_authentication_token" if own else f"runners/{number}/reset_authentication_token"
    answer = gitlab.api("POST", path, {"token": token} if own else {}, {} if own else ADMIN)

    body = {"system_id": SYSTEM}
    assert answer.status == 201
    assert answer.body["token"].startswith("glrt-")
    assert gitlab.api("POST", "runners/verify", {**body, "token": token}).status == 403
    assert gitlab.api("POST", "runners/verify", {**body, "token": answer.body["token"]}).status == 200


def test_a_person_creates_and_changes_a_runner(gitlab: Client) -> None:
    wanted = {"runner_type": "group_type", "group_id": 5, "tag_list": "a, b", "paused": True}
    made = gitlab.api("POST", "user/runners", wanted, {"Private-Token": "narrow-token"})
    number, token = made.body["id"], made.body["token"]
    changed = gitlab.api("PUT", f"runners/{number}", {"description": "mine"}, ADMIN)

    assert made.status == 201
    assert token.startswith("glrt-")
    assert changed.body["tag_list"] == ["a", "b"]
    assert (changed.body["description"], changed.body["runner_type"]) == ("mine", "group_type")
    assert "token" not in changed.body


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        ({"runner_type": "instance_type"}, {}, 401, "401 Unauthorized"),
        ({"runner_type": "instance_type"}, {"Private-Token": "wrong"}, 401, "401 Unauthorized"),
        ({}, ADMIN, 400, "runner_type is missing"),
        ({"runner_type": "any"}, ADMIN, 400, "runner_type does not have a valid value"),
        ({"runner_type": "project_type"}, ADMIN, 400, "project_id is missing"),
        ({"runner_type": "group_type"}, ADMIN, 400, "group_id is missing"),
        ({"runner_type": "instance_type", "access_level": "all"}, ADMIN, 400, "access_level does not have"),
        ({"runner_type": "instance_type", "run_untagged": False}, ADMIN, 400, "tags_list"),
        ({"runner_type": "instance_type", "maintenance_note": "x" * 1025}, ADMIN, 400, "maximum is 1024"),
    ],
)
def test_a_runner_is_not_created_by_the_wrong_person_or_with_the_wrong_settings(
    gitlab: Client, body: object, headers: dict[str, str], status: int, error: str
) -> None:
    answer = gitlab.api("POST", "user/runners", body, headers)

    assert answer.status == status
    assert error in json.dumps(answer.body)
    assert gitlab.state()["runners"] == []


def test_a_token_without_the_scope_is_told_which_one(gitlab: Client) -> None:
    number, _ = gitlab.new_runner()

    answer = gitlab.api("DELETE", f"runners/{number}", headers={"Private-Token": "narrow-token"})

    assert (answer.status, answer.body["error"]) == (403, "insufficient_scope")
    assert "manage_runner" in answer.body["scope"]


def test_a_job_goes_once_to_whoever_asks_and_ends_as_it_is_told(gitlab: Client) -> None:
    _, token = gitlab.new_runner()
    none = gitlab.api("POST", "jobs/request", {"token": token, "system_id": SYSTEM})
    gitlab.send("POST", "/-/stand-in/jobs", {"seconds": 2})
    job = gitlab.api("POST", "jobs/request", {"token": token, "system_id": SYSTEM})
    again = gitlab.api("POST", "jobs/request", {"token": token, "system_id": SYSTEM})

    assert [none.status, job.status, again.status] == [204, 201, 204]
    assert "X-GitLab-Last-Update" in none.headers
    assert job.body["steps"][0]["script"] == ["sleep 2.0"]

    path, owner = f"jobs/{job.body['id']}", {"Job-Token": job.body["token"]}
    first = gitlab.api("PATCH", f"{path}/trace", b"hello", {**owner, "Content-Range": "0-4"})
    gap = gitlab.api("PATCH", f"{path}/trace", b"hello", {**owner, "Content-Range": "9-13"})
    strange = gitlab.api("PATCH", f"{path}/trace", b"hello", {"Job-Token": "other", "Content-Range": "0-4"})
    assert [first.status, gap.status, strange.status] == [202, 416, 403]
    assert (first.headers["Job-Status"], first.headers["Range"]) == ("running", "0-5")

    assert gitlab.api("PUT", path, {"token": "other", "state": "success"}).status == 403
    assert gitlab.api("PUT", path, {"token": job.body["token"], "state": "success"}).status == 200
    [listed] = gitlab.state()["jobs"]
    assert (listed["state"], listed["system_id"]) == ("success", SYSTEM)


def test_lists_show_a_groups_runners_without_notes_and_the_details_have_them(gitlab: Client) -> None:
    note = {"maintenance_note": "ours"}
    made = gitlab.api("POST", "user/runners", {"runner_type": "group_type", "group_id": 5, **note}, ADMIN).body["id"]
    gitlab.api("POST", "user/runners", {"runner_type": "instance_type", "description": "mine"}, ADMIN)

    def listed(path: str) -> list[int]:
        return [runner["id"] for runner in gitlab.api("GET", path, headers=ADMIN).body]

    assert listed("groups/5/runners?type=group_type") == [made]
    assert [listed(path) for path in ("groups/6/runners", "projects/5/runners")] == [[], []]
    assert len(listed("runners/all")) == 2
    assert listed("runners/all?per_page=1&page=1") == [made]
    assert "maintenance_note" not in gitlab.api("GET", "groups/5/runners", headers=ADMIN).body[0]
    assert gitlab.api("GET", f"runners/{made}", headers=ADMIN).body["maintenance_note"] == "ours"
    assert gitlab.api("GET", "runners/all", headers={"Private-Token": "narrow-token"}).status == 403


def test_a_paused_runner_gets_no_job(gitlab: Client) -> None:
    number, token = gitlab.new_runner()
    gitlab.send("POST", "/-/stand-in/jobs", {"seconds": 1})
    gitlab.api("PUT", f"runners/{number}", {"paused": True}, ADMIN)

    assert gitlab.api("POST", "jobs/request", {"token": token}).status == 204


def test_the_version_is_for_people_who_are_signed_in(gitlab: Client) -> None:
    refused, told = gitlab.api("GET", "version"), gitlab.api("GET", "version", headers=ADMIN)

    assert (refused.status, refused.body) == (401, {"message": "401 Unauthorized"})
    assert told.body["version"] == "19.3.0"


def test_parameters_may_come_as_a_form(gitlab: Client) -> None:
    _, token = gitlab.new_runner()

    answer = gitlab.send("POST", "/api/v4/runners/verify", {"token": token, "system_id": SYSTEM}, form=True)

    assert answer.status == 200


def test_faults_hit_one_path_as_often_as_asked(gitlab: Client) -> None:
    path = "/api/v4/runners/verify"
    gitlab.send("POST", "/-/stand-in/faults", {"path": path, "status": 502, "times": 2})
    statuses = [gitlab.send("POST", path, {}).status for _ in range(3)]
    gitlab.send("POST", "/-/stand-in/faults", {"path": path, "close": True})
    with pytest.raises(RemoteDisconnected):
        gitlab.send("POST", path, {})
    gitlab.send("POST", "/-/stand-in/faults", {"path": path, "delay": 0.2})
    started = time.monotonic()
    gitlab.send("POST", path, {})

    assert statuses == [502, 502, 400]
    assert time.monotonic() - started >= 0.2


def test_faults_can_be_for_one_method_and_many_paths_and_be_taken_back(gitlab: Client) -> None:
    fault = {"path": r"/api/v4/runners(/\w+)?", "method": "DELETE", "status": 500, "times": 9}
    gitlab.send("POST", "/-/stand-in/faults", fault)
    hit = [gitlab.api("DELETE", path, {}).status for path in ("runners", "runners/managers")]
    spared = gitlab.api("POST", "runners/verify", {}).status
    gitlab.send("DELETE", "/-/stand-in/faults")

    assert (hit, spared, gitlab.api("DELETE", "runners", {}).status) == ([500, 500], 400, 400)


def test_its_clock_may_be_off(gitlab: Client) -> None:
    gitlab.send("POST", "/-/stand-in/clock", {"ahead": -3600})
    told = parsedate_to_datetime(gitlab.api("GET", "version").headers["Date"])

    assert 3595 < time.time() - told.timestamp() < 3660


def test_registration_tokens_can_be_allowed_and_forbidden_while_it_runs(gitlab: Client) -> None:
    def register(token: str) -> int:
        return gitlab.api("POST", "runners", {"token": token}).status

    before = register("regtoken")
    gitlab.send("POST", "/-/stand-in/registration-token", {"token": "another"})
    changed = [register("regtoken"), register("another")]
    gitlab.send("POST", "/-/stand-in/registration-token", {"token": None})

    assert (before, changed, register("another")) == (201, [403, 201], 410)


def test_it_is_there_by_https_too_for_those_who_trust_its_authority(server: GitLabStandIn) -> None:
    url = f"{server.https_url}/api/v4/version"
    with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urlopen(url)
    with pytest.raises(HTTPError) as answer:
        urlopen(url, context=ssl.create_default_context(cadata=server.authority))

    assert answer.value.code == 401
    answer.value.close()


def test_no_token_is_listed_or_logged(gitlab: Client, server: GitLabStandIn) -> None:
    _, token = gitlab.new_runner()
    gitlab.send("POST", "/-/stand-in/jobs", {"seconds": 1})
    gitlab.api("POST", f"runners/verify?token={token}", {"system_id": SYSTEM})
    job = gitlab.api("POST", "jobs/request", {"token": token, "system_id": SYSTEM}).body

    shown = json.dumps(gitlab.state()) + repr(server.requests)
    assert token not in shown
    assert job["token"] not in shown
    assert server.requests[0] == ("POST", "/api/v4/runners/verify", 200)
