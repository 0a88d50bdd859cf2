"""The stand-in for fleeting-plugin-aws as a process: a line of JSON for each call, and one for each answer.

{"call": NAME, "arguments": {...}} is answered with {"result": ...} or {"error": TEXT}, after any number of {"level":
..., "message": ..., "fields": {...}}, which are lines of its log. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from ..aws_query import AwsError
from ..program_stamp import stamp
from .aws_access import ConfigError
from .instance_group import InstanceGroup, PluginError

# github.com/hashicorp/go-plugin server.go, and internal/plugin/plugin.go of fleeting.
_COOKIE = "FLEETING_INSTANCE_GROUP_PLUGIN"
_ALONE = """This binary is a plugin. These are not meant to be executed directly.
Please execute the program that consumes these plugins, which will
load any plugins automatically"""


def main() -> None:
    """Serve until the input ends."""
    version = stamp()["version"]
    if sys.argv[1:] and sys.argv[1].lstrip("-") == "version":
        print(f"fleeting-plugin-aws {version} (a stand-in)")
        return
    if _COOKIE not in os.environ:
        print(_ALONE)
        sys.exit(1)
    group = InstanceGroup(version, _say)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer: dict[str, Any] = {"result": getattr(group, asked["call"])(**asked["arguments"])}
        except (AwsError, ConfigError, PluginError) as error:
            answer = {"error": f"rpc error: code = Unknown desc = {error}"}
        print(json.dumps(answer), flush=True)


def _say(level: str, message: str, **fields: object) -> None:
    print(json.dumps({"level": level, "message": message, "fields": fields}), flush=True)
