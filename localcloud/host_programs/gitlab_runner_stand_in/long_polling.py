"""The warning at each load about settings with which requests for jobs get into each other's way.

`checkConfigConcurrency` in commands/multi.go, word by word. GitLab may hold a request for up to a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .counters import request_concurrency

_LOW_LIMIT = 2
_END = """\
Note: The 'FF_USE_ADAPTIVE_REQUEST_CONCURRENCY' feature flag can help automatically adjust request_concurrency \
based on workload.
This message will be printed each time the configuration is reloaded if the issues persist.
See documentation: \
https://docs.gitlab.com/runner/configuration/advanced-configuration.html#long-polling-issues"""


def warning(config: Mapping[str, Any]) -> str:
    """The text; empty where nothing is wrong."""
    issues = [*_too_few_workers(config), *_too_few_requests(config["runners"])]
    if not issues:
        return ""
    lines = ["CONFIGURATION: Long polling issues detected.", "Issues found:"]
    lines += [f"  - {found}" for found, _ in issues]
    lines += ["This can cause job delays matching your GitLab instance's long polling timeout."]
    lines += ["Recommended solutions:"]
    lines += [f"  {number}. {solution}" for number, (_, solution) in enumerate(issues, 1)]
    return "\n".join([*lines, _END])


def _too_few_workers(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    concurrent, entries = config["concurrent"], len(config["runners"])
    if concurrent >= entries:
        return []
    found = f"'concurrent' setting ({concurrent}) is less than number of runners ({entries})"
    return [
        (
            f"Worker starvation bottleneck: {found}",
            f"Increase 'concurrent' to at least {entries + 1} (current: {concurrent})",
        )
    ]


def _too_few_requests(entries: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    single = [entry for entry in entries if request_concurrency(entry) == 1]
    low = [entry for entry in single if 0 < entry.get("limit", 0) <= _LOW_LIMIT]
    issues = []
    if single:
        count = len(single)
        issues.append(
            (
                f"Request bottleneck: {count} runners have request_concurrency=1, "
                "causing job delays during long polling",
                f"Increase 'request_concurrency' to 2-4 for {count} runners currently using request_concurrency=1",
            )
        )
    if low:
        issues.append(
            (
                f"Build limit bottleneck: {len(low)} runners have low 'limit' settings (≤2) with request_concurrency=1",
                f"For {len(low)} runners with low limits: either increase 'limit' to 5+ "
                "or increase 'request_concurrency' to 2+",
            )
        )
    return issues
