"""The types of single values, as stack files have them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

from .marks import Mark
from .placeholders import check_secret

T = TypeVar("T")
INT64 = 2**63
"""TOML and gitlab-runner take whole numbers from -INT64 to INT64 - 1."""


def in_order(value: object) -> object:
    """Return a value with the keys of its tables sorted: their order in a stack file means nothing."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


def checked_by(reason: Callable[[str], str | None]) -> AfterValidator:
    """Make a validator of a function that returns what is wrong with a text, or None."""

    def validate(text: str) -> str:
        if found := reason(text):
            raise ValueError(found)
        return text

    return AfterValidator(validate)


@dataclass(frozen=True)
class Pattern:
    """Make a validator that refuses a text which does not match as a whole; schemas show the pattern too."""

    regex: str
    message: str

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.regex, text, re.ASCII):
            raise ValueError(self.message)
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, object]:
        return {**handler(schema), "pattern": f"^({self.regex})$"}


def _distinct(items: tuple[T, ...]) -> tuple[T, ...]:
    seen: set[T] = set()
    for item in items:
        if item in seen:
            raise ValueError(f"lists {item} twice; name each once")
        seen.add(item)
    return items


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        raise ValueError("must be text, such as 203.0.113.0/24")
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        meant = ip_network(value, strict=False)
    except ValueError:
        raise ValueError("is not a valid network; write it as 203.0.113.0/24") from None
    raise ValueError(f"has bits set after its prefix; the network is {meant}")


def _check_ip(value: str) -> str | None:
    try:
        ip_address(value)
    except ValueError:
        return "is not a valid IP address; write it as 10.0.0.2"
    return None


def _check_group(name: str) -> str | None:
    if re.fullmatch(r"sg-[0-9a-f]+", name):
        return "is a group's id; docker-machine wants the group's name"
    return None if name else "is not a valid security group name"


def _only_v4(value: object) -> object:
    if isinstance(value, IPv6Network):
        raise ValueError("is an IPv6 network; it must be IPv4, such as 10.0.0.0/16")
    return value


def _base_url(value: str) -> str:
    match = re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::(?P<port>\d{1,5}))?(?P<path>/[A-Za-z0-9._~/-]*)?", value)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise ValueError("is not a valid address; write it as https://gitlab.example.com, without a user or a query")
    return value.rstrip("/")


# Lists of the stack file become tuples: a frozen model with a list in it would not be frozen.
Items = Annotated[tuple[T, ...], Field(strict=False)]
SomeItems = Annotated[tuple[T, ...], Field(strict=False, min_length=1)]
DistinctItems = Annotated[tuple[T, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]

Integer = Annotated[int, Field(ge=-INT64, le=INT64 - 1)]
Natural = Annotated[int, Field(ge=0, le=INT64 - 1)]
Positive = Annotated[int, Field(ge=1, le=INT64 - 1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Gibibytes = Annotated[int, Field(ge=8, le=16384)]
Duration = Annotated[
    str,
    Pattern(
        r"0|[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+",
        "is not a valid duration; write it as 90s, 15m or 1h30m",
    ),
]
Secret = Annotated[str, checked_by(check_secret), Mark.SECRET]
"""The name of a secret that stands in for it, such as `<secret:cacheKey>`."""

HostPort = Annotated[
    str,
    Pattern(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])?(:\d{1,5})?", "is not a valid address; write it as 127.0.0.1:9252"),
]
Address = Annotated[str, checked_by(_check_ip)]
Memory = Annotated[
    str, Pattern(r"-1|\d+(\.\d+)?\s?([bkmgBKMG][bB]?)?", "is not a valid amount of memory; write it as 512m or 4g")
]
Processors = Annotated[str, Pattern(r"\d+(\.\d+)?", 'is not a valid number of CPUs; write it as "2" or "0.5"')]
ProcessorSet = Annotated[str, Pattern(r"\d+(-\d+)?(,\d+(-\d+)?)*", "is not a valid CPU set; write it as 0-3 or 0,2")]
MacAddress = Annotated[
    str, Pattern(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", "is not a valid MAC address; write it as 92:d0:c6:0a:29:33")
]
NoLess = Annotated[int, Field(ge=-1, le=INT64 - 1)]
"""A number of which -1 means no limit."""

InOrder = AfterValidator(in_order)
Texts = Annotated[dict[str, str], InOrder]
Variable = Annotated[
    str, checked_by(lambda text: None if "=" in text else "is not a valid variable; write it as NAME=value")
]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
NetworkText = Annotated[str, BeforeValidator(lambda value: str(_network(value)))]
CidrV4 = Annotated[IPv4Network, BeforeValidator(_only_v4), BeforeValidator(_network)]
ImageId = Annotated[str, Pattern(r"ami-[0-9a-f]{8,17}", "is not a valid image id; write it as ami-0123456789abcdef0")]
VpcId = Annotated[str, Pattern(r"vpc-\w+", "is not a VPC id; write it as vpc-0123456789abcdef0")]
SubnetId = Annotated[str, Pattern(r"subnet-\w+", "is not a subnet id; write it as subnet-0123456789abcdef0")]
SecurityGroupId = Annotated[
    str, Pattern(r"sg-\w+", "is not a valid security group id; write it as sg-0123456789abcdef0")
]
SecurityGroupName = Annotated[str, checked_by(_check_group)]
KmsKey = Annotated[
    str,
    Pattern(
        r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(key/|alias/)?[\w/-]+",
        "is not a valid KMS key; write its id, its ARN or alias/NAME",
    ),
]
HostName = Annotated[
    str,
    Pattern(
        r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+", "is not a valid host; write its name or IP address"
    ),
]
UserName = Annotated[str, Pattern(r"[a-z_][a-z0-9_-]{0,31}", "is not a valid Linux user name, such as ubuntu")]
Version = Annotated[
    str, Pattern(r"\d[0-9A-Za-z.+~-]*", "is not a valid version; write it as 19.3.0, without a v in front")
]
Sha256 = Annotated[str, Pattern(r"[0-9a-f]{64}", "is not a valid SHA-256 checksum: 64 characters of 0-9 and a-f")]
