"""Whether a URL leads to a GitLab, beside what may answer there."""

import json
import time
from collections.abc import Iterator
from threading import Event

import pytest

from components.resolve import gitlab_check
from components.resolve.gitlab_check import gitlab_problem
from localcloud.throwaway_authority import served

from .hostile_answers import ESCAPES, NO_ANSWERS, PAGES, REDIRECTS
from .unhelpful_servers import answering_server, hanging_server, http


@pytest.mark.parametrize("path", ["", "/", "/gitlab", "/gitlab/"])
def test_a_gitlab_may_be_under_a_path(path: str) -> None:
    with answering_server(lambda *_: http("{}", 401)) as server:
        assert gitlab_problem(f"{server.url}{path}") is None
    assert [asked for _, asked, _ in server.asked] == [f"{path.rstrip('/')}/api/v4/version"]


@pytest.mark.parametrize("status", [200, 401])
def test_a_gitlab_is_known_by_its_answer(status: int) -> None:
    with answering_server(lambda *_: http(json.dumps({"message": "401 Unauthorized"}), status)) as server:
        assert gitlab_problem(f"{server.url}/") is None
    assert [path for _, path, _ in server.asked] == ["/api/v4/version"]


@pytest.mark.parametrize("answer", [*NO_ANSWERS, *PAGES])
def test_what_is_no_gitlab_is_told_in_one_sentence(answer: str) -> None:
    with answering_server(lambda *_: (NO_ANSWERS | PAGES)[answer]()) as server:
        said = gitlab_problem(server.url)
    assert said is not None
    assert said.startswith(("can't be reached (", "is not a GitLab (it answered "))
    assert said.isprintable()
    assert len(said) < 600


@pytest.mark.parametrize("status", REDIRECTS)
def test_an_address_that_leads_elsewhere_is_told_with_where(status: int) -> None:
    with answering_server(lambda *_: http("", status, f"Location: https://other.example{ESCAPES[:-2]}")) as server:
        said = gitlab_problem(server.url)
    assert said is not None
    assert said.startswith("leads on to https://other.example")
    assert said.isprintable()


HINT = "correct it, or set gitlab.check to false where only the manager can reach GitLab"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http("{}", 404), "is not a GitLab (it answered 404 to /api/v4/version)"),
        (http("[]", 200), "is not a GitLab (it answered 200 to /api/v4/version)"),
        (http("<html>", 401), "is not a GitLab (it answered 401 to /api/v4/version)"),
        (
            http("", 302, "Location: https://other.example"),
            "leads on to https://other.example, which calls with a token do not follow",
        ),
        (http("", 301), "leads on to nowhere, which calls with a token do not follow"),
    ],
)
def test_an_answer_is_told_with_what_to_do(answer: bytes, said: str) -> None:
    with answering_server(lambda *_: answer) as server:
        assert gitlab_problem(server.url) == f"{said}; {HINT}"


def test_json_is_asked_for_without_a_token() -> None:
    with answering_server(lambda *_: http("{}", 200)) as server:
        assert gitlab_problem(server.url) is None
    ((method, _, headers),) = server.asked
    assert (method, headers["Accept"]) == ("GET", "application/json")
    assert not {"Private-Token", "Job-Token", "Authorization"} & headers.keys()


def test_a_gitlab_of_a_private_authority_is_trusted_with_its_certificate_alone() -> None:
    authority = served("127.0.0.1")
    with answering_server(lambda *_: http("{}", 401), encrypted=authority.context) as server:
        assert gitlab_problem(server.url, authority.authority) is None
        assert "CERTIFICATE_VERIFY_FAILED" in (gitlab_problem(server.url) or "")
        assert "CERTIFICATE_VERIFY_FAILED" in (gitlab_problem(server.url, served("127.0.0.1").authority) or "")


def test_an_address_where_nothing_listens_is_told_with_the_reason() -> None:
    assert gitlab_problem("http://127.0.0.1:1") == f"can't be reached ([Errno 111] Connection refused); {HINT}"


def test_an_address_that_is_none_of_the_web_is_left_to_the_settings() -> None:
    assert gitlab_problem("ftp://gitlab.example.com") is None


def test_it_takes_no_longer_than_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlab_check, "_SECONDS", 0.5)
    done = Event()

    def drops() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        while not done.wait(0.05):
            yield b" "

    with answering_server(lambda *_: drops()) as dripping, hanging_server() as hanging:
        for server in (dripping, hanging):
            began = time.monotonic()
            assert "can't be reached (timed out)" in (gitlab_problem(server.url) or "")
            assert time.monotonic() - began < 10
        done.set()


@pytest.mark.parametrize("ca", ["", "no PEM", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "\x00"])
def test_an_authority_that_is_none_is_told(ca: str) -> None:
    assert "can't be reached (" in (gitlab_problem("https://127.0.0.1:1", ca) or "")
