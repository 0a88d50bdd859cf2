"""Runs commands, each in a process of its own that begins with everything imported, and says what each took.

Reads `[FOLDER, ARGUMENT, ...]` of each from a line of standard input, has what the command says in `out` and `err` of
that folder, and answers with a line: exit code, seconds of processor time, MiB of memory at most.
"""

import json
import os
import resource
import sys

from config_render.__main__ import main

_MOST_SECONDS = 30
"""Of processor time, after which the kernel ends the command."""

for line in sys.stdin:
    folder, *arguments = json.loads(line)
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in enumerate(("out", "err"), 1):
            os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.exit(main(arguments))
    _, status, used = os.wait4(child, 0)
    figures = [os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
    print(json.dumps(figures), flush=True)
