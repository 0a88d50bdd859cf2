"""The options of `docker-machine create` that MachineOptions may hold, less their leading dashes.

Names and types are those of GitLab's fork, 0.16.2-gitlab.23, the last whose source is public as a mirror.
"""

import re
from difflib import get_close_matches
from typing import Literal

Kind = Literal["string", "int", "bool", "list"]

_BY_KIND: dict[Kind, str] = {
    "string": """
        amazonec2-access-key amazonec2-secret-key amazonec2-session-token amazonec2-ami amazonec2-region
        amazonec2-vpc-id amazonec2-zone amazonec2-subnet-id amazonec2-tags amazonec2-instance-type
        amazonec2-device-name amazonec2-volume-type amazonec2-volume-kms-key amazonec2-iam-instance-profile
        amazonec2-ssh-user amazonec2-spot-price amazonec2-ssh-keypath amazonec2-keypair-name amazonec2-endpoint
        amazonec2-userdata amazonec2-metadata-token amazonec2-launch-template
        engine-install-url engine-storage-driver
    """,
    "int": """
        amazonec2-root-size amazonec2-ssh-port amazonec2-block-duration-minutes amazonec2-retries
        amazonec2-metadata-token-response-hop-limit
    """,
    "bool": """
        amazonec2-security-group-readonly amazonec2-volume-encrypted amazonec2-request-spot-instance
        amazonec2-private-address-only amazonec2-use-private-address amazonec2-monitoring
        amazonec2-use-ebs-optimized-instance amazonec2-insecure-transport amazonec2-use-fleet
    """,
    "list": """
        amazonec2-security-group amazonec2-open-port
        engine-registry-mirror engine-insecure-registry engine-opt engine-env engine-label tls-san
    """,
}

FLAGS: dict[str, Kind] = {name: kind for kind, names in _BY_KIND.items() for name in names.split()}

CKI_ONLY = frozenset({"amazonec2-use-fleet", "amazonec2-launch-template"})
"""What only the fork of the CKI project has."""

SECRETS = frozenset({"amazonec2-access-key", "amazonec2-secret-key", "amazonec2-session-token"})

# Left to this program: the first names the machine, the second is how a deployment finds its workers.
_OWN_TAGS = ("Name", "gitlab-runner-aws")
_WORDS = {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}


def check_option(option: str) -> str | None:
    """Return why docker-machine would refuse `option`, or what makes it useless here; None if it is fine.

    Quotes the option's name only: its value may be a secret.
    """
    name, equals, value = option.partition("=")
    kind = FLAGS.get(name)
    if kind is None:
        return _unknown(name)
    if name in SECRETS:
        return f"sets {name}, which config.toml would show; the manager's instance profile gives access instead"
    if name == "amazonec2-tags":
        return _check_tags(value)
    if kind == "bool":
        fits = not equals or value in _WORDS
    elif kind == "int":
        fits = re.fullmatch(r"-?[0-9]+", value) is not None
    else:
        fits = value != ""
    wanted = {"bool": "true or false", "int": "a whole number"}.get(kind, "a value")
    return None if fits else f"gives {name} no usable value; write {name}= and {wanted}"


def split_tags(value: str) -> dict[str, str]:
    """Read `key1,value1,key2,value2` as the driver does."""
    parts = value.split(",")
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _check_tags(value: str) -> str | None:
    if len(value.split(",")) % 2:
        return "gives amazonec2-tags a key without a value; write amazonec2-tags=key1,value1,key2,value2"
    for key in _OWN_TAGS:
        if key in split_tags(value):
            return f"gives amazonec2-tags the key {key}, which this program sets; leave it out"
    return None


def _unknown(name: str) -> str:
    bare = name.lstrip("-")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", bare):
        return "is no option of docker-machine; write it as amazonec2-monitoring=true"
    close = get_close_matches(bare, [flag for flag in FLAGS if flag not in SECRETS | CKI_ONLY], n=1)
    hint = f"; did you mean `{close[0]}`?" if close else "; see the options of docker-machine's amazonec2 driver"
    return f"has the unknown option {name}{hint}"
