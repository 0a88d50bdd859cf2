"""A fleeting plugin as a process of its own, and the calls to it: fleeting.RunPlugin.

The stand-in for the plugin is the only one that it can talk to; see `fleeting_plugin_aws_stand_in`.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from .log import say

_COOKIE = {"FLEETING_INSTANCE_GROUP_PLUGIN": "4c6410b1-cb78-4962-8c76-ab936d0ea908"}
_LEVELS = {"error": "ERROR", "warn": "WARNING"}


class PluginFailedError(Exception):
    """The plugin answered with an error, or is not there."""


class PluginProcess:
    """One running plugin; its calls are made one after the other."""

    def __init__(self, program: Path, runner: str) -> None:
        """Raises `PluginFailedError`; `runner` is the short token of whose entry it is."""
        self._runner, self._lock = runner, threading.Lock()
        try:
            self._process = subprocess.Popen(
                [str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **_COOKIE},
                text=True,
                # A signal to the service is not for the plugin.
                start_new_session=True,
            )
        except OSError as error:
            raise PluginFailedError(f"fork/exec {program}: {str(error.strerror).lower()}") from None

    def call(self, name: str, **arguments: Any) -> Any:
        """Make one call. Raises `PluginFailedError`."""
        with self._lock:
            process = self._process
            if process.stdin is None or process.stdout is None:
                raise PluginFailedError("the plugin has no standard streams")
            try:
                process.stdin.write(json.dumps({"call": name, "arguments": arguments}) + "\n")
                process.stdin.flush()
                while True:
                    answer = json.loads(process.stdout.readline())
                    if "level" not in answer:
                        break
                    say(answer["message"], _LEVELS.get(answer["level"], ""), runner=self._runner, **answer["fields"])
            except (OSError, ValueError):
                raise PluginFailedError(
                    "Unrecognized remote plugin message\nThis usually means\n  the plugin was not compiled for this "
                    "architecture, or is none"
                ) from None
        if "error" in answer:
            raise PluginFailedError(answer["error"])
        return answer["result"]

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
