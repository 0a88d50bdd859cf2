"""The stand-in for the plugin, led through the recorded steps, behind a proxy that writes down what it asks of AWS."""

import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from localcloud import host_program_archives as archives
from localcloud.host_programs.gitlab_runner_stand_in.plugin_process import PluginProcess
from localcloud.host_programs.gitlab_runner_stand_in.provisioner import RUNNING, Instance, Intervals, Provisioner

from .emulated_fleet import REGION, until
from .stand_in_programs import PROGRAMS

POLL = "DescribeAutoScalingGroups"
ENVIRONMENT = {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
_OURS = ("AWS_", "HOME", "FLEETING_")
_QUICK = Intervals(update=0.5, expecting=0.1, deletion_retry=2.0, shutdown_deletion=0.1, shutdown_retries=3)

Call = dict[str, Any]


@contextmanager
def recorded_calls(url: str) -> Iterator[tuple[str, list[Call]]]:
    """A proxy in front of an emulated AWS: its URL, and the calls so far in the recording's form."""
    calls: list[Call] = []
    behind = urlsplit(url).netloc

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            connection = HTTPConnection(behind)
            connection.request("POST", self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            content = response.read()
            connection.close()
            calls.append(_call(dict(self.headers.items()), body.decode(), response.status))
            self.send_response(response.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}", calls
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def _call(headers: Mapping[str, str], body: str, status: int) -> Call:
    service = headers["Authorization"].partition("Credential=")[2].split("/")[3]
    target = {name.lower(): value for name, value in headers.items()}.get("x-amz-target")
    if target:
        return {"service": service, "action": target.partition(".")[2], "status": status, "parameters": loads(body)}
    parameters = dict(parse_qsl(body, keep_blank_values=True))
    del parameters["Version"]
    return {"service": service, "action": parameters.pop("Action"), "status": status, "parameters": parameters}


def generalised(call: Mapping[str, Any]) -> Call:
    """A call without what differs from time to time: ids, keys, zones and names of groups."""
    shown: dict[str, Any] = {}
    for key, value in call["parameters"].items():
        text = re.sub(r"i-[0-9a-f]{17}|<i-\w>", "<instance>", str(value))
        text = re.sub(r"^(ssh-\S+) \S+\n$", r"\1 <base64>\n", text)
        text = {"AvailabilityZone": "<zone>", "InstanceOSUser": text}.get(key, text)
        shown[key] = re.sub(r"^open$", "pool", text)
    return {**{key: call[key] for key in ("service", "action", "status")}, "parameters": shown}


class Led:
    """One start of the plugin, by default in the version of the recorded one, and the provisioner that leads it."""

    def __init__(self, folder: Path, url: str, environment: Mapping[str, str], version: str = "0.4.0") -> None:
        program = folder / "plugin"
        if not program.exists():
            program.write_bytes(archives.fleeting_plugin_aws(PROGRAMS, version, "amd64"))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update({**kept, "HOME": str(folder), "AWS_ENDPOINT_URL": url, **environment})
        try:
            self.plugin = PluginProcess(program, "runner")
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.events: list[str] = []
        self.provisioner = Provisioner(self.plugin, _QUICK, 3, "runner")

    def start(self, connector: Mapping[str, Any], **config: Any) -> None:
        self.provisioner.start(config, connector, self._notice)

    def _notice(self, instance: Instance) -> None:
        self.events.append(f"{instance.state} cause={instance.cause}")

    def running(self) -> list[str]:
        found = list(self.provisioner.instances.values())
        return [each.identity for each in found if each.state == RUNNING and not each.removing]

    def grow(self, count: int) -> None:
        wanted = len(self.running()) + count
        self.provisioner.request(count)
        until(lambda: len(self.running()) == wanted)

    def gone(self, identity: str) -> None:
        until(lambda: identity not in self.provisioner.instances)

    def pause(self) -> None:
        """Have no cycle any more, before the one that shutting down makes."""
        self.provisioner._intervals = replace(_QUICK, update=3600.0, expecting=3600.0)
        time.sleep(1.2)

    def stop(self, *, delete: bool = False) -> None:
        if delete:
            for identity in list(self.provisioner.instances):
                self.provisioner.delete(identity)
        self.provisioner._intervals = _QUICK
        self.provisioner.shut_down(time.monotonic() + 30)
        self.plugin.kill()


def polled(calls: list[Call]) -> Callable[[], bool]:
    """A condition: the group was described again."""
    before = sum(each["action"] == POLL for each in calls)
    return lambda: sum(each["action"] == POLL for each in calls) > before + 1
