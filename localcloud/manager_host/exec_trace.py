"""Run a command and append the arguments of every process it or its descendants execute to a log, by ptrace(2).

    python exec_trace.py LOG [--skip=N] -- argv...

The log gets one JSON array per line; the first N executions are left out. The command keeps its standard streams, its
process group, its signals and its exit status. Daemons that it leaves behind are traced on after this program ended.

Two processes do this: a tracer must live as long as its tracees, but the command's caller waits for the command alone.
So the caller sees a wrapper, which takes the command's status from a pipe, and the tracer is a process beside it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress

_SEIZE, _CONT, _LISTEN = 0x4206, 7, 0x4208
_EVENT_EXEC, _EVENT_STOP = 4, 128
_OPTIONS = 0x02 | 0x04 | 0x08 | 0x10  # report fork, vfork, clone and exec; see ptrace(2)
_WALL = 0x40000000
_STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
_FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, pid: int, data: int = 0) -> None:
    if _libc.ptrace(request, pid, None, data) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class _Tracer:
    def __init__(self, log: str, skip: int) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._skip = skip

    def run(self, main: int, report: int) -> None:
        """Trace until no process is left; write the wait status of `main` to the descriptor `report`, then close it."""
        while True:
            try:
                pid, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                return
            if os.WIFSTOPPED(status):
                with suppress(ProcessLookupError):  # killed while it was stopped
                    self._resume(pid, os.WSTOPSIG(status), status >> 16)
            elif pid == main:
                os.write(report, f"{status}\n".encode())
                os.close(report)

    def _resume(self, pid: int, signal_number: int, event: int) -> None:
        if event == _EVENT_EXEC:
            self._record(pid)
        if event == _EVENT_STOP and signal_number in _STOPPING:
            _ptrace(_LISTEN, pid)  # stopped by job control: it stays so until SIGCONT
        else:
            _ptrace(_CONT, pid, 0 if event else signal_number)

    def _record(self, pid: int) -> None:
        if self._skip:
            self._skip -= 1
            return
        with suppress(FileNotFoundError), open(f"/proc/{pid}/cmdline", "rb") as file:
            arguments = [part.decode(errors="replace") for part in file.read().split(b"\0")[:-1]]
            os.write(self._log, json.dumps(arguments).encode() + b"\n")


def _start(argv: list[str]) -> int:
    """Return the process id of the command, which is traced from its first instruction."""
    gate, opener = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        os.read(gate, 1)
        # Python ignores the first two, and under nohup the others may be ignored; a program expects the defaults.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, *_FORWARDED):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvp(argv[0], argv)
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)
    try:
        _ptrace(_SEIZE, pid, _OPTIONS)
    except OSError as error:
        os.write(2, f"can't trace {argv[0]}: {error.strerror}\n".encode())
        os.kill(pid, signal.SIGKILL)
        raise
    os.close(gate)
    os.close(opener)
    return pid


def _trace(log: str, skip: int, argv: list[str], report: int) -> None:
    tracer = _Tracer(log, skip)
    main = _start(argv)
    os.write(report, f"{main}\n".encode())
    _leave_streams_and_group()
    tracer.run(main, report)


def _leave_streams_and_group() -> None:
    """The caller waits for the ends of the command's streams and signals its group: neither is the tracer's."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.close(nothing)


def _wrap(answers: int) -> int:
    """Pass signals on to the command and end as it ends."""
    with open(answers) as lines:
        main = int(lines.readline() or 0)
        if not main:
            return 1
        for number in _FORWARDED:
            signal.signal(number, lambda received, _: _kill(main, received))
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(2):
            os.dup2(nothing, stream)
        status = int(lines.readline() or signal.SIGKILL)
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    ended_by = os.WTERMSIG(status)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ended_by != signal.SIGKILL:
        signal.signal(ended_by, signal.SIG_DFL)
    os.kill(os.getpid(), ended_by)
    return 128 + ended_by


def _kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def main(arguments: list[str]) -> int:
    split = arguments.index("--")
    log, *options = arguments[:split]
    skip = int(options[0].removeprefix("--skip=")) if options else 0
    answers, report = os.pipe()
    if os.fork() == 0:
        os.close(answers)
        try:
            _trace(log, skip, arguments[split + 1 :], report)
        finally:
            os._exit(0)
    os.close(report)
    return _wrap(answers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
