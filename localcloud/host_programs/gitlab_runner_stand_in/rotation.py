"""The exchange of tokens that are about to expire, which a running process does by itself.

`resetOneRunnerToken` and `nextRunnerToReset` in commands/multi.go: one entry at a time, at three quarters of its
token's time. It loads the file, exchanges the token of that entry alone, and writes the file anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import credentials, settings
from .encoding import NO_TIME

_SHARE = 0.75
_TURNED_OFF = "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION"


def due(entries: Iterable[Mapping[str, Any]], now: datetime | None = None) -> str | None:
    """Return the token that is to be exchanged first, if it is time."""
    found = min(((_time(each), each["token"]) for each in entries if _expires(each)), default=None)
    return found[1] if found and found[0] <= (now or datetime.now(timezone.utc)) else None


def rotate(path: Path, token: str) -> bool:
    """Exchange a token in the file; return whether that was done. Raises `ConfigError`."""
    config = settings.load(path)
    for entry in config["runners"]:
        if entry.get("token") == token and not entry.get("feature_flags", {}).get(_TURNED_OFF):
            answer = credentials.reset(entry)
            if answer is not None:
                credentials.grant(entry, answer)
                settings.save(path, config)
                return True
            break
    return False


def _expires(entry: Mapping[str, Any]) -> bool:
    return bool(_aware(entry.get("token_expires_at", NO_TIME)) > NO_TIME)


def _time(entry: Mapping[str, Any]) -> datetime:
    obtained = _aware(entry.get("token_obtained_at", NO_TIME))
    return obtained + _SHARE * (_aware(entry["token_expires_at"]) - obtained)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
