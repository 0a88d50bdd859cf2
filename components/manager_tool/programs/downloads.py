"""Downloading what is installed, and checking it."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from ..host import StepError, say
from ..http_client import MOST_BYTES, open_url
from ..texts import one_line

_CHUNK = 1 << 20
_SECONDS = 60
"""How long a server may be silent."""
_TRIES = 3
_MISSING = (403, 404, 410)
"""S3 answers 403 for a missing object where the bucket may not be listed."""
_SPARE = 64 << 20
_LARGEST = 2 << 30
"""Bytes; programs have some 100 MiB."""
_LONGEST_SECONDS = 3600
"""How long a download may take, however little comes at a time."""
_LONGEST_REASON = 200

T = TypeVar("T")


def fetch(url: str, missing: str) -> bytes:
    """Return what is at `url`; `missing` says what to do where there is nothing. Raises `StepError`."""
    return _asked(url, lambda answer: b"".join(_chunks(answer, MOST_BYTES)), missing)


def download(url: str, target: Path, missing: str) -> str:
    """Write what is at `url` to `target`, which is not there yet, and return its SHA-256. Raises `StepError`."""
    say(f"downloading {url}")
    return _asked(url, lambda answer: _save(answer, target), missing)


def published_checksum(url: str, file_name: str, setting: str, missing: str) -> str:
    """Return the SHA-256 that the list at `url` has for a file. Raises `StepError`."""
    lines = fetch(url, f"{missing}; where a mirror has no checksums, set {setting}.sha256")
    for line in lines.decode(errors="replace").splitlines():
        checksum, _, path = line.partition(" ")
        if path.strip(" *").split("/")[-1] == file_name and re.fullmatch("[0-9a-f]{64}", checksum):
            return checksum
    raise StepError(f"{url} names no checksum for {file_name}; set {setting}.sha256 to the one that you trust")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file; empty where there is none."""
    if not path.exists():
        return ""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def require_space(folder: Path, size: int) -> None:
    """Raise `StepError` unless a file system has room for so many bytes, and some to spare."""
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    if free < size + _SPARE:
        raise StepError(
            f"{folder} has {free >> 20} MiB left, needed are {(size + _SPARE) >> 20} MiB; remove what is not needed "
            "there, or raise manager.rootSize and enlarge the file system"
        )


def _asked(url: str, take: Callable[[http.client.HTTPResponse], T], missing: str) -> T:
    reason = ""
    for attempt in range(_TRIES):
        if attempt:
            say(f"{url}: {reason}; trying again ({attempt + 1} of {_TRIES})")
            time.sleep(2.0**attempt)
        try:
            with open_url(url, _SECONDS) as answer:
                return take(answer)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _MISSING:
                raise StepError(f"{url} does not exist (HTTP {error.code}); {missing}") from None
            reason = f"HTTP {error.code}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = str(getattr(error, "reason", error)).strip() or type(error).__name__
            reason = one_line(said, _LONGEST_REASON)
    raise StepError(f"{url} could not be downloaded: {reason}; check that the manager gets there, or name a mirror")


def _length(answer: http.client.HTTPResponse) -> int:
    told = answer.headers.get("Content-Length") or "0"
    return int(told) if re.fullmatch("[0-9]{1,19}", told) else 0


def _chunks(answer: http.client.HTTPResponse, most: int) -> Iterator[bytes]:
    size, received = _length(answer), 0
    deadline = time.monotonic() + _LONGEST_SECONDS
    try:
        # What has come so far, so that the deadline is looked at where it is little.
        while chunk := answer.read1(_CHUNK):
            received += len(chunk)
            if received > most or time.monotonic() > deadline:
                raise http.client.HTTPException(f"it is longer than {most} bytes, or takes {_LONGEST_SECONDS} s")
            yield chunk
    except OSError as error:
        # Of another kind, so that it is not taken for an error of the disk.
        raise http.client.HTTPException(str(error)) from error
    if received < size:
        raise http.client.HTTPException(f"it broke off after {received} of {size} bytes")


def _save(answer: http.client.HTTPResponse, target: Path) -> str:
    # The program is copied into its place later, by default on the same file system.
    require_space(target.parent, 2 * _length(answer))
    total = hashlib.sha256()
    try:
        with target.open("wb") as file:
            for chunk in _chunks(answer, _LARGEST):
                total.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StepError(f"{target} could not be written: {error.strerror}") from error
    return total.hexdigest()
