"""What several of the AWS stand-in's tests start from."""

from collections.abc import Iterator

import pytest

from .aws_stand_in import Stack, emulated_aws, stack
from .aws_stand_in_prerequisites import Prerequisites


@pytest.fixture(scope="module")
def cloud() -> Iterator[Stack]:
    """The provider, configured for an emulated account of the test module's own."""
    with emulated_aws() as url:
        yield stack(url)


@pytest.fixture(scope="module")
def given(cloud: Stack) -> Prerequisites:
    """What the recorded cases take to be there."""
    return Prerequisites(cloud)
