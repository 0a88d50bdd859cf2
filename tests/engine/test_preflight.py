"""What a preview says of prices and offers, and what it refuses."""

import pytest

from localcloud import control

from .conftest import Deployment


@pytest.fixture
def cheap(deployment: Deployment) -> Deployment:
    """A stack whose cap is under today's price."""
    deployment.pool["spot"] = {"maxPrice": 0.04}
    deployment.configure()
    return deployment


def test_a_preview_shows_what_machines_may_cost_and_warns_of_a_cap_that_is_too_low(cheap: Deployment) -> None:
    shown = cheap.run("preview").stdout

    assert "what the machines may cost" in shown
    (row,) = [line.split() for line in shown.splitlines() if line.split()[:2] == ["local", "eu-central-1a"]]
    assert row == [
        "local",
        "eu-central-1a",
        "m5.large",
        "0.0400",
        "0.0400",
        "0.0450",
        "0.0500",
        "25",
        "%",
        "0.1000",
        "5",
        "$0.200",
    ]
    assert "spot.maxPrice = 0.04: is under today's spot price of m5.large, 0.045 in eu-central-1a" in shown


def test_strict_makes_an_error_of_it_before_anything_is_created(cheap: Deployment) -> None:
    cheap.config["gitlab-runner-aws:preflight"] = "strict"
    cheap.configure()
    failed = cheap.up(check=False)

    assert failed.returncode != 0
    assert "1 error in the settings; nothing was changed:" in failed.stdout + failed.stderr
    assert control.leftovers(cheap.cloud) == []


def test_a_type_that_the_zone_has_not_is_an_error_of_every_preview(deployment: Deployment) -> None:
    deployment.pool["instanceTypes"] = ["m5.large", "m9z.large"]
    deployment.configure()
    failed = deployment.run("preview", check=False)

    assert failed.returncode != 0
    assert "instanceTypes[1] = m9z.large: is not offered in eu-central-1a" in failed.stdout + failed.stderr


def test_nothing_is_asked_when_it_is_off(cheap: Deployment) -> None:
    cheap.config["gitlab-runner-aws:preflight"] = "off"
    cheap.configure()
    shown = cheap.run("preview").stdout

    assert "what the machines may cost" not in shown
    assert "today's spot price" not in shown
