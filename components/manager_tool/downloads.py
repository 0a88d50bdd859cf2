"""Downloading what is installed, and checking it."""

from __future__ import annotations

import urllib.error
import urllib.request

from .host import StepError


def fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return bytes(answer.read())
    except (OSError, urllib.error.URLError) as error:
        raise StepError(f"{url} could not be downloaded: {error}") from error


def published_checksum(url: str, file_name: str, setting: str) -> str:
    for line in fetch(url).decode().splitlines():
        checksum, _, path = line.partition(" ")
        if path.strip(" *").split("/")[-1] == file_name:
            return checksum
    raise StepError(f"{url} names no checksum for {file_name}; set {setting} to the one that you trust")
