"""What typical deployments are made of, in full: see deployments.yaml."""

import pytest

from .deployments import cases, deployed, difference, told

CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_a_deployment_has_these_resources_and_no_others(name: str) -> None:
    made, base = deployed(CASES[name]), next(iter(CASES))
    if name != base:
        made = difference(told(CASES[base]), made)
    assert made == told(CASES[name])
