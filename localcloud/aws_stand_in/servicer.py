"""Stand-in for pulumi-aws 7.51.1: the gRPC service that the Pulumi engine talks to."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2
from typing_extensions import override

from . import configuration, lifecycle, outputs
from .access import Access
from .diff import Change
from .errors import ProviderError
from .lookups import LOOKUPS
from .naming import AUTO_NAMES, named_by_user
from .parameters import SECRET_RESULTS
from .properties import Properties, from_struct, to_struct, without_nulls
from .recording import behaviour


class AwsProviderStandIn(provider_pb2_grpc.ResourceProviderServicer):
    """Answers for one launch of the plugin."""

    def __init__(self) -> None:
        self._access: Access | None = None

    @property
    def _aws(self) -> Access:
        if self._access is None:
            raise ProviderError("the provider is not configured")
        return self._access

    @override
    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @override
    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=version("pulumi-aws"))

    @override
    def GetSchema(self, request: Any, context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema="{}")

    @override
    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @override
    def CheckConfig(self, request: Any, context: Any) -> Any:
        given, _ = from_struct(request.news)
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(configuration.failures(given)))

    @override
    def DiffConfig(self, request: Any, context: Any) -> Any:
        olds, _ = from_struct(request.old_inputs if request.HasField("old_inputs") else request.olds)
        news, _ = from_struct(request.news)
        changed = [key for key in sorted(olds.keys() | news.keys()) if olds.get(key) != news.get(key)]
        response = provider_pb2.DiffResponse
        return response(changes=response.DIFF_SOME if changed else response.DIFF_NONE, diffs=changed)

    @override
    def Configure(self, request: Any, context: Any) -> Any:
        given: Properties = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        if request.HasField("args"):
            given, _ = from_struct(request.args)
        with _errors_of(context):
            access = Access(configuration.settings(given))
            configuration.check_account(given, access)
            self._access = access
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @override
    def Invoke(self, request: Any, context: Any) -> Any:
        arguments, secrets = from_struct(request.args)
        with _errors_of(context):
            if request.tok not in LOOKUPS:
                raise ProviderError(f"unrecognized data function (Invoke): {request.tok}; the aws stand-in lacks it")
            result = LOOKUPS[request.tok](self._aws, arguments)
        hidden = secrets | SECRET_RESULTS if request.tok == "aws:ssm/getParameter:getParameter" else secrets
        response = provider_pb2.InvokeResponse()
        # The field is called as one of Python's keywords.
        getattr(response, "return").CopyFrom(to_struct(without_nulls(result), hidden))
        return response

    @override
    def Check(self, request: Any, context: Any) -> Any:
        news, _ = from_struct(request.news)
        olds, _ = from_struct(request.olds)
        with _errors_of(context):
            name = request.urn.rpartition("::")[2]
            added, refused = lifecycle.check(_token(request.urn), name, news, olds, request.randomSeed)
        inputs = to_struct(added)
        # Copied and not rebuilt, so that what is secret stays so at every level.
        for key, value in request.news.fields.items():
            if key not in added:
                inputs.fields[key].CopyFrom(value)
        return provider_pb2.CheckResponse(inputs=inputs, failures=_failures(refused))

    @override
    def Diff(self, request: Any, context: Any) -> Any:
        old_inputs, _ = from_struct(request.old_inputs)
        olds, _ = from_struct(request.olds)
        news, _ = from_struct(request.news)
        token = _token(request.urn)
        with _errors_of(context):
            found = lifecycle.diff(self._aws, token, old_inputs, olds, news)
        return _diff_response(found, same_name=named_by_user(token, news))

    @override
    def Create(self, request: Any, context: Any) -> Any:
        inputs, secrets = from_struct(request.properties)
        token = _token(request.urn)
        if request.preview:
            with _errors_of(context):
                shown = outputs.previewed(token, self._aws, inputs)
            return provider_pb2.CreateResponse(properties=to_struct(shown, _secret_outputs(token, secrets)))
        with _errors_of(context, request.properties):
            made = lifecycle.create(self._aws, token, inputs)
        return provider_pb2.CreateResponse(
            id=made.identity, properties=to_struct(made.outputs, _secret_outputs(token, secrets))
        )

    @override
    def Read(self, request: Any, context: Any) -> Any:
        known, secret_outputs = from_struct(request.properties)
        inputs, secret_inputs = from_struct(request.inputs)
        token = _token(request.urn)
        with _errors_of(context):
            found = lifecycle.read(self._aws, token, request.id, known, inputs)
        if found is None:
            return provider_pb2.ReadResponse()
        secrets = secret_outputs | _secret_outputs(token, secret_inputs)
        return provider_pb2.ReadResponse(
            id=found.identity,
            properties=to_struct(found.outputs, secrets),
            inputs=to_struct(found.inputs, secret_inputs),
        )

    @override
    def Update(self, request: Any, context: Any) -> Any:
        olds, _ = from_struct(request.olds)
        old_inputs, _ = from_struct(request.old_inputs)
        news, secrets = from_struct(request.news)
        token = _token(request.urn)
        with _errors_of(context):
            if request.preview:
                shown = outputs.preview_of_update(token, self._aws, olds, old_inputs, news)
            else:
                shown = lifecycle.update(self._aws, token, request.id, olds, news).outputs
        return provider_pb2.UpdateResponse(properties=to_struct(shown, _secret_outputs(token, secrets)))

    @override
    def Delete(self, request: Any, context: Any) -> Any:
        olds, _ = from_struct(request.properties)
        with _errors_of(context):
            lifecycle.delete(self._aws, _token(request.urn), request.id, olds, request.timeout)
        return empty_pb2.Empty()


def _token(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _failures(refused: Iterable[tuple[str, str]]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in refused]


def _secret_outputs(token: str, secret_inputs: frozenset[str]) -> frozenset[str]:
    tags = {"tagsAll"} if "tags" in secret_inputs else set[str]()
    return secret_inputs | tags | behaviour(token).secret_outputs


def _diff_response(found: list[Change], same_name: bool) -> Any:
    response, detail = provider_pb2.DiffResponse, provider_pb2.PropertyDiff
    replaces = [change for change in found if change.replaces]
    renamed = {auto.property for auto in AUTO_NAMES.values()} & {change.key for change in replaces}
    return response(
        changes=response.DIFF_SOME if found else response.DIFF_NONE,
        diffs=sorted({change.key for change in found}),
        replaces=[change.path for change in replaces],
        # Two of the same name can't exist at once; an automatic name differs in each.
        deleteBeforeReplace=bool(replaces) and same_name and not renamed,
        hasDetailedDiff=True,
        detailedDiff={
            change.path: detail(
                kind=detail.Kind.Value(change.kind.value + ("_REPLACE" if change.replaces else "")),
                inputDiff=change.of_inputs,
            )
            for change in found
        },
    )


@contextmanager
def _errors_of(context: Any, properties: Any = None) -> Iterator[None]:
    """Answer the engine with the error's text; with what was made, when a creation of `properties` failed partway."""
    try:
        yield
    except lifecycle.PartlyCreatedError as error:
        partly = provider_pb2.ErrorResourceInitFailed(
            id=error.identity, properties=properties, inputs=properties, reasons=[str(error)]
        )
        detail = any_pb2.Any()
        detail.Pack(partly)
        code = grpc.StatusCode.UNKNOWN.value[0]
        status = status_pb2.Status(code=code, message=str(error), details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
    except ProviderError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
