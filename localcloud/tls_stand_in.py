"""Stand-in for the pulumi-tls provider 5.6.2: private keys, and nothing else of it.

Written from the documentation of that provider and of Terraform's `tls_private_key`, which it wraps, and checked
against nothing else: there is no recording of the real one.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import grpc
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from .simple_provider.differences import difference
from .simple_provider.schema import Input
from .simple_provider.servicer import SimpleProvider, fail
from .simple_provider.values import UNKNOWN, Properties, from_struct, plain, secret, to_struct

_Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_CURVES: Mapping[str, ec.EllipticCurve] = {
    "P224": ec.SECP224R1(),
    "P256": ec.SECP256R1(),
    "P384": ec.SECP384R1(),
    "P521": ec.SECP521R1(),
}
_GENERATORS: Mapping[str, Callable[[Any], _Key]] = {
    "RSA": lambda inputs: rsa.generate_private_key(65537, int(inputs["rsaBits"])),
    "ECDSA": lambda inputs: ec.generate_private_key(_CURVES[inputs["ecdsaCurve"]]),
    "ED25519": lambda _: ed25519.Ed25519PrivateKey.generate(),
}
_DEFAULTS: Properties = {"ecdsaCurve": "P224", "rsaBits": 2048}
_PRIVATE = ("privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh")
_PUBLIC = ("publicKeyPem", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")


class TlsProviderStandIn(SimpleProvider):
    """Makes keys; a change of any input replaces the key."""

    version = "5.6.2"
    inputs: Mapping[str, Mapping[str, Input]] = {
        "tls:index/privateKey:PrivateKey": {
            "algorithm": Input(str, required=True, allowed=tuple(_GENERATORS)),
            "ecdsaCurve": Input(str, allowed=tuple(_CURVES)),
            "rsaBits": Input(float),
        }
    }

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        old, new = self.old_inputs(request), from_struct(request.news)
        return difference({**_DEFAULTS, **old}, {**_DEFAULTS, **new}, {"algorithm", *_DEFAULTS})

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        inputs = {**_DEFAULTS, **from_struct(request.properties)}
        if request.preview:
            unknown = dict.fromkeys(("id", *_PRIVATE, *_PUBLIC), UNKNOWN)
            return provider_pb2.CreateResponse(properties=to_struct({**inputs, **unknown}))
        settings: Any = plain(inputs)
        key = _GENERATORS[settings["algorithm"]](settings)
        identity = hashlib.sha1(_public(key, Encoding.DER), usedforsecurity=False).hexdigest()
        state = {**inputs, **_described(key), "id": identity}
        for name in _PRIVATE:
            state[name] = secret(state[name])
        return provider_pb2.CreateResponse(id=identity, properties=to_struct(state))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        fail(context, "a private key is never updated: every change replaces it")

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Empty:
        return Empty()


def _public(key: _Key, encoding: Encoding) -> bytes:
    return key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def _private(key: _Key, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _described(key: _Key) -> dict[str, str]:
    has_older_form = not isinstance(key, ed25519.Ed25519PrivateKey)
    return {
        "privateKeyPem": _private(key, PrivateFormat.TraditionalOpenSSL if has_older_form else PrivateFormat.PKCS8),
        "privateKeyPemPkcs8": _private(key, PrivateFormat.PKCS8),
        "publicKeyPem": _public(key, Encoding.PEM).decode(),
        **_for_ssh(key),
    }


def _for_ssh(key: _Key) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1):
        # SSH knows no such keys; these outputs are documented to be empty then.
        return dict.fromkeys(("privateKeyOpenssh", *_PUBLIC[1:]), "")
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    blob = base64.b64decode(line.split()[1])
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {
        "privateKeyOpenssh": _private(key, PrivateFormat.OpenSSH),
        "publicKeyOpenssh": line.decode() + "\n",
        "publicKeyFingerprintMd5": hashlib.md5(blob, usedforsecurity=False).digest().hex(":"),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }
