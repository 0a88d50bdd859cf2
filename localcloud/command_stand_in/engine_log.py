"""Stand-in for pulumi-command: messages to the engine, which shows them beside the resource."""

from contextlib import suppress
from types import TracebackType
from typing import Self

import grpc
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.proto.engine_pb2_grpc import EngineStub


class EngineLog:
    """Sends messages about one resource; without an engine's address it sends none."""

    def __init__(self, address: str | None, urn: str) -> None:
        self._channel = grpc.insecure_channel(address) if address else None
        self._urn = urn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._channel:
            self._channel.close()

    def status(self, text: str) -> None:
        """A line that the next one replaces: on a terminal it is gone when the resource is done."""
        self._send(engine_pb2.INFO, text, ephemeral=True)

    def warning(self, text: str) -> None:
        """A line that is counted among the warnings of the deployment."""
        self._send(engine_pb2.WARNING, text)

    def error(self, text: str) -> None:
        """A line that is counted among the errors of the deployment."""
        self._send(engine_pb2.ERROR, text)

    def _send(self, severity: "engine_pb2.LogSeverity.ValueType", text: str, *, ephemeral: bool = False) -> None:
        if self._channel is None:
            return
        message = engine_pb2.LogRequest(severity=severity, message=text, urn=self._urn, ephemeral=ephemeral)
        # An engine that is on its way out no longer takes messages; the command continues.
        with suppress(grpc.RpcError):
            EngineStub(self._channel).Log(message, timeout=5)
