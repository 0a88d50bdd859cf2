"""Answers about the market that are kept for an hour, so that most previews ask AWS nothing."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SECONDS = 3600
TROUBLE_SECONDS = 60
"""How long an answer that did not come in time is not waited for again."""

_FORMAT = 1
# Whose answers they are: names of zones, quotas and images differ from account to account. Only a hash is kept.
_IDENTITY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL")


@dataclass(frozen=True)
class Kept:
    """What a file holds: the answer, or why there was none."""

    answer: object = None
    trouble: str | None = None


@dataclass(frozen=True)
class MarketCache:
    """A folder with a file for each question; whatever goes wrong with it, it is as if nothing was kept."""

    folder: Path | None
    asker: str
    """Distinguishes those who may get different answers."""

    @staticmethod
    def of_user(profile: str | None, endpoints: Mapping[str, str]) -> "MarketCache":
        """Return the cache of whoever runs this program, for one profile and one cloud."""
        given = os.environ.get("XDG_CACHE_HOME", "")
        base: Path | None = Path(given)
        if not given.startswith("/"):  # as the XDG Base Directory Specification wants it
            with suppress(RuntimeError):  # no home folder
                base = Path.home() / ".cache"
        asker = json.dumps([profile, *map(os.environ.get, _IDENTITY), sorted(endpoints.items())])
        return MarketCache(base / "gitlab-runner-aws" / "market" if base and base.is_absolute() else None, asker)

    def get(self, key: object) -> Kept | None:
        """Return what is kept for a question, or None."""
        path = self._path(key)
        if path is None:
            return None
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            content = json.loads(path.read_bytes())
            age = time.time() - content["asked"]
            kept = Kept(content["answer"], content["trouble"])
            if 0 <= age < (SECONDS if kept.trouble is None else TROUBLE_SECONDS):
                return kept
        return None

    def put(self, key: object, kept: Kept) -> None:
        """Keep an answer; other programs see all of it or nothing."""
        path = self._path(key)
        if path is None:
            return
        content = {"asked": time.time(), "answer": kept.answer, "trouble": kept.trouble}
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(dir=path.parent, suffix=".new")  # with mode 0600
            with os.fdopen(handle, "w") as file:
                json.dump(content, file)
            os.replace(scratch, path)

    def _path(self, key: object) -> Path | None:
        name = hashlib.sha256(json.dumps([_FORMAT, self.asker, key]).encode()).hexdigest()[:32]
        return None if self.folder is None else self.folder / f"{name}.json"
