"""A stack's note reaches its merge request once and is updated in place, whatever GitLab answers meanwhile."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.gitlab_stand_in import GitLabStandIn
from review.changes import Changes
from review.gitlab_notes import MergeRequest, NoNoteError, PostError, post
from review.note import LONGEST, marker

from ..contract.gitlab_client import Client

PROJECT, IID = 7, 12
NOTES = f"projects/{PROJECT}/merge_requests/{IID}/notes"
DEV, PROD = (marker(Changes("ci", stack)) for stack in ("dev", "prod"))
WRITER, OTHER, READER = "glpat-writer-secret", "glpat-other-secret", "glpat-reader-secret"
TOKENS = {WRITER: frozenset({"api"}), OTHER: frozenset({"api"}), READER: frozenset({"read_api"})}


@pytest.fixture
def server() -> Iterator[GitLabStandIn]:
    stand_in = GitLabStandIn(access_tokens=TOKENS)
    stand_in.start()
    Client(stand_in).send("POST", "/-/stand-in/merge-requests", {"project": PROJECT, "iid": IID})
    yield stand_in
    stand_in.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    # The stand-in, which is in this process, sleeps for no time at all.
    monkeypatch.setattr(time, "sleep", lambda seconds: waited.append(seconds) if seconds else None)
    return waited


def variables(server: GitLabStandIn, **changed: str) -> dict[str, str]:
    return {
        "CI_API_V4_URL": f"{server.url}/api/v4",
        "CI_PROJECT_ID": str(PROJECT),
        "CI_MERGE_REQUEST_IID": str(IID),
        "GITLAB_NOTE_TOKEN": WRITER,
        **changed,
    }


def request_of(server: GitLabStandIn, **changed: str) -> MergeRequest:
    return MergeRequest.of_job(variables(server, **changed), "GITLAB_NOTE_TOKEN")


def notes(server: GitLabStandIn) -> list[dict[str, Any]]:
    answer = Client(server).api("GET", f"{NOTES}?sort=asc&per_page=100", headers={"Private-Token": WRITER})
    return list(answer.body)


def fault(server: GitLabStandIn, **what: Any) -> None:
    Client(server).send("POST", "/-/stand-in/faults", {"path": f"/api/v4/{NOTES}.*", **what})


def written(server: GitLabStandIn, body: str, token: str = OTHER) -> None:
    assert Client(server).api("POST", NOTES, {"body": body}, {"Private-Token": token}).status == 201


def test_each_stack_has_one_note_that_is_updated_in_place(server: GitLabStandIn) -> None:
    request = request_of(server)
    written(server, "Looks good to me.")

    done = [post(request, DEV, f"{DEV}\nfirst"), post(request, PROD, f"{PROD}\nother"), post(request, DEV, f"{DEV}\n2")]

    assert done == ["created", "created", "updated"]
    assert [note["body"] for note in notes(server)] == ["Looks good to me.", f"{DEV}\n2", f"{PROD}\nother"]


def test_the_note_is_found_behind_hundreds_of_others(server: GitLabStandIn) -> None:
    for number in range(230):
        written(server, f"discussion {number}")
    request = request_of(server)
    post(request, DEV, f"{DEV}\nfirst")

    assert post(request, DEV, f"{DEV}\nsecond") == "updated"
    assert [status for method, _, status in server.requests if method == "PUT"] == [200]


def test_a_note_of_somebody_else_that_quotes_ours_is_left_alone(server: GitLabStandIn) -> None:
    written(server, f"{DEV}\nI have copied this")
    request = request_of(server)

    assert [post(request, DEV, f"{DEV}\n{text}") for text in ("one", "two")] == ["created", "updated"]
    assert [note["body"] for note in notes(server)] == [f"{DEV}\nI have copied this", f"{DEV}\ntwo"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_gitlab_is_asked_again(server: GitLabStandIn, waits: list[float], status: int) -> None:
    fault(server, method="GET", status=status, times=2)

    assert post(request_of(server), DEV, f"{DEV}\nfirst") == "created"
    assert waits == [1, 2]


def test_a_rate_limit_is_waited_for_as_long_as_gitlab_says(server: GitLabStandIn, waits: list[float]) -> None:
    fault(server, method="POST", status=429, headers={"Retry-After": "7"})
    fault(server, method="POST", status=429, headers={"Retry-After": "3600"})

    assert post(request_of(server), DEV, f"{DEV}\nfirst") == "created"
    assert waits == [7, 30]


def test_a_note_whose_creation_was_not_confirmed_is_not_created_twice(
    server: GitLabStandIn, waits: list[float]
) -> None:
    # The answer is lost after GitLab has done what it was asked for.
    fault(server, method="POST", lost=True)

    assert post(request_of(server), DEV, f"{DEV}\nfirst") == "updated"
    assert len(notes(server)) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"GITLAB_NOTE_TOKEN": "glpat-revoked"},
            "GITLAB_NOTE_TOKEN: GitLab does not know this token (401): it has expired or was revoked; it has to be a "
            "project's access token with the scope api and at least the role Reporter",
        ),
        (
            {"GITLAB_NOTE_TOKEN": READER},
            "GITLAB_NOTE_TOKEN: the token may not write notes on merge request !12 of project 7 (403); it has to be a "
            "project's access token with the scope api and at least the role Reporter",
        ),
        (
            {"CI_MERGE_REQUEST_IID": "13"},
            "GITLAB_NOTE_TOKEN: for this token there is no merge request !13 of project 7 (404); it has to be a "
            "project's access token with the scope api and at least the role Reporter",
        ),
    ],
)
def test_a_refusal_is_told_with_what_to_do(server: GitLabStandIn, changed: dict[str, str], message: str) -> None:
    with pytest.raises(PostError) as refused:
        post(request_of(server, **changed), DEV, f"{DEV}\nfirst")

    assert str(refused.value) == message


def test_what_is_too_long_for_gitlab_is_told(server: GitLabStandIn) -> None:
    with pytest.raises(PostError) as refused:
        post(request_of(server), DEV, DEV + "x" * LONGEST)

    assert "answered 400" in str(refused.value)
    assert f"is too long (maximum is {LONGEST} characters)" in str(refused.value)


def test_a_gitlab_that_stays_busy_is_given_up(server: GitLabStandIn, waits: list[float]) -> None:
    fault(server, status=503, times=9)

    with pytest.raises(PostError, match=r"is busy \(it answered 503\), 4 times; run the job again"):
        post(request_of(server), DEV, f"{DEV}\nfirst")


def test_a_gitlab_that_is_not_there_is_told_with_the_variables_for_proxies(
    server: GitLabStandIn, waits: list[float]
) -> None:
    server_url = "http://127.0.0.1:9/api/v4"

    with pytest.raises(PostError, match=r"127\.0\.0\.1:9.*can't be reached.*HTTPS_PROXY.*SSL_CERT_FILE"):
        post(request_of(server, CI_API_V4_URL=server_url), DEV, f"{DEV}\nfirst")


def test_the_token_follows_no_redirect(server: GitLabStandIn) -> None:
    fault(server, status=302, headers={"Location": f"{server.url}/elsewhere"})

    with pytest.raises(PostError, match="leads elsewhere"):
        post(request_of(server), DEV, f"{DEV}\nfirst")
    assert not any(path == "/elsewhere" for _, path, _ in server.requests)


def test_an_authority_of_gitlabs_own_is_trusted_by_the_file_that_ci_names(
    server: GitLabStandIn, waits: list[float], tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text(server.authority)
    url = f"{server.https_url}/api/v4"

    with pytest.raises(PostError, match="certificate verify failed"):
        post(request_of(server, CI_API_V4_URL=url), DEV, f"{DEV}\nfirst")
    trusting = request_of(server, CI_API_V4_URL=url, CI_SERVER_TLS_CA_FILE=str(authority))
    assert post(trusting, DEV, f"{DEV}\nfirst") == "created"


def test_it_goes_through_the_proxy_of_the_environment(server: GitLabStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    # The stand-in takes the whole address of a request to a proxy for the path.
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    post(request_of(server, CI_API_V4_URL="http://gitlab.invalid/api/v4"), DEV, f"{DEV}\nfirst")

    assert len(notes(server)) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"CI_API_V4_URL": "", "CI_PROJECT_ID": ""}, "CI_API_V4_URL and CI_PROJECT_ID: not set, so this is not a job"),
        ({"CI_MERGE_REQUEST_IID": ""}, "CI_MERGE_REQUEST_IID: not set, so this is not a merge request's pipeline"),
        ({"GITLAB_NOTE_TOKEN": ""}, "GITLAB_NOTE_TOKEN: not set, as in a merge request from a fork"),
    ],
)
def test_where_there_is_nowhere_to_post_to_that_is_said(
    server: GitLabStandIn, changed: dict[str, str], message: str
) -> None:
    with pytest.raises(NoNoteError, match=message):
        request_of(server, **changed)


@pytest.mark.parametrize("token", [f"{WRITER}\nX-Other: 1", f"two {WRITER}", f"{WRITER}é"])
def test_a_token_that_is_none_is_told_without_it(server: GitLabStandIn, token: str) -> None:
    with pytest.raises(PostError, match="GITLAB_NOTE_TOKEN: holds blanks or other signs that no token has") as refused:
        request_of(server, GITLAB_NOTE_TOKEN=token)
    assert WRITER not in str(refused.value)


def test_no_message_and_no_description_of_it_holds_the_token(server: GitLabStandIn, waits: list[float]) -> None:
    request = request_of(server)
    fault(server, status=418)

    with pytest.raises(PostError) as refused:
        post(request, DEV, f"{DEV}\nfirst")
    assert WRITER not in f"{refused.value!r}{request!r}"
