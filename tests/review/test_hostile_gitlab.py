"""A GitLab that is broken, another's or hostile, as the job meets it that posts the note."""

import json
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from review import gitlab_notes
from review.gitlab_notes import MergeRequest, PostError, post

from ..unit.hostile_answers import ESCAPES, NO_ANSWERS, PAGES, REDIRECTS
from ..unit.unhelpful_servers import answering_server, http

TOKEN = "glpat-" + "c3D4" * 5
MARKER = "<!-- ours -->"
OURS = http(json.dumps([{"id": 5, "body": f"{MARKER} before"}]))
CALLS = {"look": "GET", "create": "POST", "update": "PUT"}


@pytest.fixture(autouse=True)
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(gitlab_notes, "_MOST_BYTES", 1 << 20)


def posted(url: str) -> str:
    return post(MergeRequest(f"{url}/api/v4", "7", "12", TOKEN, "GITLAB_NOTE_TOKEN"), MARKER, f"{MARKER} now")


def refusal(url: str) -> str:
    """Post a note, which is to fail, and return what is said of it."""
    with pytest.raises(PostError) as failure:
        posted(url)
    said = str(failure.value)
    assert said.isprintable()
    assert len(said) < 1500
    assert TOKEN not in said
    return said


def attacked(name: str, answer: Callable[[], bytes | Iterator[bytes]]) -> Callable[..., bytes | Iterator[bytes]]:
    """Give an answer to one of the calls, and the usual ones to the others."""

    def respond(method: str, path: str) -> bytes | Iterator[bytes]:
        if method == CALLS[name]:
            return answer()
        return OURS if name == "update" else http("[]")

    return respond


@pytest.mark.parametrize("answer", [*NO_ANSWERS, *PAGES])
@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_answer_of_gitlabs_ends_in_one_clear_error(call: str, answer: str) -> None:
    made = (NO_ANSWERS | PAGES)[answer]
    with answering_server(attacked(call, made)) as server:
        if call != "look" and answer in ("deep lists that close", "no number", "a date that is none", "a date far off"):
            # JSON, as far as Python goes, of which nothing is made.
            assert posted(server.url) in ("created", "updated")
        else:
            refusal(server.url)


@pytest.mark.parametrize(
    "notes", [None, 7, "text", {}, [1], [[]], {"id": 1}, [{"id": "../../x", "body": f"{MARKER}"}], [{"body": MARKER}]]
)
def test_a_list_of_another_form_has_no_note_of_ours(notes: object) -> None:
    with answering_server(lambda method, _: http(json.dumps(notes) if method == "GET" else "{}")) as server:
        if isinstance(notes, list) and isinstance(notes[0], dict):
            assert posted(server.url) == "created"
        else:
            refusal(server.url)
    assert not any(method == "PUT" for method, _, _ in server.asked)


@pytest.mark.parametrize("following", ["1", "2", "-1", "x", "٢", "9" * 5000, ESCAPES.strip("\r\x00")])
def test_pages_have_an_end(following: str) -> None:
    with answering_server(lambda method, _: http("[]", 200, f"X-Next-Page: {following}")) as server:
        assert posted(server.url) == "created"
    assert len(server.asked) <= 3


@pytest.mark.parametrize("status", REDIRECTS)
def test_the_token_follows_no_redirect(status: int) -> None:
    with answering_server(lambda *_: http("[]")) as elsewhere:
        for to in (f"{elsewhere.url}/x", "https://[x/", f"ftp://{ESCAPES[:-2]}"):
            answer = http("", status, f"Location: {to}")
            with answering_server(lambda *_, answer=answer: answer) as server:
                assert "leads elsewhere" in refusal(server.url)
        assert elsewhere.asked == []


def test_an_errors_text_is_quoted_short_and_fit_for_a_terminal() -> None:
    text = json.dumps({"message": f"{TOKEN} {ESCAPES}" + "long" * 10_000}, ensure_ascii=False)
    with answering_server(lambda *_: http(text, 418)) as server:
        assert "it answered 418" in refusal(server.url)


def test_an_answer_that_comes_in_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlab_notes, "_LONGEST_SECONDS", 0.3)
    done = Event()

    def drops() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        while not done.wait(0.05):
            yield b" "

    with answering_server(lambda *_: drops()) as server:
        assert "has no end" in refusal(server.url)
        done.set()
