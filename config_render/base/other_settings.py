"""The settings of a stack that no model holds: secrets, and the files that a stack file extends."""

from collections.abc import Mapping

from .placeholders import ACCESS_TOKEN, REGISTRATION_TOKEN, TOKEN, TOKENS
from .problems import NAMESPACE, hide

SECRETS = "secrets"
"""The setting that holds further secrets by their names, beside the token."""
hide(SECRETS)

EXTENDS = "extends"
"""The setting that names the files whose settings a stack file overrides."""

_SET = "set it with: pulumi config set --secret"
_TOKENS = {
    TOKEN: "The runner's authentication token",
    REGISTRATION_TOKEN: "A registration token, which GitLab has deprecated",
    ACCESS_TOKEN: "A personal, group or project access token with the scope create_runner, for createRunner",
}

OTHER_SETTINGS: Mapping[str, tuple[type, str]] = {
    **{name: (str, f"{_TOKENS[name]}; {_SET} {NAMESPACE}:{name}") for name in TOKENS},
    SECRETS: (
        dict[str, str],
        f"What <secret:NAME> stands for; set one with: pulumi config set --secret --path {NAMESPACE}:{SECRETS}.NAME",
    ),
    EXTENDS: (
        tuple[str, ...],
        "Files beside the stack file with settings that several stacks share; those of the stack file override them, "
        "and later files override earlier ones",
    ),
}
"""Their types and descriptions."""
