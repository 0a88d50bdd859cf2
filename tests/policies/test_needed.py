"""Nothing in the policies is there for nothing: whatever is taken away or widened shows in an answer of IAM's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from components.iam.policies import Policy

from .cases import Case, cases
from .evaluator import Evaluator
from .variants import VARIANTS

Statement = dict[str, Any]
CASES = cases()


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A policy in which one statement is changed in one place."""

    name: str
    variant: str
    policy: str
    original: Statement
    changed: Statement

    def document(self) -> Policy:
        whole = VARIANTS[self.variant].policies[self.policy]
        others = [statement for statement in whole["Statement"] if statement != self.original]
        return {**whole, "Statement": [*others, self.changed]}

    def touched(self) -> list[Case]:
        """The cases that the statement may decide."""
        variant, actions = VARIANTS[self.variant], self.original["Action"]
        return [
            case
            for case in CASES
            if case.variant == variant
            and case.policy == self.policy
            and ("s3:*" in actions or any(request.action in actions for request in case.requests.values()))
        ]


def mutants() -> Iterator[Mutant]:
    """Change every statement in every way; where two variants have the same, only once."""
    seen: list[Statement] = []
    for name, variant in VARIANTS.items():
        for policy_name, policy in variant.policies.items():
            for original in policy["Statement"]:
                if variant.partition == "aws" and original not in seen:
                    seen.append(original)
                    for what, changed in _changes(original):
                        title = f"{name}: {policy_name} {original.get('Sid', '')} {what}"
                        yield Mutant(
                            name=title,
                            variant=name,
                            policy=policy_name,
                            original=original,
                            changed={**original, **changed},
                        )


def _changes(original: Statement) -> Iterator[tuple[str, Statement]]:
    for part, nothing in (("Action", "s3:ListAllMyBuckets"), ("Resource", "arn:aws:s3:::nothing")):
        for value in original.get(part, []) if isinstance(original.get(part, []), list) else [original[part]]:
            left = [other for other in original[part] if other != value] if isinstance(original[part], list) else []
            yield f"without {value}", {part: left or [nothing]}
    if original.get("Resource", ["*"]) != ["*"] and original["Effect"] == "Allow":
        yield "for every resource", {"Resource": ["*"]}
    if "Principal" in original and original["Principal"] != "*":
        yield "for everybody", {"Principal": "*"}
    for operator, keys in original.get("Condition", {}).items():
        for key in keys:
            others = {name: value for name, value in keys.items() if name != key}
            rest = {**original["Condition"], operator: others}
            condition = {name: value for name, value in rest.items() if value}
            yield f"without the condition on {key}", {"Condition": condition}


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.name) for mutant in mutants()])
def test_a_change_of_a_policy_shows(mutant: Mutant, evaluator: Evaluator) -> None:
    document = mutant.document()
    assert any(case.refused_by(evaluator, document) != case.refused for case in mutant.touched())
