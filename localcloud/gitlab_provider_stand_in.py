"""Stand-in for the pulumi-gitlab provider 10.4.0: runners that are created for a user, and nothing else of it.

Written from the documentation of that provider, of Terraform's `gitlab_user_runner`, which it wraps, and of the calls
of GitLab's API that they name; there is no recording of the real one. It does not ask who the token's user is first, as
the real one does, and takes its address and token from its settings alone, not from the environment.
https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user, https://docs.gitlab.com/api/runners/
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from .simple_provider.differences import difference
from .simple_provider.schema import Input
from .simple_provider.servicer import SimpleProvider, fail
from .simple_provider.values import UNKNOWN, Properties, from_struct, plain, secret, to_struct

_SETTINGS = {"baseUrl": Input(str, required=True), "token": Input(str, required=True, secret=True)}
_FIXED = {"runnerType", "groupId", "projectId"}
_CALLED = {
    "runnerType": "runner_type",
    "groupId": "group_id",
    "projectId": "project_id",
    "accessLevel": "access_level",
    "description": "description",
    "locked": "locked",
    "maintenanceNote": "maintenance_note",
    "maximumTimeout": "maximum_timeout",
    "paused": "paused",
    "tagLists": "tag_list",
    "untagged": "run_untagged",
}
"""What the API calls the inputs."""


class GitLabProviderStandIn(SimpleProvider):
    """Creates runners in one GitLab; another type or owner replaces a runner, all else changes it."""

    version = "10.4.0"
    inputs: Mapping[str, Mapping[str, Input]] = {
        "gitlab:index/userRunner:UserRunner": {
            "runnerType": Input(str, required=True, allowed=("instance_type", "group_type", "project_type")),
            "groupId": Input(float),
            "projectId": Input(float),
            "accessLevel": Input(str, allowed=("not_protected", "ref_protected")),
            "description": Input(str),
            "locked": Input(bool),
            "maintenanceNote": Input(str),
            "maximumTimeout": Input(float),
            "paused": Input(bool),
            "tagLists": Input(list),
            "untagged": Input(bool),
        }
    }

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        given = {key: value for key, value in from_struct(request.news).items() if key != "version"}
        failures = [
            provider_pb2.CheckFailure(property=key, reason=f"the gitlab stand-in does not carry out gitlab:{key}")
            for key in given.keys() - _SETTINGS
        ]
        url = plain(given.get("baseUrl"))
        if url is not None and url != UNKNOWN and not str(url).endswith("/"):
            failures.append(provider_pb2.CheckFailure(property="baseUrl", reason="must end with a slash"))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        self._given: Any = plain(from_struct(request.args))
        return super().Configure(request, context)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return difference(self.old_inputs(request), from_struct(request.news), _FIXED)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        inputs = from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct({**inputs, "token": UNKNOWN}))
        made = self._call(context, "POST", "user/runners", inputs)
        state = to_struct({**inputs, "token": secret(made["token"])})
        return provider_pb2.CreateResponse(id=str(made["id"]), properties=state)

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        inputs = from_struct(request.news)
        if not request.preview:
            self._call(context, "PUT", f"runners/{request.id}", inputs)
        token = from_struct(request.olds)["token"]
        return provider_pb2.UpdateResponse(properties=to_struct({**inputs, "token": token}))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        self._call(context, "DELETE", f"runners/{request.id}", {})
        return Empty()

    def _call(self, context: grpc.ServicerContext, method: str, path: str, inputs: Properties) -> Any:
        body = {_CALLED[key]: value for key, value in plain(inputs).items()}
        request = urllib.request.Request(
            f"{self._given['baseUrl']}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Private-Token": self._given["token"]},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            fail(context, f"{method} {request.full_url}: {error.code} {error.read().decode()}")
