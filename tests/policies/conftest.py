"""The evaluator, started once."""

from collections.abc import Iterator

import pytest

from .evaluator import Evaluator, running


@pytest.fixture(scope="session")
def evaluator() -> Iterator[Evaluator]:
    with running() as evaluator:
        yield evaluator
