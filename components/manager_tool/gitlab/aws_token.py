"""The runner's token where AWS keeps it: in Systems Manager or Secrets Manager."""

from __future__ import annotations

import time

from ..aws.api import Aws, AwsError
from ..contract.documents import TokenSource
from ..host import StepError
from . import api

_PATIENT_SECONDS = 60
"""How long a new right of the manager's role may take to be in force; IAM promises none."""


def read_token(kind: str, wanted: TokenSource) -> str:
    """Read the token with the manager's own role. Raises `StepError`."""
    name, aws = wanted["name"], Aws(wanted["region"])
    deadline = time.monotonic() + _PATIENT_SECONDS
    while True:
        try:
            if kind == "tokenParameter":
                asked = {"Name": name, "WithDecryption": True}
                parameter = aws.json("ssm", "GetParameter", asked).get("Parameter")
                value = parameter.get("Value") if isinstance(parameter, dict) else None
            else:
                value = aws.json("secretsmanager", "GetSecretValue", {"SecretId": name}).get("SecretString")
            break
        except AwsError as error:
            if error.code not in ("AccessDeniedException", "AccessDenied") or time.monotonic() > deadline:
                raise StepError(f"{kind} = {name} could not be read with the manager's role: {error}") from None
            time.sleep(3)
    token = value.strip() if isinstance(value, str) else ""
    if not token.startswith("glrt-") or not api.TOKEN.fullmatch(token):
        raise StepError(f"{kind} = {name} holds no runner authentication token, which begins with glrt-; put one there")
    return token
