"""An emulated AWS that writes down what the stand-in for docker-machine asks of it."""

import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl

import boto3
from moto.server import ThreadedMotoServer

from .stand_in_programs import PROGRAMS, Program

RECORDINGS = PROGRAMS.with_name("recordings")


KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-secret"}


SPOT = ("--amazonec2-request-spot-instance", "--amazonec2-spot-price=0.05")


_VARIABLE = {"ClientToken": r"[0-9A-F-]{36}", "PublicKeyMaterial": r".{60,}|<base64 public key>"}


@dataclass
class Request:
    """One call as it went over the wire."""

    headers: dict[str, str]
    body: str
    status: int
    error: str | None

    @property
    def parameters(self) -> dict[str, str]:
        """What was sent, the action and the version included."""
        return dict(parse_qsl(self.body, keep_blank_values=True))


@dataclass
class Aws:
    """An emulated AWS behind a proxy that writes down every call, and what a machine needs there."""

    address: str
    client: Any
    vpc: str
    subnet: str
    requests: list[Request] = field(default_factory=list)

    def calls(self) -> list[dict[str, Any]]:
        """The calls in the recording's form: without the version, ids made alike, repeated calls dropped."""
        return [call for call, _ in groupby(generalised(_as_recorded(request)) for request in self.requests)]

    def actions(self) -> list[str]:
        """The names of the calls."""
        return [call["action"] for call in self.calls()]


def _as_recorded(request: Request) -> dict[str, Any]:
    parameters = request.parameters
    assert parameters.pop("Version") == "2016-11-15"
    action = parameters.pop("Action")
    call: dict[str, Any] = {"action": action, "status": request.status, "parameters": parameters}
    return {**call, "error": request.error} if request.error else call


def generalised(call: dict[str, Any]) -> dict[str, Any]:
    """A call with what differs from time to time made alike."""
    parameters = {}
    for key, value in call["parameters"].items():
        if key in _VARIABLE:
            assert re.fullmatch(_VARIABLE[key], value), key
            parameters[key] = "<any>"
        else:
            parameters[key] = re.sub(r"^(subnet|vpc|sg|i)-[0-9a-f]{17}$", r"\1-<id>", value)
    return {**call, "parameters": parameters}


@dataclass
class Moto:
    """The emulated AWS itself."""

    host: str
    port: int
    client: Any


@contextmanager
def emulated() -> Iterator[Moto]:
    """An emulated AWS with an instance profile `prof`."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    session = boto3.Session("test", "test", region_name="us-east-1")
    iam = session.client("iam", endpoint_url=f"http://{host}:{port}")
    # Its state is the process's, and so has what the tests of another file left.
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    iam.create_instance_profile(InstanceProfileName="prof")
    yield Moto(host, port, session.client("ec2", endpoint_url=f"http://{host}:{port}"))
    server.stop()


@contextmanager
def recorded(moto: Moto) -> Iterator[Aws]:
    """A new network in the emulated AWS, and a proxy in front that writes down every call."""
    host, port, ec2 = moto.host, moto.port, moto.client
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zone = {"AvailabilityZone": "us-east-1a", "CidrBlock": "10.0.0.0/24"}
    subnet = ec2.create_subnet(VpcId=vpc, **zone)["Subnet"]["SubnetId"]
    ec2.create_security_group(GroupName="workers", Description="workers", VpcId=vpc)
    requests: list[Request] = []

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            connection = HTTPConnection(host, port)
            connection.request("POST", "/", body, dict(self.headers.items()))
            response = connection.getresponse()
            content = response.read()
            connection.close()
            error = re.search(r"<Code>(.*?)</Code>", content.decode())
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append(Request(headers, body.decode(), response.status, error and error[1]))
            self.send_response(response.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
    thread.start()
    yield Aws(f"127.0.0.1:{proxy.server_address[1]}", ec2, vpc, subnet, requests)
    proxy.shutdown()
    thread.join()
    proxy.server_close()
    for key in ec2.describe_key_pairs()["KeyPairs"]:
        ec2.delete_key_pair(KeyName=key["KeyName"])


def options(aws: Aws, **changes: str | None) -> list[str]:
    """The flags of the recording, with changes; a change to None leaves the flag out."""
    chosen: dict[str, str | None] = {
        "region": "us-east-1",
        "endpoint": aws.address,
        "vpc-id": aws.vpc,
        "subnet-id": aws.subnet,
        "zone": "us-east-1a",
        "ami": "ami-03cf127a",
        "security-group": "workers",
        "tags": "k1,v1,k2,v2",
        "iam-instance-profile": "prof",
        "root-size": "30",
        "volume-type": "gp3",
        "metadata-token": "required",
        "metadata-token-response-hop-limit": "2",
        "security-group-readonly": "true",
        "use-private-address": "true",
        "insecure-transport": "true",
        **{key.replace("_", "-"): value for key, value in changes.items()},
    }
    return [f"--amazonec2-{key}={value}" for key, value in chosen.items() if value is not None]


def create(program: Program, flags: list[str], name: str = "m1", *more: str) -> Any:
    """Create a machine as gitlab-runner would, and return how that ended."""
    quiet = "--bugsnag-api-token=no-report"
    return program.run(quiet, "create", "--driver", "amazonec2", *flags, *more, name, environment=KEYS)
