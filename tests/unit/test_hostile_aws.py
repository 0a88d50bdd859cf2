"""What answers in AWS's place is broken, another's or hostile: each call the manager makes beside each answer."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.retries.standard import (
    ThrottledRetryableChecker,
    ThrottlingStatusCodeChecker,
    TransientRetryableChecker,
)

from components.manager_tool.aws import api as aws_api
from components.manager_tool.aws import ec2_sweep
from components.manager_tool.aws.api import Aws, Credentials
from components.manager_tool.executors.docker_machine import reaper, reaping
from components.manager_tool.executors.docker_machine.folders import Folder
from components.manager_tool.gitlab import aws_token
from components.manager_tool.host import StepError
from components.manager_tool.maintenance import journal_shipping, metrics

from .hostile_answers import ESCAPES, NO_ANSWERS, PAGES, REDIRECTS
from .unhelpful_servers import Answering, answering_server, http

AWS = Aws("eu-central-1", Credentials("AKIA", "secret", "session-token"))
MEASURED = metrics.Measured({}, 0, {}, 0, 0, 0, False, 0.0, 0.0)


def _parameter(kind: str) -> str:
    return aws_token.read_token(kind, {"name": "/ci/token", "region": "eu-central-1"})


CALLS: dict[str, Callable[[], Any]] = {
    "DescribeInstances": lambda: list(ec2_sweep.instances(AWS, "vpc-1")),
    "DescribeInstances of ids": lambda: ec2_sweep.alive(AWS, ["i-0123456789abcdef0"]),
    "DescribeKeyPairs": lambda: list(ec2_sweep.key_pairs(AWS)),
    "DescribeSpotInstanceRequests": lambda: list(ec2_sweep.spot_requests(AWS, "d")),
    "DescribeVolumes": lambda: list(ec2_sweep.volumes(AWS, "d")),
    "TerminateInstances": lambda: AWS.query("ec2", "TerminateInstances", {"InstanceId.1": "i-0123456789abcdef0"}),
    "PutMetricData": lambda: metrics.send_to_cloudwatch(AWS, "d", MEASURED, 0, 0),
    "PutLogEvents": lambda: AWS.json("logs", "PutLogEvents", {}),
    "GetParameter": lambda: _parameter("tokenParameter"),
    "GetSecretValue": lambda: _parameter("tokenSecret"),
}
SWEEPS = {name: call for name, call in CALLS.items() if name.startswith("Describe")}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(aws_api, "of_instance", lambda: Credentials("AKIA", "secret"))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Answering]]:
    """Have AWS answer what a test wants: once each, and the last one from then on."""
    servers = []

    def start(*made: Callable[[], bytes | Iterator[bytes]]) -> Answering:
        left = list(made)
        server = answering_server(lambda *_: (left.pop(0) if len(left) > 1 else left[0])())
        servers.append(server)
        running = server.__enter__()
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", running.url)
        return running

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def refusal(call: Callable[[], Any]) -> str:
    """Make a call that is to fail, and return what is said of it, which is fit for a terminal."""
    with pytest.raises(StepError) as failure:
        call()
    said = str(failure.value)
    assert said.isprintable()
    assert len(said) < 5000
    return said


@pytest.mark.parametrize("answer", [*NO_ANSWERS, *PAGES])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_what_is_no_answer_of_awss_ends_in_one_clear_error(
    call: Callable[[], Any], answer: str, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_api, "_MOST_PAGE_BYTES", 1 << 20)
    answers((NO_ANSWERS | PAGES)[answer])
    assert "AWS" in refusal(call)


@pytest.mark.parametrize("call", SWEEPS.values(), ids=SWEEPS)
@pytest.mark.parametrize(
    "page",
    [
        "",
        "<html/>",
        "<DescribeImagesResponse/>",
        "<Response><Errors/></Response>",
        "<a><DescribeInstancesResponse/></a>",
    ],
)
def test_where_ec2_did_not_answer_nothing_is_concluded(call: Callable[[], Any], page: str, answers: Any) -> None:
    answers(lambda: http(page))
    assert "UnexpectedAnswer" in refusal(call)


def test_a_page_in_awss_place_makes_no_machine_look_lost(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaping, "folders", lambda: iter([Folder("runner-a-ci-1", "i-0123456789abcdef0", 0.0)]))
    answers(lambda: http("<html><body>Sign in</body></html>"))
    settings: Any = {"vpc": "vpc-1", "fleet": False, "spot": True}
    ours = reaper.Ownership("d", "workers", "worker-group", True, frozenset(), "i-1")
    refusal(lambda: reaping.look(AWS, settings, ours))


ITEM = "<{0}Id>{1}</{0}Id><{2}Time>{3}</{2}Time>"
WELL = ITEM.format("instance", "i-0123456789abcdef0", "launch", "2026-11-26T10:00:00.000Z")
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def described(items: str, more: str = "", before: str = "") -> bytes:
    found = f"<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>{more}"
    return http(f"{before}<DescribeInstancesResponse xmlns='x'>{found}</DescribeInstancesResponse>")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: described("<item/>"), id="no id"),
        pytest.param(lambda: described("<item><instanceId>i-0123</instanceId></item>"), id="no time"),
        pytest.param(lambda: described(f"<item>{WELL.replace('2026', 'soon')}</item>"), id="another time"),
        pytest.param(lambda: described(f"<item>{WELL.replace('i-01', chr(0x9B))}</item>"), id="escapes"),
        pytest.param(lambda: described(f"<item>{WELL.replace('i-01', 'i' * 1000)}</item>"), id="a long id"),
        pytest.param(lambda: described(f"<item>{WELL}</item>")[:-5] + b"12345", id="broken off"),
        pytest.param(lambda: described("", "<nextToken>again</nextToken>"), id="the same page again and again"),
        pytest.param(lambda: described("<a>" * 100_000 + "</a>" * 100_000), id="deep"),
        pytest.param(lambda: described(f"<item>{WELL}<x>&i;</x></item>", "", f"{BOMB}]>"), id="what grows"),
        pytest.param(lambda: http('<?xml version="1.0" encoding="utf-16"?><DescribeInstancesResponse/>'), id="utf-16"),
    ],
)
def test_a_list_of_another_form_is_refused_as_a_whole(answer: Callable[[], bytes], answers: Any) -> None:
    answers(lambda: described(f"<item>{WELL}</item>"))
    assert [each.id for each in CALLS["DescribeInstances"]()] == ["i-0123456789abcdef0"]
    answers(answer)
    assert "UnexpectedAnswer" in refusal(CALLS["DescribeInstances"])


@pytest.mark.parametrize("body", ["null", "[]", '"x"', "{}", '{"Parameter": null}', '{"Parameter": {"Value": null}}'])
@pytest.mark.parametrize("name", ["GetParameter", "GetSecretValue"])
def test_an_answer_without_the_token_says_where_to_put_one(name: str, body: str, answers: Any) -> None:
    answers(lambda: http(body))
    assert "/ci/token" in refusal(CALLS[name])


@pytest.mark.parametrize(
    "token", ["", 7, [], "glrt-", "glrt-short", f"glrt-{'a' * 20}{ESCAPES}", f'glrt-{"a" * 20}"\nexecutor = "shell"']
)
@pytest.mark.parametrize("name", ["GetParameter", "GetSecretValue"])
def test_a_parameter_that_can_be_no_token_is_refused_and_not_quoted(name: str, token: Any, answers: Any) -> None:
    answers(lambda: http(json.dumps({"Parameter": {"Value": token}, "SecretString": token})))
    said = refusal(CALLS[name])
    assert "holds no runner authentication token" in said
    assert "aaa" not in said


THROTTLED = [*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *TransientRetryableChecker._TRANSIENT_ERROR_CODES]
BUSY = [*TransientRetryableChecker._TRANSIENT_STATUS_CODES, *ThrottlingStatusCodeChecker._THROTTLING_STATUS_CODES]
WELL_DONE = {"query": "<TerminateInstancesResponse/>", "json": "{}"}


def refused(kind: str, code: str, status: int = 400) -> bytes:
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors></Response>"
    return http(text if kind == "query" else json.dumps({"__type": f"a#{code}", "message": "m"}), status)


@pytest.mark.parametrize("code", THROTTLED)
@pytest.mark.parametrize(("kind", "name"), [("query", "TerminateInstances"), ("json", "PutLogEvents")])
def test_what_awss_sdks_ask_again_is_asked_again(kind: str, name: str, code: str, answers: Any) -> None:
    server = answers(lambda: refused(kind, code), lambda: http(WELL_DONE[kind]))
    CALLS[name]()
    assert len(server.asked) == 2
    server = answers(lambda: refused(kind, code))
    assert code in refusal(CALLS[name])
    assert 2 < len(server.asked) < 10


@pytest.mark.parametrize("status", BUSY)
@pytest.mark.parametrize("body", ["", "<html>busy</html>", "{"])
def test_a_busy_host_is_asked_again_whatever_it_says(status: int, body: str, answers: Any) -> None:
    server = answers(lambda: http(body, status), NO_ANSWERS["nothing"], lambda: http(WELL_DONE["query"]))
    CALLS["TerminateInstances"]()
    assert len(server.asked) == 3


def test_what_is_refused_for_good_is_not_asked_again(answers: Any) -> None:
    server = answers(lambda: refused("query", "UnauthorizedOperation", 403))
    assert "UnauthorizedOperation" in refusal(CALLS["TerminateInstances"])
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["query", "json"])
def test_the_text_of_a_refusal_is_cut_and_fit_for_a_terminal(kind: str, answers: Any) -> None:
    hidden = ESCAPES.replace("\x1b", "").replace("\x07", "").replace("\x00", "") if kind == "query" else ESCAPES
    answers(lambda: refused(kind, "X" + hidden + "long" * 100_000, 400))
    refusal(CALLS["TerminateInstances" if kind == "query" else "PutLogEvents"])


@pytest.mark.parametrize("status", REDIRECTS)
def test_no_signed_request_follows_a_redirect(status: int, answers: Any) -> None:
    with answering_server(lambda *_: http("{}")) as elsewhere:
        answers(lambda: http("", status, f"Location: {elsewhere.url}/"))
        for call in (*CALLS.values(), aws_api.instance_id):
            if call == aws_api.instance_id:
                assert call() == ""
            else:
                refusal(call)
        assert elsewhere.asked == []


KEYS = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "a/b+c", "Token": "IQoJb3Jp/+=="}
NO_KEYS: list[str] = [
    *("", "null", "[]", "{}", "<html/>", "[" * 100_000, json.dumps({**KEYS, "Token": None})),
    *(json.dumps({**KEYS, name: value}) for name in KEYS for value in ("a\r\nX-Evil: 1", "", ESCAPES, 7, "a" * 10_000)),
]


@pytest.mark.parametrize("body", NO_KEYS)
def test_keys_of_another_form_sign_nothing(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with answering_server(lambda _, path: http("role" if path.endswith("credentials/") else body)) as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        assert "the manager's instance profile gave no keys" in refusal(aws_api.of_instance)


@pytest.mark.parametrize("role", ["", "../../x", "a b", f"a{ESCAPES}", "<html>", "a" * 100])
def test_a_role_that_can_not_be_is_not_asked_for(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with answering_server(lambda *_: http(role)) as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        assert "the manager's instance profile gave no keys" in refusal(aws_api.of_instance)
    assert not any(path.endswith(("x", "aaa")) for _, path, _ in server.asked)


@pytest.mark.parametrize("answer", [*NO_ANSWERS, *PAGES])
def test_a_metadata_service_that_is_none_names_no_instance(answer: str, answers: Any) -> None:
    answers((NO_ANSWERS | PAGES)[answer])
    assert aws_api.instance_id() == ""


def test_the_journal_is_shipped_without_what_steers_a_terminal() -> None:
    fields = {"__CURSOR": "c", "__REALTIME_TIMESTAMP": "1000", "MESSAGE": f"the job said {ESCAPES}\tand more"}
    assert journal_shipping.event(fields, ()).message.replace("\t", "").isprintable()
