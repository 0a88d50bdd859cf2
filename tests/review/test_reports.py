"""GitLab's reports are of the forms that GitLab documents."""

import json
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from prometheus_client.openmetrics import parser

from review.bill import bill_of
from review.changes import Changes, Diagnostic
from review.policy import POLICIES, verdicts
from review.reports import codequality, junit, metrics, terraform

from .recorded import MARKET, changes, row, with_machines

FILE = PurePosixPath("infra/Pulumi.local.yaml")
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^./]"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format: paths without ./ before them."""


def families_of(text: str) -> list[Any]:
    return list(parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("case", "counts"),
    [
        ("same", {"create": 0, "update": 0, "delete": 0}),
        ("limit", {"create": 0, "update": 1, "delete": 0}),
        ("manager", {"create": 2, "update": 7, "delete": 2}),
        ("network", {"create": 15, "update": 9, "delete": 15}),
    ],
)
def test_the_terraform_report_counts(case: str, counts: dict[str, int]) -> None:
    assert json.loads(terraform(changes(case))) == counts


def test_each_mistake_stands_at_its_line_of_the_stack_file() -> None:
    issues = json.loads(codequality(changes("errors"), FILE))

    jsonschema.validate(issues, CODE_QUALITY)
    assert [(issue["severity"], issue["location"]["path"]) for issue in issues] == [("critical", str(FILE))] * 2
    assert [issue["description"] for issue in issues] == [
        "local: gitlab-runner-aws:pools[0].limit = -9: must be at least 1",
        "local: gitlab-runner-aws:pools[0].limitt: unknown; did you mean `limit`?",
    ]
    assert all(issue["location"]["lines"]["begin"] > 1 for issue in issues)


def test_a_warning_stands_at_its_line_too() -> None:
    (issue,) = json.loads(codequality(changes("cap"), FILE))

    assert (issue["severity"], issue["check_name"]) == ("minor", "preview-warning")
    assert issue["location"]["lines"]["begin"] > 1
    assert "is under today's spot price" in issue["description"]


def test_what_names_no_line_is_about_the_file_and_fingerprints_stay_when_lines_move() -> None:
    def of(text: str, stack: str = "dev") -> dict[str, object]:
        said = (Diagnostic("error", text),)
        (issue,) = json.loads(codequality(Changes("p", stack, diagnostics=said), PurePosixPath("Pulumi.dev.yaml")))
        jsonschema.validate([issue], CODE_QUALITY)
        return dict(issue)

    assert of("AWS says no")["location"] == {"path": "Pulumi.dev.yaml", "lines": {"begin": 1}}
    moved = [of(f"Pulumi.dev.yaml:{line}: a: b")["fingerprint"] for line in (3, 4)]
    assert moved[0] == moved[1] != of("Pulumi.dev.yaml:3: a: c")["fingerprint"]
    assert of("AWS says no", "dev")["fingerprint"] != of("AWS says no", "prod")["fingerprint"]


@pytest.mark.parametrize(
    ("file", "path"),
    [("Pulumi.dev.yaml", "infra/Pulumi.dev.yaml"), ("shared.yaml", "infra/shared.yaml"), ("../all.yml", "all.yml")],
)
def test_a_file_that_the_stack_file_extends_is_named_itself(file: str, path: str) -> None:
    said = (Diagnostic("warning", f"{file}:3: a: b"),)
    (issue,) = json.loads(codequality(Changes("p", "dev", diagnostics=said), PurePosixPath("infra/Pulumi.dev.yaml")))

    assert issue["location"] == {"path": path, "lines": {"begin": 3}}


def test_the_metrics_are_openmetrics_with_costs_and_machines_before_and_after() -> None:
    changed = with_machines(changes("limit"), [row("local", 5, 10)], [row("local", 9, 20)])
    text = metrics(changed, bill_of(changed, MARKET))
    families = {family.name: family for family in families_of(text)}

    def values(name: str) -> dict[str, float]:
        return {each.labels["at"]: each.value for each in families[f"gitlab_runner_aws_{name}"].samples}

    assert {family.type for family in families.values()} == {"gauge"}
    assert values("machines_at_most") == {"before": 5, "after": 9}
    assert values("worst_case_cost_per_month") == {"before": 365, "after": 657}
    assert values("expected_cost_per_month") == {"before": 4.35, "after": 8.69}
    cost = families["gitlab_runner_aws_worst_case_cost_per_month"].samples[0]
    assert (cost.labels["stack"], cost.labels["currency"]) == ("local", "USD")


def test_a_metric_of_which_a_price_is_not_known_says_that_it_may_be_more() -> None:
    changed = with_machines(
        changes("first"), [row("local", 5, 10)], [row("local", 5, 10), row("arm", 1, type_="t9.huge")]
    )
    families = {family.name: family for family in families_of(metrics(changed, bill_of(changed, MARKET)))}

    worst = families["gitlab_runner_aws_worst_case_cost_per_month"].samples
    assert [(each.labels["at"], each.labels.get("at_least"), each.value) for each in worst] == [
        ("before", None, 365),
        ("after", "true", 365),
    ]
    assert all("at_least" not in each.labels for each in families["gitlab_runner_aws_machines_at_most"].samples)


def test_metrics_that_are_not_known_are_left_out() -> None:
    changed = with_machines(changes("first"), None, [row("local", 5, type_="t9.huge")])
    families = families_of(metrics(changed, bill_of(changed, MARKET)))

    assert [(family.name, [each.labels["at"] for each in family.samples]) for family in families] == [
        ("gitlab_runner_aws_machines_at_most", ["after"])
    ]
    assert families_of(metrics(changed, None)) == []


def test_the_junit_report_has_the_preview_and_each_policy_as_a_case() -> None:
    changed = changes("manager")
    suite = ET.fromstring(junit(changed, verdicts(changed, None, enforced=POLICIES, labels=[])))  # noqa: S314 - ours
    failed = {case.get("name"): failure.get("message") for case in suite for failure in case}

    assert [case.get("name") for case in suite] == ["the preview succeeds", *POLICIES]
    assert failed == {"manager-replacement": "the manager is replaced, or goes"}
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")


def test_the_junit_report_of_a_failed_preview_holds_what_was_wrong() -> None:
    suite = ET.fromstring(junit(changes("errors"), []))  # noqa: S314 - ours

    assert "must be at least 1" in str(suite[0][0].text)


def test_control_characters_and_labels_that_need_quoting_break_no_report() -> None:
    said = (Diagnostic("error", 'a\nb "c" <d> & e'),)
    changed = Changes("p", 'quo"te\\d', diagnostics=said, failed=True)
    bill = bill_of(with_machines(changed, None, [row("a", 1)]), MARKET)

    assert ET.fromstring(junit(changed, [])) is not None  # noqa: S314 - ours
    (family, *_) = families_of(metrics(changed, bill))
    assert family.samples[0].labels["stack"] == 'quo"te\\d'
    json.loads(codequality(changed, FILE))
