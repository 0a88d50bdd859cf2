"""Stand-in for pulumi-aws: the look-up of a Systems Manager parameter."""

from .access import Access
from .errors import ProviderError, doing, unless_gone
from .properties import Properties

SECRET_RESULTS = frozenset({"value"})
"""What Terraform calls sensitive, of whatever type the parameter is; a String is in the clear in `insecureValue`."""


def parameter(aws: Access, arguments: Properties) -> Properties:
    """`getParameter`. Raises ProviderError where the parameter does not exist."""
    name = arguments.get("name")
    if name is None:
        raise ProviderError('Missing required argument: The argument "name" is required, but no definition was found.')
    decrypt = arguments.get("withDecryption", True)
    ssm = aws.client("ssm")
    with doing(f"reading SSM Parameter ({name})", "SSM"):
        answer = unless_gone(lambda: ssm.get_parameter(Name=name, WithDecryption=decrypt))
    if answer is None:
        raise ProviderError(f"reading SSM Parameter ({name}): couldn't find resource")
    found = answer["Parameter"]
    return {
        "arn": found["ARN"],
        "id": name,
        "insecureValue": "" if found["Type"] == "SecureString" else found["Value"],
        "name": found["Name"],
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
        "withDecryption": decrypt,
    }
