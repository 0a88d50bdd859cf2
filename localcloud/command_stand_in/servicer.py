"""Stand-in for pulumi-command: its calls."""

import secrets
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from ..simple_provider.differences import difference
from ..simple_provider.servicer import SimpleProvider, fail, resource_name, resource_type
from ..simple_provider.values import UNKNOWN, Properties, from_struct, plain, to_struct
from .engine_log import EngineLog
from .errors import CommandError
from .inputs import COPY, INPUTS
from .running import Running

_OUTPUTS = ("stdout", "stderr")
_ASSET_FIELDS = {"path": "", "text": "", "uri": ""}


class CommandProviderStandIn(SimpleProvider):
    """Serves one engine."""

    version = "1.2.1"
    inputs = INPUTS

    def __init__(self, engine_address: str | None = None) -> None:
        """With the engine's address, the output of commands is shown while they run."""
        self._engine_address = engine_address
        self._running = Running()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Empty:
        self._engine_address = request.address
        return Empty()

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        self._running.cancel()
        return Empty()

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        response = super().Check(request, context)
        if resource_type(request.urn) == COPY:
            response.inputs.CopyFrom(to_struct(_with_whole_asset(from_struct(response.inputs))))
        return response

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        # Only the list as a whole replaces. That a changed item does, too, is the SDK's doing (replace_on_changes).
        return difference(self.old_inputs(request), from_struct(request.news), {"triggers"})

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        properties = from_struct(request.properties)
        if resource_type(request.urn) == COPY:
            state = self._copied(request.urn, properties, request.preview, context)
            return provider_pb2.CreateResponse(id=secrets.token_hex(4), properties=to_struct(state))
        nothing_yet = dict.fromkeys(_OUTPUTS, "")
        command = properties.get("create")
        state = self._commanded(request.urn, properties, command, nothing_yet, request.preview, context)
        name = resource_name(request.urn) + secrets.token_hex(4)
        return provider_pb2.CreateResponse(id=name, properties=to_struct(state))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        olds, news = from_struct(request.olds), from_struct(request.news)
        if resource_type(request.urn) == COPY:
            moved = any(plain(olds.get(key)) != plain(news[key]) for key in ("remotePath", "source"))
            state = self._copied(request.urn, news, request.preview or not moved, context)
        else:
            previous = {key: plain(olds.get(key)) or "" for key in _OUTPUTS}
            command = news.get("update", news.get("create"))
            state = self._commanded(request.urn, news, command, previous, request.preview, context)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        state = from_struct(request.properties)
        previous = {key: plain(state.get(key)) or "" for key in _OUTPUTS}
        self._commanded(request.urn, state, state.get("delete"), previous, False, context)
        return Empty()

    def _commanded(
        self,
        urn: str,
        inputs: Properties,
        command: Any,
        previous: dict[str, str],
        preview: bool,
        context: grpc.ServicerContext,
    ) -> Properties:
        """Run `command`, if there is one, and return the state that the resource then has."""
        if preview:
            return {**inputs, **dict.fromkeys(_OUTPUTS, UNKNOWN)}
        if command is None:
            return {**inputs, **previous}
        try:
            output = self._run(urn, plain(inputs), plain(command), previous)
        except CommandError as error:
            fail(context, str(error))
        return {**inputs, **dict(zip(_OUTPUTS, output, strict=True))}

    def _run(self, urn: str, inputs: Any, command: str, previous: dict[str, str]) -> tuple[str, str]:
        # Imported at the first use: the SSH library takes longer to load than most previews last.
        from .remote_command import RemoteCommand, execute

        offered = {f"PULUMI_COMMAND_{key.upper()}": value for key, value in previous.items() if value}
        remote = RemoteCommand(
            connection=inputs["connection"],
            command=command,
            stdin=inputs.get("stdin", ""),
            environment=inputs.get("environment", {}),
            offered_environment=offered if inputs.get("addPreviousOutputInEnv", True) else {},
            logging=inputs.get("logging", "stdoutAndStderr"),
        )
        with EngineLog(self._engine_address, urn) as log:
            return self._running.wait_for(execute(remote, log))

    def _copied(self, urn: str, inputs: Properties, nothing_to_do: bool, context: grpc.ServicerContext) -> Properties:
        from .remote_copy import copy

        if not nothing_to_do:
            try:
                with EngineLog(self._engine_address, urn) as log:
                    self._running.wait_for(copy(plain(inputs), log))
            except CommandError as error:
                fail(context, str(error))
        return _with_whole_asset(inputs)


def _with_whole_asset(inputs: Properties) -> Properties:
    """Assets come with the fields that they use, and leave the provider with all of them."""
    source = inputs.get("source")
    if not isinstance(source, dict):
        return inputs
    return {**inputs, "source": {**_ASSET_FIELDS, **source}}
