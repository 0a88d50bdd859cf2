"""The stand-in for pulumi-command behind a real gRPC connection, with a host to reach and an engine that listens."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import engine_pb2, provider_pb2
from pulumi.runtime.proto.engine_pb2_grpc import EngineServicer, add_EngineServicer_to_server
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub, add_ResourceProviderServicer_to_server

from localcloud.command_stand_in import CommandProviderStandIn

from .booted_host import BootedHost

# Go's gRPC takes error texts of up to 16 MiB, Python's only of 16 KiB unless told otherwise.
LIKE_THE_ENGINE = [("grpc.max_metadata_size", 2**24), ("grpc.absolute_max_metadata_size", 2**24)]
URN = "urn:pulumi:dev::p::command:remote:Command::it"


class Engine(EngineServicer):
    """Remembers what the provider tells the engine."""

    def __init__(self) -> None:
        self.messages: list[engine_pb2.LogRequest] = []

    def Log(  # noqa: N802 - the protocol's own name
        self, request: engine_pb2.LogRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self.messages.append(request)
        return empty_pb2.Empty()

    def texts(self, severity: int, *, ephemeral: bool = False) -> list[str]:
        return [m.message for m in self.messages if m.severity == severity and m.ephemeral == ephemeral]


class Provider:
    """The stand-in behind a real gRPC connection."""

    def __init__(self, stub: ResourceProviderStub, engine: Engine, host: BootedHost) -> None:
        self.stub, self.engine, self.host = stub, engine, host

    def connection(self, **changed: Any) -> dict[str, Any]:
        return {
            "host": self.host.address,
            "port": self.host.port,
            "user": "root",
            "privateKey": self.host.private_key,
            "hostKey": self.host.public_host_key,
            "dialErrorLimit": 0,
            **changed,
        }

    def check(self, **inputs: Any) -> dict[str, Any]:
        request = json_format.ParseDict({"urn": URN, "news": inputs}, provider_pb2.CheckRequest())
        return json_format.MessageToDict(self.stub.Check(request))

    def create(self, connection: dict[str, Any] | None = None, preview: bool = False, **inputs: Any) -> dict[str, Any]:
        checked = self.check(connection=connection or self.connection(), **inputs)["inputs"]
        request = {"urn": URN, "properties": checked, "preview": preview}
        answer = self.stub.Create(json_format.ParseDict(request, provider_pb2.CreateRequest()))
        return dict(json_format.MessageToDict(answer)["properties"])

    def update(self, old: dict[str, Any], preview: bool = False, **inputs: Any) -> dict[str, Any]:
        news = self.check(connection=self.connection(), **inputs)["inputs"]
        request = {"urn": URN, "olds": old, "news": news, "preview": preview}
        answer = self.stub.Update(json_format.ParseDict(request, provider_pb2.UpdateRequest()))
        return dict(json_format.MessageToDict(answer)["properties"])

    def failure(self, call: Callable[[], Any]) -> str:
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.UNKNOWN
        return str(caught.value.details())


@contextmanager
def served(host: BootedHost) -> Iterator[Provider]:
    """Serve one engine."""
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(8))
    port = server.add_insecure_port("127.0.0.1:0")
    add_EngineServicer_to_server(engine, server)
    servicer = CommandProviderStandIn(f"127.0.0.1:{port}")
    add_ResourceProviderServicer_to_server(servicer, server)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", LIKE_THE_ENGINE) as channel:
        yield Provider(ResourceProviderStub(channel), engine, host)
    server.stop(None).wait()
