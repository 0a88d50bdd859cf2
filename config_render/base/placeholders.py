"""Secrets in config.toml: a placeholder stands for each, and the manager host puts the secret in its place.

So the text that is rendered, shown in previews and kept in the state holds none.
"""

import re

from .problems import NAMESPACE, hide

TOKEN = "token"  # noqa: S105  the setting's name
TOKEN_PLACEHOLDER = f"<secret:{TOKEN}>"
"""Stands for the runner's authentication token."""

ACCESS_KEY_ID = "awsAccessKeyId"
SECRET_ACCESS_KEY = "awsSecretAccessKey"  # noqa: S105  a name too
ACCESS_KEY_PLACEHOLDER = f"<secret:{ACCESS_KEY_ID}>"
SECRET_KEY_PLACEHOLDER = f"<secret:{SECRET_ACCESS_KEY}>"
"""Stand for the access key that the stack makes where it is asked to."""

REGISTRATION_TOKEN = "registrationToken"  # noqa: S105  likewise
ACCESS_TOKEN = "accessToken"  # noqa: S105
TOKENS = (TOKEN, REGISTRATION_TOKEN, ACCESS_TOKEN)
"""The secret settings of which one says where the runner's token comes from."""
hide(*TOKENS)

_OWN = (*TOKENS, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
_NAME = r"[A-Za-z][A-Za-z0-9_]{0,63}"
_PLACEHOLDER = re.compile(f"<secret:({_NAME})>")
_BEGINNING = "<secret:"


def is_secret_name(name: str) -> bool:
    """Return whether a further secret, beside the token, may be called so."""
    return name not in _OWN and re.fullmatch(_NAME, name) is not None


def secret_names(text: str) -> list[str]:
    """List the names of the secrets that `text` has placeholders for."""
    return _PLACEHOLDER.findall(text)


def check_placeholders(text: str) -> str | None:
    """Return what is wrong with the placeholders in `text`, or None. Those in it may be any number."""
    if len(secret_names(text)) != text.count(_BEGINNING):
        return "holds a placeholder that can't be read; write it as <secret:NAME>, NAME being letters, digits and _"
    if TOKEN in secret_names(text):
        return f"holds {TOKEN_PLACEHOLDER}, in whose place the runner's token would be put; leave it out"
    return None


def check_secret(text: str) -> str | None:
    """Return why `text` can't stand where config.toml has a secret, or None. Never quotes it."""
    if _PLACEHOLDER.fullmatch(text):
        return None
    return (
        "is a secret that config.toml and previews would show; write <secret:NAME> here, and set it with: "
        f"pulumi config set --secret --path {NAMESPACE}:secrets.NAME"
    )
