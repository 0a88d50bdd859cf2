"""The driver's calls and the cache's are allowed, their neighbours are not, each for what is different in it."""

import pytest

from .cases import Case, cases
from .evaluator import Evaluator


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_iam_decides(case: Case, evaluator: Evaluator) -> None:
    assert case.refused_by(evaluator, case.variant.policies[case.policy]) == case.refused
