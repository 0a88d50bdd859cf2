"""What a merge request's job fails on, and the labels that allow it."""

import pytest

from review.bill import bill_of
from review.changes import Changes, Resource
from review.policy import CAP, MANAGER, POLICIES, STATE, UnknownPolicyError, verdicts

from .recorded import MARKET, changes, row, with_machines


def against(changed: Changes, *labels: str, enforced: tuple[str, ...] = POLICIES) -> list[str]:
    """The policies on which the job fails."""
    judged = verdicts(changed, bill_of(changed, MARKET), enforced=enforced, labels=labels)
    return [verdict.policy for verdict in judged if verdict.fails]


def going(name: str, type_: str, op: str = "replace") -> Changes:
    return Changes("p", "dev", (Resource("urn", type_, name, op),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "fails"),
    [
        ("first", []),
        ("same", []),
        ("limit", []),
        ("manager", [MANAGER]),
        ("network", [MANAGER]),
        ("bucket", [STATE]),
        ("errors", []),
    ],
)
def test_recorded_previews_are_judged(case: str, fails: list[str]) -> None:
    assert against(changes(case)) == fails


@pytest.mark.parametrize(
    ("changed", "fails"),
    [
        (going("runner-manager-instance", "aws:ec2/instance:Instance"), [MANAGER]),
        (going("runner-manager-instance-arm64", "aws:ec2/instance:Instance", "delete"), [MANAGER]),
        (going("runner-registration-life", "command:remote:Command"), [MANAGER]),
        (going("runner-manager-instance", "aws:ec2/instance:Instance", "update"), []),
        (going("mine-manager-instance-of-mine", "aws:ec2/instance:Instance"), []),
        (going("runner-watch-spot", "aws:cloudwatch/logGroup:LogGroup", "delete"), [STATE]),
        (going("runner-manager-address", "aws:ec2/eip:Eip"), [STATE]),
        (going("runner-cache-bucket", "aws:s3/bucket:Bucket", "update"), []),
    ],
)
def test_what_goes_is_judged_by_what_it_is(changed: Changes, fails: list[str]) -> None:
    assert against(changed) == fails


def test_a_cap_under_todays_price_fails_and_one_above_does_not() -> None:
    low, high = row("low", 5, cap=0.04), row("high", 5, cap=0.05)
    changed = with_machines(changes("limit"), [high], [low, high])
    (verdict,) = [
        each for each in verdicts(changed, bill_of(changed, MARKET), enforced=POLICIES, labels=[]) if each.fails
    ]

    assert verdict.policy == CAP
    assert verdict.reasons == (
        "pool low: its spot.maxPrice, 0.04, is under today's price of m5.large in eu-central-1a, 0.045, so that AWS "
        "starts none; raise it, or take another zone or type",
    )
    assert against(with_machines(changes("limit"), [low], [high])) == []


def test_a_label_allows_what_its_policy_forbids_and_nothing_else() -> None:
    assert against(changes("manager"), "bug", "allow-manager-replacement") == []
    assert against(changes("manager"), "allow-state-loss", "manager-replacement") == [MANAGER]


def test_only_policies_that_count_count() -> None:
    assert against(changes("manager"), enforced=(STATE, CAP)) == []
    assert against(changes("manager"), enforced=()) == []


def test_a_policy_that_is_none_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UnknownPolicyError) as refused:
        against(changes("same"), enforced=("manager", STATE))

    assert str(refused.value) == (
        "policies: manager is none; there are manager-replacement, state-loss, cap-under-market, and the empty text "
        "for none"
    )
