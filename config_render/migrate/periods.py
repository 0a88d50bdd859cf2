"""Periods as people write them, as the fields that gitlab-runner means: seven, or the five of docker-autoscaler."""

import re

from ..base.periods import check_cron_period, check_period, five_fields
from .findings import Findings

_JOINED = re.compile(r"(?<=\S),(?=\* \* )")


def seven_fields(periods: list[object], place: str, findings: Findings) -> list[object]:
    """Return periods that `check_period` takes, and tell which others are left out."""
    found: list[object] = []
    for index, period in enumerate(periods):
        at = f"{place}[{index}]"
        if not isinstance(period, str):
            found.append(period)
            continue
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
                found.append(whole)
    return found


def cron_fields(periods: list[object], place: str, findings: Findings) -> list[object]:
    """Return periods that `check_cron_period` takes, and tell which others are left out."""
    found: list[object] = []
    for index, period in enumerate(periods):
        at = f"{place}[{index}]"
        if not isinstance(period, str):
            found.append(period)
            continue
        fields = period.replace("?", "*").split()
        written = (five_fields(" ".join(fields)) if len(fields) == 7 else None) or " ".join(fields)
        if reason := check_cron_period(written):
            findings.left_out(at, f"it {reason}")
            continue
        if written.split() != period.split():
            findings.note(at, f'becomes "{written}": docker-autoscaler counts five fields, from minutes to days')
        found.append(written)
    return found


def _whole(period: str) -> str:
    fields = period.split()
    if len(fields) == 5:
        return f"* {period.strip()} *"
    if len(fields) == 6:  # gitlab-runner takes the sixth for the year
        return f"* {period.strip()}" if re.match(r"\*|\d{4}", fields[-1]) else f"{period.strip()} *"
    return period.strip()
