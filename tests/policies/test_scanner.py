"""A scanner that others wrote looks over every policy; what it finds is explained in `findings.yaml`, or an error."""

import functools
import importlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from components.iam.policies import Policy

from .variants import VARIANTS

EXPLAINED = yaml.load((Path(__file__).parent / "findings.yaml").read_text(), yaml.CSafeLoader)
POLICIES = {f"{name}, {kind}": policy for name, each in VARIANTS.items() for kind, policy in each.policies.items()}


@functools.cache
def scanner() -> ModuleType:
    """Import it late: all that collect the tests would wait for it. What Python warns of in it is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("parliament")


def findings(policy: Policy) -> set[str]:
    found = scanner().analyze_policy_string(json.dumps(policy), include_community_auditors=True).findings
    return {f"{finding.issue} {subject}" for finding in found for subject in _subjects(finding)}


def _subjects(finding: Any) -> Iterator[str]:
    if "type" in finding.location:
        yield finding.location["type"]
    elif "actions" in finding.location:
        yield from finding.location["actions"]
    elif isinstance(finding.detail, list):
        yield from {entry["action"] for entry in finding.detail}
    elif finding.issue == "UNKNOWN_CONDITION_FOR_ACTION":
        yield finding.detail.split()[2]
    else:
        yield finding.detail


@pytest.mark.parametrize("policy", [pytest.param(policy, id=name) for name, policy in POLICIES.items()])
def test_what_the_scanner_finds_is_explained(policy: Policy) -> None:
    assert findings(policy) - set(EXPLAINED) == set()


def test_every_explanation_has_its_finding() -> None:
    assert set().union(*map(findings, POLICIES.values())) == set(EXPLAINED)


def test_the_scanner_sees_what_is_wrong() -> None:
    misspelled = {"Effect": "Allow", "Action": "ec2:RunInstance", "Resource": "*"}
    assert findings({"Version": "2012-10-17", "Statement": [misspelled]}) - set(EXPLAINED)
