"""Thousands of hostile inputs: a clear refusal or a file that reads back with known keys alone; no crash, no hang."""

import resource
import time
from pathlib import Path

import pytest

from .hostile import run

SEED = 20261124


@pytest.mark.parametrize("count", [500, pytest.param(5_000, marks=pytest.mark.slow)])
def test_hostile_settings_and_files_are_refused_or_rendered_right(count: int, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    outcome = run(count, SEED, tmp_path)

    assert outcome.total() == count
    assert min(outcome["refused"], outcome["rendered"], outcome["no settings file"]) > count // 10
    assert time.process_time() - started < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024, "KiB"
