"""Ten thousand hostile inputs: a clear refusal or a file that reads back with known keys alone; no crash, no hang."""

import resource
import time
from pathlib import Path

from .hostile import run

COUNT, SEED = 10_000, 20261124


def test_hostile_settings_and_files_are_refused_or_rendered_right(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    outcome = run(COUNT, SEED, tmp_path)

    assert outcome.total() == COUNT
    assert min(outcome["refused"], outcome["rendered"], outcome["no settings file"]) > COUNT // 10
    assert time.monotonic() - started < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024, "KiB"
