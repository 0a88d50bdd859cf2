"""What the tests of several files start from."""

from collections.abc import Iterator

import pytest

from .aws_stand_in import Stack, emulated_aws, stack
from .aws_stand_in_prerequisites import Prerequisites
from .booted_host import BootedHost, booted
from .services import Machine


@pytest.fixture(scope="module")
def cloud() -> Iterator[Stack]:
    """The provider, configured for an emulated account of the test module's own."""
    with emulated_aws() as url:
        yield stack(url)


@pytest.fixture(scope="module")
def given(cloud: Stack) -> Prerequisites:
    """What the recorded cases take to be there."""
    return Prerequisites(cloud)


@pytest.fixture(scope="module")
def booted_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedHost]:
    """A manager host of the test module's own."""
    with booted(tmp_path_factory.mktemp("hosts"), trace=True) as host:
        yield host


@pytest.fixture
def machine(booted_host: BootedHost, request: pytest.FixtureRequest) -> Machine:
    """The host, with a name for the units of this test alone."""
    return Machine(booted_host, f"s{abs(hash(request.node.name))}")
