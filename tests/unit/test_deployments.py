"""What typical deployments are made of, in full: see deployments.yaml."""

import pytest

from .deployments import cases, deployed, difference

CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_a_deployment_has_these_resources_and_no_others(name: str) -> None:
    case = CASES[name]
    made = deployed(case["settings"])
    base = next(iter(CASES.values()))
    wanted = {key: value for key, value in case.items() if key not in ("deployment", "settings")}
    assert (made if case is base else difference(base, made)) == wanted
