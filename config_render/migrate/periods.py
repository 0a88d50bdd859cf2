"""Periods as people write them, as the fields that gitlab-runner means: seven, or the five of docker-autoscaler."""

import re
from collections.abc import Callable, Iterable, Iterator

from ..base.periods import check_cron_period, check_period, five_fields
from .findings import Findings

_JOINED = re.compile(r"(?<=\S),(?=\* \* )")


def seven_fields(periods: list[object], place: str, findings: Findings) -> list[object]:
    """Return periods that `check_period` takes, and tell which others are left out."""

    def read(period: str, at: str) -> Iterator[str]:
        parts = _JOINED.split(period) if len(period.split()) > 7 else [period]
        if len(parts) > 1:
            findings.note(at, "becomes several periods: gitlab-runner reads one from each text")
        for part in parts:
            whole = _whole(part)
            if whole != part.strip():
                findings.note(at, f'becomes "{whole}": gitlab-runner counts seven fields, from seconds to years')
            if reason := check_period(whole):
                findings.left_out(at, f"it {reason}")
            else:
                yield whole

    return _read_texts(periods, place, read)


def cron_fields(periods: list[object], place: str, findings: Findings) -> list[object]:
    """Return periods that `check_cron_period` takes, and tell which others are left out."""

    def read(period: str, at: str) -> Iterator[str]:
        fields = period.replace("?", "*").split()
        written = (five_fields(" ".join(fields)) if len(fields) == 7 else None) or " ".join(fields)
        if reason := check_cron_period(written):
            findings.left_out(at, f"it {reason}")
            return
        if written.split() != period.split():
            findings.note(at, f'becomes "{written}": docker-autoscaler counts five fields, from minutes to days')
        yield written

    return _read_texts(periods, place, read)


def _read_texts(periods: list[object], place: str, read: Callable[[str, str], Iterable[str]]) -> list[object]:
    """Return what `read` makes of each text and its place, and all else as it is: the check refuses that."""
    found: list[object] = []
    for index, period in enumerate(periods):
        found += read(period, f"{place}[{index}]") if isinstance(period, str) else [period]
    return found


def _whole(period: str) -> str:
    fields = period.split()
    if len(fields) == 5:
        return f"* {period.strip()} *"
    if len(fields) == 6:  # gitlab-runner takes the sixth for the year
        return f"* {period.strip()}" if re.match(r"\*|\d{4}", fields[-1]) else f"{period.strip()} *"
    return period.strip()
