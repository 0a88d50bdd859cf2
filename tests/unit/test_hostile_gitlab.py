"""A GitLab that is broken, another's or hostile: each call the manager makes beside each answer it may get."""

import json
import re
import time
import tomllib
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from components.manager_tool.config import runners
from components.manager_tool.gitlab import api as gitlab_api
from components.manager_tool.gitlab import created, egress, tokens
from components.manager_tool.host import StepError

from .hostile_answers import ESCAPES, NO_ANSWERS, PAGES, REDIRECTS
from .unhelpful_servers import answering_server, http

TOKEN = "glrt-" + "a1B2" * 5
ACCESS = "glpat-" + "c3D4" * 5
REGISTRATION = "GR1348941" + "e5F6" * 5
SECRETS = {"token": TOKEN, "accessToken": ACCESS, "registrationToken": REGISTRATION}
RUNNER = {"runner_type": "group_type", "group_id": 5, "description": "mine"}
CREATED = {"id": 7, "token": TOKEN, "token_expires_at": None}
KEYS = {"id": "7", "token": json.dumps(TOKEN), "token_expires_at": "0001-01-01T00:00:00Z"}
ATTEMPT = "0123456789abcdef"
MOST_CHARACTERS = 1500


@dataclass(frozen=True)
class Call:
    """One call to GitLab, and what leads to it."""

    method: str
    path: str
    kind: str
    unfinished: bool = False
    """Whether an earlier run was interrupted."""
    kept: bool = False
    """Whether the runner is there already, with other attributes."""
    used: bool = True
    """Whether something is made of the answer."""


CALLS = {
    "verify": Call("POST", "runners/verify", "token"),
    "register": Call("POST", "runners", "registrationToken"),
    "create": Call("POST", "user/runners", "accessToken"),
    "list": Call("GET", "groups/5/runners", "accessToken", unfinished=True),
    "details": Call("GET", "runners/9", "accessToken", unfinished=True),
    "delete": Call("DELETE", "runners/9", "accessToken", unfinished=True, used=False),
    "change": Call("PUT", "runners/7", "accessToken", kept=True, used=False),
    "leave": Call("DELETE", "runners", "leave", kept=True, used=False),
}
TELLS_OF_A_RUNNER = ("verify", "register", "create")


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((egress, "PLAN"), (tokens, "KEPT"), (runners, "LIVE"), (gitlab_api, "_SYSTEM_ID")):
        monkeypatch.setattr(module, name, tmp_path / name)
    (tmp_path / "_SYSTEM_ID").write_text("s_0123456789ab")
    monkeypatch.setattr(time, "sleep", lambda _: None)


def usual(method: str, path: str) -> bytes:
    """What a GitLab answers that is well."""
    if path.startswith("/api/v4/groups"):
        return http(json.dumps([{"id": 9, "description": "mine"}]))
    if (method, path) == ("GET", "/api/v4/runners/9"):
        return http(json.dumps({"id": 9, "maintenance_note": ATTEMPT}))
    return http("{}") if method in ("PUT", "DELETE") else http(json.dumps(CREATED))


def make(call: Call, url: str) -> dict[str, str]:
    """Do what leads to a call; returns what becomes of the answer, keys of config.toml and their values in TOML."""
    kind = "accessToken" if call.kind == "leave" else call.kind
    egress.PLAN.write_text(json.dumps({"deployment": "d", "token": {"from": kind, "runner": RUNNER}}))
    made = tokens.Tokens(SECRETS)
    origin = made._source(url, "token").origin
    if call.unfinished:
        tokens.KEPT.write_text(json.dumps({origin: {"url": url, "kind": kind, "attempt": ATTEMPT}}))
    if call.kept:
        kept = {"url": url, "kind": kind, "keys": KEYS, "runner": {**RUNNER, "description": "other"}}
        tokens.KEPT.write_text(json.dumps({origin: kept}))
    if call.kind == "leave":
        tokens.leave_all()
        return {}
    return tokens.Tokens(SECRETS).own_keys({"url": url}, "token")


def refusal(call: Call, url: str) -> str:
    """Make a call that is to fail, and return what is said of it."""
    with pytest.raises(StepError) as failure:
        make(call, url)
    return str(failure.value)


def outcome(call: Call, url: str) -> tuple[dict[str, str], str]:
    """Make a call that may fail; return what becomes of the answer, and what is said otherwise."""
    try:
        return make(call, url), ""
    except StepError as error:
        return {}, str(error)


def is_fit(text: str) -> bool:
    """Return whether a terminal can show a text, and a person read it, and whether it holds no token."""
    clear = text.replace("\n", "").replace("\t", "")
    return clear.isprintable() and len(text) < MOST_CHARACTERS and not any(token in text for token in SECRETS.values())


def attacked(call: Call, answer: Any) -> Any:
    """A server that gives an answer to this call, and the usual one to others."""

    def respond(method: str, path: str) -> bytes | Iterator[bytes]:
        here = method == call.method and path.partition("?")[0] == f"/api/v4/{call.path}"
        found: bytes | Iterator[bytes] = answer() if here else usual(method, path)
        return found

    return answering_server(respond)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_does_well_where_gitlab_does(call: Call) -> None:
    with answering_server(usual) as server:
        make(call, server.url)
    assert (call.method, f"/api/v4/{call.path}") in [(m, p.partition("?")[0]) for m, p, _ in server.asked]


@pytest.mark.parametrize("answer", [*NO_ANSWERS, *PAGES])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_no_answer_of_gitlabs_ends_in_one_clear_error(
    call: Call, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with attacked(call, (NO_ANSWERS | PAGES)[answer]) as server:
        _, said = outcome(call, server.url)
    assert is_fit(said)
    assert said or not call.used
    assert is_fit(capsys.readouterr().out)


VALUES = ["null", "7", '"text"', "[]", "[1]", '["a"]', '[{"id": "x"}]', "{}", '{"id": 7}', '""', "true"]


@pytest.mark.parametrize("body", VALUES)
@pytest.mark.parametrize("call", [call for call in CALLS.values() if call.used], ids=lambda call: call.path)
def test_json_of_another_kind_is_refused_or_tells_of_nothing(call: Call, body: str) -> None:
    with attacked(call, lambda: http(body)) as server:
        made, said = outcome(call, server.url)
    assert is_fit(said)
    # An empty list, or a runner without a note: nothing was left over.
    assert said or (call.unfinished and made["id"] == "7")
    assert not any(method == "DELETE" for method, _, _ in server.asked)


INJECTION = '0001-01-01T00:00:00Z\nexecutor = "shell"'
NEVER_GIVEN: dict[str, list[Any]] = {
    "id": [None, True, 0, -1, 7.5, "7", [7], {}, 2**63, INJECTION, '7\nexecutor = "shell"'],
    "token": [
        *(None, 7, "", "short", [TOKEN], TOKEN + '"', TOKEN + "\n", "a" * 5000, "\ud800", f" {TOKEN}"),
        *(f"<secret:x>{TOKEN}", f"{TOKEN}{ESCAPES}"),
    ],
    "token_expires_at": [
        *(INJECTION, 7, True, [], {}, "", "soon", "2027-01-01", "\ud800", "2027-02-30T00:00:00Z", "9" * 100_000),
        *("9999-99-99T00:00:00Z", "٢٠٢٧-01-01T00:00:00Z", "2027-01-01T00:00:00", "2027-01-01T00:00:00+99:00"),
        *("2027-01-01T00:00:00Z\n", f"2027-01-01T00:00:00Z{ESCAPES}", "0001-01-01T00:00:00+14:00"),
    ],
}
FIELDS = [(field, value) for field, values in NEVER_GIVEN.items() for value in values]


@pytest.mark.parametrize(("field", "value"), FIELDS)
@pytest.mark.parametrize("name", TELLS_OF_A_RUNNER)
def test_a_field_of_another_form_never_reaches_config_toml(name: str, field: str, value: Any) -> None:
    with attacked(CALLS[name], lambda: http(json.dumps({**CREATED, field: value}))) as server:
        said = refusal(CALLS[name], server.url)
    assert is_fit(said)
    assert server.url in said
    assert not tokens.KEPT.exists() or "keys" not in tokens.KEPT.read_text()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, "0001-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00.000Z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T02:00:00.123+02:00", "2027-01-01T00:00:00Z"),
    ],
)
@pytest.mark.parametrize("token", [TOKEN, "glrt-t1_" + "a" * 20, "glrt-AbC_d.01.1a2b3c4d5", "a1B2" * 5])
def test_what_gitlab_gives_is_taken(given: str | None, kept: str, token: str) -> None:
    runner = {"id": 2**40, "token": token, "token_expires_at": given, "unknown": [{}]}
    with attacked(CALLS["verify"], lambda: http(json.dumps(runner))) as server:
        made = make(CALLS["verify"], server.url)
    assert made["token_expires_at"] == kept
    read = tomllib.loads("".join(f"{key} = {value}\n" for key, value in made.items()))
    assert (read["id"], read["token"]) == (2**40, token)


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_token_follows_a_redirect(call: Call, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    with answering_server(usual) as elsewhere:
        for to in (f"{elsewhere.url}/x", f"ftp://{ESCAPES[:-2]}", "https://127.0.0.1:1/", "/again"):
            with attacked(call, lambda to=to: http("", status, f"Location: {to}")) as server:
                _, said = outcome(call, server.url)
            said += capsys.readouterr().out
            assert f"leads elsewhere ({status} to " in said
            assert is_fit(said)
        assert elsewhere.asked == []


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_errors_text_is_quoted_short_and_fit_for_a_terminal(
    call: Call, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"{TOKEN} {ACCESS} {REGISTRATION} {ESCAPES}" + "long" * 10_000
    with attacked(call, lambda: http(json.dumps({"message": {"a": [text]}, "error": text}), status)) as server:
        _, said = outcome(call, server.url)
    assert is_fit(said)
    assert is_fit(capsys.readouterr().out)


def test_an_answer_without_end_costs_neither_memory_nor_time() -> None:
    with attacked(CALLS["verify"], NO_ANSWERS["no end"]) as server:
        tracemalloc.start()
        began = time.monotonic()
        assert "longer than 1048576 bytes" in refusal(CALLS["verify"], server.url)
        assert time.monotonic() - began < 10
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
        tracemalloc.stop()


def test_an_answer_that_comes_in_drops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlab_api, "_SECONDS", 0.5)
    pause = Event()

    def drops() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        while not pause.wait(0.05):
            yield b" "

    with attacked(CALLS["verify"], drops) as server:
        began = time.monotonic()
        assert "did not answer the manager within" in refusal(CALLS["verify"], server.url)
        assert time.monotonic() - began < 10
        pause.set()


def test_a_list_without_end_is_given_up_and_the_runner_is_created(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(created, "_LOOK_SECONDS", 0.2)
    page = [{"id": number, "description": "another"} for number in range(1, 101)]
    with attacked(CALLS["list"], lambda: http(json.dumps(page))) as server:
        assert make(CALLS["list"], server.url)["id"] == "7"
    assert re.search(rf"can't be looked through.*note holds {ATTEMPT} may be", capsys.readouterr().out)
