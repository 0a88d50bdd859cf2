"""The formalities of the provider protocol, the same for all small stand-ins."""

from collections.abc import Mapping
from typing import NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

from .schema import Input, check
from .values import Properties, from_struct, to_struct


def resource_name(urn: str) -> str:
    """The name that the program gave to the resource."""
    return urn.split("::", 3)[3]


def resource_type(urn: str) -> str:
    """The type token of the resource itself, without those of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def fail(context: grpc.ServicerContext, text: str) -> NoReturn:
    """End the call the way Go providers do: `rpc error: code = Unknown desc = ` and the text."""
    context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort always raises")


class SimpleProvider(ResourceProviderServicer):
    """A provider without settings of its own, for the resource types of `inputs`; any other type is an error."""

    version: str
    inputs: Mapping[str, Mapping[str, Input]]

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self.version)

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        return Empty()

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        kind = resource_type(request.urn)
        if kind not in self.inputs:
            fail(context, f"unknown resource type {kind}: this stand-in has {', '.join(self.inputs)}")
        checked, failures = check(self.inputs[kind], from_struct(request.news))
        return provider_pb2.CheckResponse(
            inputs=to_struct(checked),
            failures=[provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures],
        )

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def old_inputs(self, request: provider_pb2.DiffRequest) -> Properties:
        """The inputs of the last deployment; an engine that does not send them sends the state, which holds them."""
        if request.old_inputs.fields:
            return from_struct(request.old_inputs)
        kind = self.inputs[resource_type(request.urn)]
        return {key: value for key, value in from_struct(request.olds).items() if key in kind}
