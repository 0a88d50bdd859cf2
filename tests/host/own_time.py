"""Run a Python program and say on the standard error how much processor time it took itself, less what it started."""

import atexit
import os
import resource
import runpy
import sys


def say() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"own time: {used.ru_utime + used.ru_stime:.2f}", file=sys.stderr)


atexit.register(say)
program = os.path.realpath(sys.argv[1])
sys.path.insert(0, os.path.dirname(program))
sys.argv = [program, *sys.argv[2:]]
runpy.run_path(program, run_name="__main__")
