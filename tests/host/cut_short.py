"""Run a Python program and end it at the N-th change that it is about to make.

    cut_short.py SIGNAL N PROGRAM ARGUMENT...

With SIGHUP, as sshd sends it when the link is cut, the whole process group ends; with SIGKILL the program alone.
"""

import os
import runpy
import signal
import sys
from typing import Any

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.kill", "subprocess.Popen"}


def main() -> None:
    number, count = signal.Signals[sys.argv[1]], int(sys.argv[2])
    # Changes nothing: bytecode would be one more file, and another count at the second run.
    sys.dont_write_bytecode = True
    program = os.path.realpath(sys.argv[3])
    sys.argv = [program, *sys.argv[4:]]
    sys.path.insert(0, os.path.dirname(program))
    changes = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or writes:
            changes += 1
            if changes == count:
                os.kill(0 if number == signal.SIGHUP else os.getpid(), number)

    sys.addaudithook(watch)
    runpy.run_path(program, run_name="__main__")


main()
