"""Stand-in for pulumi-command: the inputs of its remote resources, as the SDK's classes of version 1.2.1 have them."""

from collections.abc import Mapping

from ..simple_provider.schema import Input

_ENDPOINT: Mapping[str, Input] = {
    "host": Input(str, required=True),
    "port": Input(float, default=22),
    "user": Input(str, default="root"),
    "password": Input(str, secret=True),
    "privateKey": Input(str, secret=True),
    "privateKeyPassword": Input(str, secret=True),
    "agentSocketPath": Input(str),
    "hostKey": Input(str),
    "dialErrorLimit": Input(float, default=10),
    "perDialTimeout": Input(float, default=15),
}
_CONNECTION = Input(dict, required=True, secret=True, fields={**_ENDPOINT, "proxy": Input(dict, fields=_ENDPOINT)})

COMMAND = "command:remote:Command"
COPY = "command:remote:CopyToRemote"

INPUTS: Mapping[str, Mapping[str, Input]] = {
    COMMAND: {
        "connection": _CONNECTION,
        "create": Input(str),
        "update": Input(str),
        "delete": Input(str),
        "stdin": Input(str),
        "environment": Input(dict),
        "logging": Input(str, allowed=("stdout", "stderr", "stdoutAndStderr", "none")),
        "addPreviousOutputInEnv": Input(bool),
        "triggers": Input(list),
    },
    COPY: {
        "connection": _CONNECTION,
        "source": Input(dict, required=True),
        "remotePath": Input(str, required=True),
        "triggers": Input(list),
    },
}
