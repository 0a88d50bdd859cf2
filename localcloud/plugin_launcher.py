#!/usr/bin/env python3
"""What the engine starts as a plugin: asks the local cloud's process for a fresh stand-in server and prints its port.

The stand-ins live in that one process because each of them would otherwise import pulumi, gRPC and boto3 anew at every
preview. Only what is built into Python is imported here, for the same reason: every command of the engine starts five
of these, and `json` and `socket` take twice as long to load as Python does to start.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import os
import sys


def main() -> int:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # how the engine ends a plugin: no news worth a traceback
    plugin, control, *arguments = sys.argv[1:]
    address = next((argument for argument in arguments if not argument.startswith("-")), None)
    connection = _socket.socket(_socket.AF_UNIX)
    try:
        connection.connect(control)
    except OSError as error:
        print(f"the local cloud is not running ({error}); start it with: make up", file=sys.stderr)
        return 1
    request = ascii({"plugin": plugin, "engine": address, "env": dict(os.environ)})
    # The program that a language host runs writes to this process's own output, where the engine reads it.
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (1, 2))
    connection.sendmsg([request.encode() + b"\n"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    answer = b""
    while not answer.endswith(b"\n") and (more := connection.recv(64)):
        answer += more
    print(answer.decode(), end="", flush=True)
    connection.recv(1)  # until the engine ends this process or the local cloud stops
    return 0


if __name__ == "__main__":
    sys.exit(main())
