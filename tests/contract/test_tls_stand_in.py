"""The stand-in for pulumi-tls makes usable keys and treats changes as its documentation says; there is no recording."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncssh
import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from google.protobuf import json_format
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub, add_ResourceProviderServicer_to_server

from localcloud.tls_stand_in import TlsProviderStandIn

TYPE = "tls:index/privateKey:PrivateKey"
PRIVATE = {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"}
FOR_SSH = {"privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"}


@pytest.fixture(scope="module")
def stub() -> Iterator[ResourceProviderStub]:
    server = grpc.server(ThreadPoolExecutor(2))
    add_ResourceProviderServicer_to_server(TlsProviderStandIn(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield ResourceProviderStub(channel)
    server.stop(None).wait()


def check(stub: ResourceProviderStub, kind: str = TYPE, **inputs: Any) -> dict[str, Any]:
    message = {"urn": f"urn:pulumi:dev::p::{kind}::key", "news": inputs}
    return json_format.MessageToDict(stub.Check(json_format.ParseDict(message, provider_pb2.CheckRequest())))


def create(stub: ResourceProviderStub, preview: bool = False, **inputs: Any) -> dict[str, Any]:
    message = {"urn": f"urn:pulumi:dev::p::{TYPE}::key", "properties": inputs, "preview": preview}
    answer = stub.Create(json_format.ParseDict(message, provider_pb2.CreateRequest()))
    assert preview or answer.id == answer.properties["id"]
    return dict(json_format.MessageToDict(answer)["properties"])


def diff(stub: ResourceProviderStub, old: dict[str, Any], new: dict[str, Any]) -> provider_pb2.DiffResponse:
    message = {"urn": f"urn:pulumi:dev::p::{TYPE}::key", "oldInputs": old, "news": new}
    answer: provider_pb2.DiffResponse = stub.Diff(json_format.ParseDict(message, provider_pb2.DiffRequest()))
    return answer


@pytest.mark.parametrize(
    ("inputs", "header", "kind"),
    [
        ({"algorithm": "ED25519"}, "PRIVATE KEY", "ssh-ed25519"),
        ({"algorithm": "RSA"}, "RSA PRIVATE KEY", "ssh-rsa"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "EC PRIVATE KEY", "ecdsa-sha2-nistp256"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P521"}, "EC PRIVATE KEY", "ecdsa-sha2-nistp521"),
    ],
)
def test_all_forms_of_a_key_belong_together(
    stub: ResourceProviderStub, inputs: dict[str, Any], header: str, kind: str
) -> None:
    state = {name: rpc.unwrap_rpc_secret(value) for name, value in create(stub, **inputs).items()}

    public = asyncssh.import_public_key(state["publicKeyOpenssh"])
    assert public.get_algorithm() == kind
    for name in PRIVATE:
        private = asyncssh.import_private_key(state[name])
        assert private.public_data == public.public_data
    numbers = load_pem_private_key(state["privateKeyPem"].encode(), None).public_key()
    assert numbers == load_pem_public_key(state["publicKeyPem"].encode())
    assert state["privateKeyPem"].startswith(f"-----BEGIN {header}-----\n")
    assert state["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert state["publicKeyFingerprintSha256"] == public.get_fingerprint("sha256")
    assert f"MD5:{state['publicKeyFingerprintMd5']}" == public.get_fingerprint("md5")
    assert state["publicKeyOpenssh"].endswith("\n")


def test_private_forms_are_secret_and_public_ones_are_not(stub: ResourceProviderStub) -> None:
    state = create(stub, algorithm="ED25519")

    assert {name for name, value in state.items() if rpc.is_rpc_secret(value)} == PRIVATE


def test_every_key_is_a_new_one(stub: ResourceProviderStub) -> None:
    first, second = create(stub, algorithm="ED25519"), create(stub, algorithm="ED25519")

    assert first["publicKeyPem"] != second["publicKeyPem"]
    assert first["id"] != second["id"]


def test_the_documented_defaults_are_part_of_the_state(stub: ResourceProviderStub) -> None:
    state = create(stub, algorithm="ED25519")

    assert (state["rsaBits"], state["ecdsaCurve"]) == (2048, "P224")


def test_a_curve_that_ssh_does_not_know_has_no_forms_for_ssh(stub: ResourceProviderStub) -> None:
    state = create(stub, algorithm="ECDSA")

    assert {rpc.unwrap_rpc_secret(state[name]) for name in FOR_SSH} == {""}
    assert load_pem_public_key(state["publicKeyPem"].encode())


def test_the_size_of_an_rsa_key_is_the_one_asked_for(stub: ResourceProviderStub) -> None:
    state = create(stub, algorithm="RSA", rsaBits=3072)

    key = load_pem_public_key(state["publicKeyPem"].encode())
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 3072


def test_a_preview_makes_no_key(stub: ResourceProviderStub) -> None:
    state = create(stub, preview=True, algorithm="ED25519")

    assert {state[name] for name in PRIVATE | FOR_SSH | {"publicKeyPem"}} == {rpc.UNKNOWN}
    assert state["algorithm"] == "ED25519"


def test_every_change_replaces_and_a_default_spelled_out_is_none(stub: ResourceProviderStub) -> None:
    old = {"algorithm": "RSA"}

    assert diff(stub, old, {"algorithm": "ED25519"}).replaces == ["algorithm"]
    assert diff(stub, old, {"algorithm": "RSA", "rsaBits": 4096}).replaces == ["rsaBits"]
    assert diff(stub, old, {"algorithm": "RSA", "rsaBits": 2048}).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_wrong_inputs_and_other_types_are_refused(stub: ResourceProviderStub) -> None:
    def refused(**inputs: Any) -> list[str]:
        return [failure["property"] for failure in check(stub, **inputs).get("failures", [])]

    assert refused(algorithm="ED25519") == []
    assert refused() == ["algorithm"]
    assert refused(algorithm="DSA") == ["algorithm"]
    assert refused(algorithm="ECDSA", ecdsaCurve="P257", bits=1) == ["bits", "ecdsaCurve"]
    with pytest.raises(grpc.RpcError, match="CertRequest"):
        check(stub, "tls:index/certRequest:CertRequest")
