"""IAM policy documents, statement by statement."""

import json
from typing import Any

import pytest

from review.statements import StatementChange, lines_of, statement_changes

READ = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::a/*"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "c2VjcmV0"}


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def changes(old: Any, new: Any, name: str = "policy") -> tuple[StatementChange, ...]:
    states = {"old": old, "new": new}
    return statement_changes({key: None if each is None else {"inputs": {name: each}} for key, each in states.items()})


def test_the_same_statements_in_another_order_are_no_change() -> None:
    other = {"Sid": "Other", "Effect": "Deny", "Action": "*", "Resource": "*"}
    turned = {**READ, "Action": [*reversed(READ["Action"])]}

    assert changes(document(READ, other), document(other, turned)) == ()


def test_a_statement_that_differs_shows_what_comes_and_goes() -> None:
    after = {**READ, "Action": ["s3:GetObject", "s3:PutObject"], "Condition": {"Bool": {"aws:SecureTransport": "true"}}}

    assert lines_of(changes(document(READ), document(after))) == [
        "  Read",
        "-   Action s3:ListBucket",
        "+   Action s3:PutObject",
        "+   Condition Bool aws:SecureTransport true",
    ]


@pytest.mark.parametrize("name", ["policy", "policyDocument", "assumeRolePolicy"])
@pytest.mark.parametrize("none", [None, document()])
def test_statements_come_and_go_whole(name: str, none: Any) -> None:
    whole = ["Read", "  Effect Allow", "  Action s3:GetObject", "  Action s3:ListBucket", "  Resource arn:aws:s3:::a/*"]

    assert lines_of(changes(none, document(READ), name)) == [f"+ {line}" for line in whole]
    assert lines_of(changes(document(READ), none, name)) == [f"- {line}" for line in whole]


def test_statements_without_a_sid_are_counted_and_principals_are_told() -> None:
    def trust(service: str) -> str:
        return json.dumps(
            {"Statement": {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}}
        )

    assert lines_of(changes(trust("ec2.amazonaws.com"), trust("ec2.amazonaws.com.cn"))) == [
        "  statement 1",
        "-   Principal Service ec2.amazonaws.com",
        "+   Principal Service ec2.amazonaws.com.cn",
    ]


def test_a_document_may_be_a_table_too() -> None:
    assert changes(json.loads(document(READ)), document(READ)) == ()


def test_a_document_that_is_not_known_yet_is_not_taken_for_an_empty_one() -> None:
    assert lines_of(changes(document(READ), UNKNOWN)) == ["  all statements", "+   (known after creation)"]


@pytest.mark.parametrize("unreadable", [SECRET, "no JSON", "3", {"Statement": [1]}, '{"Statement": "x"}', []])
def test_what_can_not_be_read_shows_nothing(unreadable: Any) -> None:
    assert changes(document(READ), unreadable) == ()
    assert changes(unreadable, document(READ)) == ()


def test_what_looks_like_a_secret_is_hidden() -> None:
    leaky = {**READ, "Condition": {"StringEquals": {"aws:UserAgent": "glpat-0123456789abcdefghij"}}}

    assert "glpat" not in repr(changes(None, document(leaky)))
    assert "(hidden)" in repr(changes(None, document(leaky)))
