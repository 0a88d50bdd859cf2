"""The warning of the stand-in for gitlab-runner about settings that keep requests for jobs waiting.

The texts are those of `checkConfigConcurrency` in commands/multi.go of gitlab-runner 19.3.
"""

from typing import Any

import pytest

from localcloud.host_programs.gitlab_runner_stand_in import long_polling

from .pretended_fleet import entry

_ALL = """\
CONFIGURATION: Long polling issues detected.
Issues found:
  - Worker starvation bottleneck: 'concurrent' setting (2) is less than number of runners (3)
  - Request bottleneck: 2 runners have request_concurrency=1, causing job delays during long polling
  - Build limit bottleneck: 1 runners have low 'limit' settings (≤2) with request_concurrency=1
This can cause job delays matching your GitLab instance's long polling timeout.
Recommended solutions:
  1. Increase 'concurrent' to at least 4 (current: 2)
  2. Increase 'request_concurrency' to 2-4 for 2 runners currently using request_concurrency=1
  3. For 1 runners with low limits: either increase 'limit' to 5+ or increase 'request_concurrency' to 2+
Note: The 'FF_USE_ADAPTIVE_REQUEST_CONCURRENCY' feature flag can help automatically adjust request_concurrency \
based on workload.
This message will be printed each time the configuration is reloaded if the issues persist.
See documentation: https://docs.gitlab.com/runner/configuration/advanced-configuration.html#long-polling-issues"""


def warning(concurrent: int, *entries: dict[str, Any]) -> str:
    return long_polling.warning({"concurrent": concurrent, "runners": list(entries)})


def test_the_whole_text() -> None:
    entries = (entry("a", limit=2, request_concurrency=0), entry("b", limit=3, request_concurrency=1), entry("c"))

    assert warning(2, *entries) == _ALL


@pytest.mark.parametrize(
    ("concurrent", "settings", "issues"),
    [
        (9, {"request_concurrency": 2, "limit": 1}, []),
        (0, {"request_concurrency": 2}, ["Worker starvation bottleneck"]),
        (1, {"request_concurrency": 1}, ["Request bottleneck"]),
        (1, {"request_concurrency": 1, "limit": 0}, ["Request bottleneck"]),
        (1, {"request_concurrency": -3, "limit": 2}, ["Request bottleneck", "Build limit bottleneck"]),
        (1, {"request_concurrency": 1, "limit": 3}, ["Request bottleneck"]),
    ],
)
def test_each_issue_is_named_with_one_solution(concurrent: int, settings: dict[str, Any], issues: list[str]) -> None:
    lines = warning(concurrent, entry("a", **settings)).splitlines()

    assert [line.strip(" -").split(":")[0] for line in lines if line.startswith("  - ")] == issues
    assert sum(line.startswith("  ") and line.strip()[0].isdecimal() for line in lines) == len(issues)


def test_a_file_without_entries_has_none() -> None:
    assert warning(1) == ""
