"""A new reader's ten minutes: `python -m tests.docs.ten_minutes`.

Does what the README says, in a fresh clone of the last commit, and prints each command with the time that it took. What
needs an AWS account and a GitLab runs against a local cloud; `make test` stands for a small part of the tests.
"""

import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from localcloud.cloud import ROOT, LocalCloud

from .blocks import blocks_of
from .workshop import Workshop, script_of

_TIMING = """
begin() { command=$1 started=${EPOCHREALTIME/./}; }
end() { printf '%s %s\\n' $((${EPOCHREALTIME/./} - started)) "$command" >> "$TIMES"; }
"""


def commands_of(script: str) -> Iterator[str]:
    """The commands of a script; those that continue in the next line as one."""
    lines = script.replace("\\\n", " ").splitlines()
    return (line for line in lines if line.strip() and not line.startswith("#"))


def timed(script: str) -> str:
    """The script, telling each command's time."""
    steps = [f"begin {shlex.quote(command)}\n{command}\nend" for command in commands_of(script)]
    return "\n".join([_TIMING, *steps, ""])


def main() -> int:
    """Run all and say how long it took; returns the exit code."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cloud = LocalCloud.start(folder / "cloud")
        try:
            begun = time.monotonic()
            clone = ["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), str(folder / "gitlab-runner-aws")]
            subprocess.run(clone, check=True)
            print(f"{time.monotonic() - begun:7.1f} s  git clone ...", flush=True)
            workshop = Workshop.create(cloud, folder / "gitlab-runner-aws", fresh=True)
            page = [b for b in blocks_of((ROOT / "README.md").read_text(), "README.md") if b.language == "sh"]
            done = workshop.shell(timed(script_of([b for b in page if b.not_run is None], cloud)), "README", 3600)
            for line in (folder / "times").read_text().splitlines():
                microseconds, _, command = line.partition(" ")
                print(f"{int(microseconds) / 1e6:7.1f} s  {command}")
            workshop.shell("pulumi destroy --skip-preview")
        finally:
            cloud.stop()
        print(f"{time.monotonic() - started:7.1f} s  in all", flush=True)
        if done.returncode:
            print(done.stdout[-3000:], file=sys.stderr)
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
