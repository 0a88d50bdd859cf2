"""The manager's right to read the runner's token where AWS keeps it."""

from collections.abc import Callable
from functools import partial

from config_render import Settings

from ..policy_parts import Place, Policy, Statement, allow, document


def reading(settings: Settings) -> Callable[[Place], Policy] | None:
    """Return what makes the policy for where the settings say that the token is; None where AWS does not keep it."""
    if settings.token_parameter is not None:
        return partial(read_parameter, settings.token_parameter)
    return partial(read_secret, settings.token_secret) if settings.token_secret is not None else None


def read_parameter(name: str, place: Place) -> Policy:
    """Return the policy that lets the manager read one parameter of AWS Systems Manager.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
    """
    arn = place.arn("ssm", f"parameter/{name.lstrip('/')}")
    return document(allow("ReadToken", ["ssm:GetParameter"], [arn]), _decrypt(place, "ssm"))


def read_secret(name: str, place: Place) -> Policy:
    """Return the policy that lets the manager read one secret of AWS Secrets Manager, given by its name or ARN.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    """
    # A secret's ARN ends with a hyphen and six characters that AWS draws.
    arn = name if name.startswith("arn:") else place.arn("secretsmanager", f"secret:{name}-??????")
    read = allow("ReadToken", ["secretsmanager:GetSecretValue"], [arn])
    return document(read, _decrypt(Place.of(arn), "secretsmanager"))


def _decrypt(place: Place, service: str) -> Statement:
    """Through the service alone: what that may be asked for bounds what the customer's keys decrypt."""
    # In China the service's name ends in .cn. AWS's own keys need no right.
    condition = {"StringLike": {"kms:ViaService": f"{service}.{place.region}.amazonaws.com*"}}
    return allow("DecryptToken", ["kms:Decrypt"], [place.arn("kms", "key/*")], condition)
