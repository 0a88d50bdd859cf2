"""Stand-in for pulumi-aws: EC2 key pairs made from a given public key."""

from ..access import Access
from ..errors import unless_gone
from ..naming import with_prefix
from ..properties import Properties
from .base import Resource, retag, tag_map, tagged


class KeyPair(Resource):
    kind = "aws:ec2/keyPair:KeyPair"
    carries_out = frozenset({"publicKey", "keyName", "keyNamePrefix", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        name = inputs.get("keyName") or with_prefix(inputs.get("keyNamePrefix", "terraform-"))
        with self.doing(f"importing EC2 Key Pair ({name})"):
            aws.client("ec2").import_key_pair(
                KeyName=name, PublicKeyMaterial=inputs["publicKey"].encode(), **tagged("key-pair", inputs)
            )
        return str(name)

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("ec2").describe_key_pairs(KeyNames=[identity]))
        if answer is None:
            return None
        pair = answer["KeyPairs"][0]
        return {
            "arn": aws.arn("ec2", f"key-pair/{identity}"),
            "fingerprint": pair["KeyFingerprint"],
            "keyName": identity,
            "keyNamePrefix": known.get("keyNamePrefix") or "",
            "keyPairId": pair["KeyPairId"],
            "keyType": pair["KeyType"],
            "tags": tag_map(pair),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        retag(aws, olds["keyPairId"], olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 Key Pair ({identity})"):
            aws.client("ec2").delete_key_pair(KeyName=identity)
