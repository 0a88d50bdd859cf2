"""The stand-in for pulumi-gitlab treats a runner as its documentation says, in the GitLab stand-in; no recording."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub, add_ResourceProviderServicer_to_server

from localcloud.gitlab_provider_stand_in import GitLabProviderStandIn
from localcloud.gitlab_stand_in import GitLabStandIn

from .gitlab_client import Answer, Client

URN = "urn:pulumi:dev::p::gitlab:index/userRunner:UserRunner::linux"
ACCESS = "glpat-a-person-who-may"
GROUP = {"runnerType": "group_type", "groupId": 5, "tagLists": ["linux"], "untagged": True}


@dataclass
class Provider:
    stub: ResourceProviderStub
    gitlab: GitLabStandIn

    def call(self, name: str, request: Any, **fields: Any) -> Any:
        return getattr(self.stub, name)(json_format.ParseDict(fields, request()))

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        return Client(self.gitlab).api(method, path, body, {"Private-Token": ACCESS})

    def create(self, **inputs: Any) -> Any:
        return self.call("Create", provider_pb2.CreateRequest, urn=URN, properties=inputs)

    def diff(self, old: dict[str, Any], new: dict[str, Any]) -> Any:
        return self.call("Diff", provider_pb2.DiffRequest, urn=URN, oldInputs=old, news=new)


@pytest.fixture
def provider() -> Iterator[Provider]:
    gitlab = GitLabStandIn(access_tokens={ACCESS: frozenset({"api"})})
    gitlab.start()
    server = grpc.server(ThreadPoolExecutor(2))
    add_ResourceProviderServicer_to_server(GitLabProviderStandIn(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        made = Provider(ResourceProviderStub(channel), gitlab)
        settings = {"baseUrl": f"{gitlab.url}/api/v4/", "token": ACCESS}
        made.call("Configure", provider_pb2.ConfigureRequest, args=settings)
        yield made
    server.stop(None).wait()
    gitlab.close()


def test_a_runner_is_made_changed_and_deleted_and_its_token_is_secret(provider: Provider) -> None:
    made = provider.create(**GROUP)
    token = json_format.MessageToDict(made)["properties"]["token"]
    assert rpc.is_rpc_secret(token)
    assert provider.ask("POST", "runners/verify", {"token": token["value"], "system_id": "s_1"}).status == 200
    assert [str(each["id"]) for each in provider.ask("GET", "groups/5/runners").body] == [made.id]

    olds = json_format.MessageToDict(made.properties)
    changed = {**GROUP, "paused": True, "tagLists": ["arm"]}
    answer = provider.call("Update", provider_pb2.UpdateRequest, urn=URN, id=made.id, olds=olds, news=changed)
    assert json_format.MessageToDict(answer.properties)["token"] == token
    shown = provider.ask("GET", f"runners/{made.id}").body
    assert (shown["paused"], shown["tag_list"]) == (True, ["arm"])

    provider.call("Delete", provider_pb2.DeleteRequest, urn=URN, id=made.id, properties=olds)
    assert provider.ask("GET", f"runners/{made.id}").status == 404


def test_another_owner_replaces_a_runner_and_another_tag_does_not(provider: Provider) -> None:
    assert [*provider.diff(GROUP, {**GROUP, "groupId": 6}).replaces] == ["groupId"]
    changed = provider.diff(GROUP, {**GROUP, "tagLists": ["arm"]})
    assert (changed.changes, [*changed.replaces]) == (provider_pb2.DiffResponse.DIFF_SOME, [])


def test_what_gitlab_refuses_fails_with_its_answer(provider: Provider) -> None:
    with pytest.raises(grpc.RpcError, match=r"POST http\S+/api/v4/user/runners: 400 .*group_id"):
        provider.create(runnerType="group_type")


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"runnerType": "my_type"}, "must be one of instance_type, group_type, project_type"),
        ({"runnerType": "instance_type", "tagList": ["a"]}, "unknown property tagList"),
    ],
)
def test_wrong_inputs_are_refused(provider: Provider, inputs: dict[str, Any], reason: str) -> None:
    answer = provider.call("Check", provider_pb2.CheckRequest, urn=URN, news=inputs)
    assert [reason in failure.reason for failure in answer.failures] == [True]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"baseUrl": "https://gitlab.example.com/api/v4", "token": "t"}, "must end with a slash"),
        ({"baseUrl": "https://gitlab.example.com/api/v4/", "insecure": True}, "does not carry out gitlab:insecure"),
    ],
)
def test_wrong_settings_are_refused(provider: Provider, settings: dict[str, Any], reason: str) -> None:
    answer = provider.call("CheckConfig", provider_pb2.CheckRequest, news=settings)
    assert [reason in failure.reason for failure in answer.failures] == [True]
