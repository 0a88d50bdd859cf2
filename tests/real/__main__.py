"""`make real`: what the project writes, and its engine tests, against real programs instead of stand-ins.

Real programs are taken from the folder that LOCALCLOUD_REAL names, by default one in this project's cache; what is
missing there is fetched. Arguments go to pytest, for the engine tests.
"""

import os
import subprocess
import sys
from pathlib import Path

from localcloud import real_programs
from localcloud.cloud import ROOT
from localcloud.engine import EngineUnavailableError, cache_folder

from .fetch import fetch_all


def main(arguments: list[str]) -> int:
    """Fetch, test, and say in the end what could not be had; returns 0 where all is there and passes."""
    folder = Path(os.environ.get(real_programs.VARIABLE) or cache_folder() / "real").absolute()
    environment = {**os.environ, real_programs.VARIABLE: str(folder)}
    print(f"real programs: {folder}", flush=True)
    missing = fetch_all(folder, lambda text: print(text, flush=True))
    for text in missing:
        print(f"not to be had: {text}", flush=True)
    passed = _pytest({**environment, real_programs.VARIABLE: ""}, "tests/real")
    try:
        real_programs.find(environment)
    except real_programs.RealProgramError as error:
        print(error, file=sys.stderr)
        return 1
    passed = _pytest(environment, "-n", "2", "--dist", "loadfile", *(arguments or ["tests/engine"])) and passed
    for text in missing:
        print(f"not run against the real {text}\nPut it into {folder} by hand, or see docs/tested.md.", file=sys.stderr)
    return 0 if passed and not missing else 1


def _pytest(environment: dict[str, str], *arguments: str) -> bool:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except EngineUnavailableError as unavailable:
        sys.exit(str(unavailable))
