"""A second copy of what makes this host a runner, from which files that were deleted or damaged are put back.

It lies outside of gitlab-runner's own folder, in one file that only root may read: what it holds, the tokens of created
runners among it, can't be had from anywhere else, since GitLab shows them once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..contract.constants import END
from ..host import HOME, LIVE, STAGED, StepError, load, write
from .drift import DRIFTED

COPY = Path("/var/lib/gitlab-runner-aws/copy.json")
_TEMPLATE = STAGED / "config.toml"
_PASSING = {
    STAGED / name
    for name in ("journal.cursor", "looks.json", "restart.json", "sealing.key", "upgrade.json", "watch-state.json")
}
"""What begins anew without harm, or would do harm at another time than its own."""
_LARGEST = 16 * 1024 * 1024
"""Bytes of a file; nothing of this tool's or of gitlab-runner's is near that."""


def take() -> None:
    """Keep what is there now; to be called when a step, or a look of the watch, has ended."""
    kept = _kept()
    # What is damaged would take the place of what is not.
    there = {path: text for path, text in _files() if _is_whole(path, text)}
    there.update({path: text for path, text in kept.items() if path not in there and Path(path).exists()})
    # Steps take others away, such as certificates: these go with the end of the runner's life, as does the copy.
    lasting = {path for path in kept if Path(path) == LIVE or STAGED in Path(path).parents}
    if there and there != kept and lasting <= {*there}:
        write(COPY, json.dumps(there))


def restore() -> list[str]:
    """Put back what is missing or damaged, say so, and return the paths. gitlab-runner rereads its file by itself."""
    kept = _kept()
    lost = not _TEMPLATE.exists()
    back = [path for path, text in kept.items() if _is_damaged(Path(path), text, lost)]
    for path in back:
        write(Path(path), kept[path])
    if back:
        names = ", ".join(str(Path(path).relative_to(HOME)) for path in back)
        # Not among what a step prints for whoever reads its output.
        print(f"put back from {COPY} what was deleted or damaged in {HOME}: {names}", file=sys.stderr, flush=True)
    return back


def forget() -> None:
    """Keep nothing any more: the runner's life here has ended."""
    COPY.unlink(missing_ok=True)


def _files() -> Iterator[tuple[str, str]]:
    for path in sorted(HOME.rglob("*")):
        if path in _PASSING or DRIFTED in path.parents or path.suffix == ".new" or not path.is_file():
            continue
        if path.name.startswith(".candidate") or path.stat().st_size > _LARGEST:
            continue
        try:
            yield str(path), path.read_text()
        except ValueError:
            # Not text: damaged, or somebody else's.
            continue


def _kept() -> dict[str, str]:
    try:
        found: Mapping[str, object] = load(COPY)
    except StepError:
        # It helps nobody, and is made anew.
        return {}
    return {
        path: text
        for path, text in found.items()
        if isinstance(text, str) and HOME in Path(path).parents and _is_whole(path, text)
    }


def _is_whole(path: str, text: str) -> bool:
    if path == str(_TEMPLATE):
        return text.rstrip("\n").endswith(END)
    if not path.endswith(".json"):
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_damaged(path: Path, kept: str, lost: bool) -> bool:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return True
    except ValueError:
        # What to do about the live file is a question of drift.
        return path != LIVE
    if path == _TEMPLATE:
        return not _is_whole(str(path), text)
    if path.suffix == ".json":
        return not _is_whole(str(path), text) or type(json.loads(text)) is not type(json.loads(kept))
    # A gitlab-runner that starts without a file writes one that has no runners.
    return path == LIVE and lost and "runners" in kept and "runners" not in text
