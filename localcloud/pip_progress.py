"""`python localcloud/pip_progress.py FILE`: pip install of a requirements file, with a line as often as people look.

Only the standard library: it runs when nothing else is installed yet.
"""

import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_PAUSE_SECONDS = 3.0
"""pip names a package every few milliseconds, or one in a minute."""


def progress(lines: Iterable[str], wanted: int, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
    """Say of pip's output how far it is, of `wanted` packages, at most every 3 s."""
    began = last = clock()
    fetched = 0
    for line in lines:
        now = clock()
        if found := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
            fetched += 1
            if now - last < _PAUSE_SECONDS:
                continue
            text = f"{min(fetched, wanted)} of {wanted} packages found, now {found[1]}"
        elif line.startswith("Installing collected packages"):
            text = f"unpacking {line.count(',') + 1} packages"
        else:
            continue
        last = now
        yield f"[{now - began:5.1f} s] {text} ..."


def count_unpacked(ended: threading.Event) -> None:
    """Say every few seconds how many packages are unpacked: pip says nothing between the first and the last."""
    began, packages, before = time.monotonic(), Path(sysconfig.get_path("purelib")), 0
    while not ended.wait(_PAUSE_SECONDS):
        now = len([*packages.glob("*.dist-info")])
        if now != before and before:
            print(f"[{time.monotonic() - began:5.1f} s] {now} packages unpacked ...", flush=True)
        before = now


def main(file: Path) -> int:
    """Install; returns pip's exit code, having shown all that it said where that is not 0."""
    # With markers for other systems or versions, some are not for this one.
    wanted = len(re.findall(r"^[\w.-]+==[^;\n]+$", file.read_text(), re.MULTILINE))
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    process = subprocess.Popen(
        [*command, "-r", str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    said: list[str] = []

    def heard() -> Iterator[str]:
        for line in process.stdout or ():
            said.append(line)
            yield line

    ended = threading.Event()
    counting = threading.Thread(target=count_unpacked, args=(ended,))
    counting.start()
    for text in progress(heard(), wanted):
        print(text, flush=True)
    code = process.wait()
    ended.set()
    counting.join()
    if code != 0:
        print("".join(said[-40:]), end="", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
