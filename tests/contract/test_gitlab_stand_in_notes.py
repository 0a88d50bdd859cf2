"""The stand-in for GitLab: notes of merge requests, by https://docs.gitlab.com/api/notes/ and GitLab's own source."""

from collections.abc import Iterator

import pytest

from localcloud.gitlab_stand_in import GitLabStandIn

from .gitlab_client import Client

NOTES = "projects/7/merge_requests/3/notes"
ME, OTHER, READER = ({"Private-Token": token} for token in ("glpat-me", "glpat-other", "glpat-reader"))


@pytest.fixture
def gitlab() -> Iterator[Client]:
    tokens = {
        "glpat-me": frozenset({"api"}),
        "glpat-other": frozenset({"api"}),
        "glpat-reader": frozenset({"read_api"}),
    }
    server = GitLabStandIn(access_tokens=tokens)
    server.start()
    client = Client(server)
    client.send("POST", "/-/stand-in/merge-requests", {"project": 7, "iid": 3})
    yield client
    server.close()


def test_a_note_is_written_read_and_written_anew(gitlab: Client) -> None:
    made = gitlab.api("POST", NOTES, {"body": "one"}, ME)
    changed = gitlab.api("PUT", f"{NOTES}/{made.body['id']}", {"body": "two"}, ME)
    (read,) = gitlab.api("GET", NOTES, headers=READER).body

    assert (made.status, changed.status) == (201, 200)
    assert read == changed.body
    assert (read["body"], read["noteable_type"], read["noteable_iid"], read["system"]) == (
        "two",
        "MergeRequest",
        3,
        False,
    )


def test_lists_come_in_pages_the_newest_first(gitlab: Client) -> None:
    for number in range(25):
        gitlab.api("POST", NOTES, {"body": str(number)}, ME)
    first, second = (gitlab.api("GET", f"{NOTES}?page={page}", headers=ME) for page in (1, 2))
    oldest = gitlab.api("GET", f"{NOTES}?sort=asc&per_page=3", headers=ME)

    assert [note["body"] for note in first.body + second.body] == [str(number) for number in reversed(range(25))]
    assert (len(first.body), first.headers["X-Next-Page"], second.headers["X-Next-Page"]) == (20, "2", "")
    assert (first.headers["X-Total"], [note["body"] for note in oldest.body]) == ("25", ["0", "1", "2"])
    assert len(gitlab.api("GET", f"{NOTES}?per_page=1000", headers=ME).body) == 25


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status", "message"),
    [
        ("GET", NOTES, None, {}, 401, "401 Unauthorized"),
        ("POST", NOTES, {"body": "x"}, READER, 403, "insufficient_scope"),
        ("GET", "projects/8/merge_requests/3/notes", None, ME, 404, "404 Project Not Found"),
        ("POST", "projects/7/merge_requests/4/notes", {"body": "x"}, ME, 404, "404 Not found"),
        ("PUT", f"{NOTES}/99", {"body": "x"}, ME, 404, "404 Note Not Found"),
        ("PUT", f"{NOTES}/1", {"body": "x"}, OTHER, 403, "403 Forbidden"),
        ("POST", NOTES, {}, ME, 400, "body is missing"),
        ("POST", NOTES, {"body": "x" * 1_000_001}, ME, 400, "is too long (maximum is 1000000 characters)"),
        ("PUT", f"{NOTES}/1", {"body": "x" * 1_000_001}, ME, 400, "is too long (maximum is 1000000 characters)"),
    ],
)
def test_it_refuses_what_gitlab_refuses(
    gitlab: Client, method: str, path: str, body: object, token: dict[str, str], status: int, message: str
) -> None:
    gitlab.api("POST", NOTES, {"body": "mine"}, ME)
    answer = gitlab.api(method, path, body, token)

    assert answer.status == status
    assert message in str(answer.body)
    assert [note["body"] for note in gitlab.api("GET", NOTES, headers=ME).body] == ["mine"]
