"""Copies of this checkout, as a clone of it would be."""

import shutil
import subprocess
from pathlib import Path

from localcloud.cloud import ROOT


def copy_checkout(folder: Path) -> None:
    """Copy what a clone would have, uncommitted changes included."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in filter(lambda name: (ROOT / name).is_file(), names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
