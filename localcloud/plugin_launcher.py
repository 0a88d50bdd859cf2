#!/usr/bin/env python3
"""What the engine starts as a plugin: asks the local cloud's process for a fresh stand-in server and prints its port.

The stand-ins live in that one process because each of them would otherwise import pulumi, gRPC and boto3 anew at every
preview. Only the standard library is imported here, for the same reason.
"""

import json
import os
import signal
import socket
import sys


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # how the engine ends a plugin: no news worth a traceback
    plugin, control, *arguments = sys.argv[1:]
    address = next((argument for argument in arguments if not argument.startswith("-")), None)
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(control)
        except OSError as error:
            print(f"the local cloud is not running ({error}); start it with: make up", file=sys.stderr)
            return 1
        request = {
            "plugin": plugin,
            "engine": address,
            "env": dict(os.environ),
        }
        # The program that a language host runs writes to this process's own output, where the engine reads it.
        socket.send_fds(connection, [json.dumps(request).encode() + b"\n"], [1, 2])
        with connection.makefile() as answers:
            print(answers.readline(), end="", flush=True)
            answers.read()  # until the engine ends this process or the local cloud stops
    return 0


if __name__ == "__main__":
    sys.exit(main())
