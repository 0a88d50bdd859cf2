"""The engine's events are read whole, and nothing of a secret comes out of them."""

import dataclasses
import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from review.changes import OUTPUTS, Changes, changes_of
from review.events import UNKNOWN, UnreadableEventsError, plain, read_events
from review.note import note
from review.policy import POLICIES, verdicts
from review.reports import codequality, junit, metrics, terraform

from .record import CASES, EVENTS, PLANTED
from .recorded import changes

RUNNER = "urn:pulumi:local::p::gitlab-runner-aws:index:AutoscalingRunner$gitlab-runner-aws:index:Registration"
URN = f"{RUNNER}$command:remote:Command::runner-registration-config"
STACK_URN = "urn:pulumi:local::p::pulumi:pulumi:Stack::p-local"


def events(tmp_path: Path, *lines: Any) -> Path:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return file


def step(op: str, new: Any, old: Any = None, **more: Any) -> dict[str, Any]:
    states = {name: None if each is None else {"custom": True, **each} for name, each in (("old", old), ("new", new))}
    metadata = {"op": op, "urn": URN, "type": "command:remote:Command", **states, **more}
    return {"resourcePreEvent": {"metadata": metadata}}


def of(*lines: Any) -> Changes:
    return changes_of(lines, project="p", stack="local")


def everything(changed: Changes) -> str:
    """All texts that are made of a preview."""
    judged = verdicts(changed, None, enforced=POLICIES, labels=[])
    made = [note(changed, None, judged), terraform(changed), metrics(changed, None), junit(changed, judged)]
    return "\n".join(
        [*made, codequality(changed, PurePosixPath("Pulumi.local.yaml")), repr(dataclasses.asdict(changed))]
    )


@pytest.mark.parametrize(
    ("case", "counts"),
    [
        ("same", {}),
        ("limit", {"update": 1}),
        ("cap", {"update": 3}),
        ("manager", {"replace": 1, "delete": 1, "update": 7, "create": 1}),
        ("network", {"replace": 15, "update": 9}),
        ("bucket", {"delete": 6, "update": 2}),
        ("secret", {"update": 3}),
        ("errors", {}),
    ],
)
def test_each_recorded_preview_is_counted_as_the_engine_does(case: str, counts: dict[str, int]) -> None:
    changed = changes(case)
    summary = next(event["summaryEvent"] for event in read_events(EVENTS / f"{case}.jsonl") if "summaryEvent" in event)

    assert {op: count for op, count in changed.counts.items() if count and op != "same"} == counts
    # The engine counts components as well, of which one goes with the bucket.
    engines = {op: count for op, count in summary["resourceChanges"].items() if op != "same"}
    assert engines == {**counts, **({"delete": 7} if case == "bucket" else {})}
    assert changed.failed == (case == "errors")
    assert changed.nothing == (case == "same")
    assert not changed.first


def test_a_first_preview_creates_all_and_shows_the_config_that_will_be() -> None:
    changed = changes("first")
    (config,) = changed.configs

    assert changed.first
    assert config.before is None
    assert config.after
    assert f"amazonec2-vpc-id={UNKNOWN}" in config.after
    assert config.after.endswith("\n")
    assert "# end of config.toml" not in config.after


def test_a_replacement_names_what_it_is_for_with_both_values() -> None:
    vpc = next(each for each in changes("network").doing("replace") if each.name == "runner-network-vpc")
    (cidr,) = vpc.properties

    assert dataclasses.astuple(cidr) == ("cidrBlock", True, "10.0.0.0/16", "10.1.0.0/16", "")


def test_a_replacement_for_a_trigger_is_known_by_its_detailed_difference() -> None:
    life = next(each for each in changes("manager").doing("replace"))

    assert [(each.path, each.of) for each in life.properties if each.replaces] == [
        ("triggers[0]", "runner-manager-instance")
    ]


@pytest.mark.parametrize("case", CASES)
def test_no_recorded_secret_comes_out(case: str) -> None:
    text = everything(changes(case))

    assert PLANTED not in text
    assert "glrt-" not in text
    assert "ciphertext" not in text


def test_a_secret_that_the_engine_would_show_goes_no_further() -> None:
    secret, token = "hunter2-hunter2", "glpat-0123456789abcdefghij"
    connection = {"host": "203.0.113.1", "privateKey": secret}
    created = {"inputs": {"connection": connection, "environment": {"KEY": secret}, "stdin": f"key = {token!r}\nend\n"}}
    changed = of(
        step("update", created, {"inputs": {"stdin": ""}}, diffs=["connection", "environment.KEY"], detailedDiff=None),
        {"diagnosticEvent": {"severity": "error", "message": f"refused {token} of https://me:{secret}@example.com"}},
        {
            "resOutputsEvent": {
                "metadata": {
                    "op": "same",
                    "urn": STACK_URN,
                    "type": "pulumi:pulumi:Stack",
                    "old": None,
                    "new": {"outputs": {"password": secret, "machines": []}},
                }
            }
        },
        {"preludeEvent": {"config": {"aws:region": "eu-central-1", "aws:secretKey": secret}}},
    )
    text = everything(changed)

    assert secret not in text
    assert token not in text
    assert "connection" in text
    assert {*changed.outputs_after} <= OUTPUTS


def test_a_secret_config_is_told_as_one() -> None:
    mark = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "c2VjcmV0"}
    changed = of(step("update", {"inputs": {"stdin": mark}}, {"inputs": {"stdin": mark}}, diffs=["stdin"]))

    assert plain({"a": [mark]}) == {"a": ["[secret]"]}
    assert "It is a secret as a whole, and so not shown." in note(changed, None, [])
    assert "c2VjcmV0" not in everything(changed)


def test_a_preview_that_ended_early_has_failed(tmp_path: Path) -> None:
    # The engine was stopped in the middle of a line.
    file = events(tmp_path, step("create", {"inputs": {}}), '{"resourcePreEvent": {"meta')

    assert changes_of(read_events(file), project="p", stack="local").failed


def test_no_event_at_all_is_a_failed_preview(tmp_path: Path) -> None:
    assert changes_of(read_events(events(tmp_path)), project="p", stack="local").failed


def test_a_policy_pack_speaks_as_the_program_does() -> None:
    said = {"message": "<{%reset%}>buckets need a lock<{%reset%}>\n", "policyName": "lock", "resourceUrn": URN}
    changed = of(
        {"policyEvent": {**said, "enforcementLevel": "mandatory"}},
        {"policyEvent": {**said, "enforcementLevel": "advisory"}},
    )

    assert changed.of("error") == changed.of("warning") == ("policy lock: buckets need a lock",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["no JSON", "{}"], "events.jsonl:1: is not valid JSON; give the file of --event-log as it is"),
        (["{}", "3"], "events.jsonl:2: is not an event; give the file of --event-log as it is"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UnreadableEventsError) as refused:
        list(read_events(events(tmp_path, *lines)))

    assert str(refused.value).endswith(message)


def test_a_file_that_is_not_there_is_told_with_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableEventsError, match=r"can't be read.*PULUMI_DEBUG_COMMANDS=true.*--event-log"):
        list(read_events(tmp_path / "none.jsonl"))
