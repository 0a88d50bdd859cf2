"""What every table of the settings has in common, and the types of single values."""

import math
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

T = TypeVar("T")

_INT64 = 2**63


class Section(BaseModel):
    """A table of the stack file: unknown keys and values of another type are refused, nothing is converted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    refused: ClassVar[Mapping[str, str]] = {}
    """Keys that people will look for and that are not to be set here, with the reason."""

    @classmethod
    def known_keys(cls) -> list[str]:
        """List the keys as the stack file spells them."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class ConfigTable(Section):
    """A table of config.toml. A field's alias is the key, spelled as GitLab's reference spells it.

    https://docs.gitlab.com/runner/configuration/advanced-configuration/
    """

    extra: dict[str, Any] = Field(
        default_factory=dict,
        description="Keys that gitlab-runner knows and these settings do not; written as they stand",
    )

    @field_validator("extra")
    @classmethod
    def _check_extra(cls, extra: dict[str, Any]) -> dict[str, Any]:
        # gitlab-runner matches keys without regard to case, so `Limit` would be a second `limit`.
        taken = {key.lower(): key for key in [*cls.known_keys(), *cls.refused]}
        for key, value in extra.items():
            if key.lower() in taken:
                raise ValueError(f"holds `{taken[key.lower()]}`, which is no extra key; set it outside of extra")
            if not _fits_toml(value):
                raise ValueError(f"holds `{key}`, whose value can't be written to TOML (null, or not a number)")
        return extra

    def table(self, level: "type[ConfigTable] | None" = None) -> dict[str, Any]:
        """Return the keys that are set, as config.toml has them, the extra ones last.

        `level` is the base class to take the keys of, where a model adds settings of ours to a table of GitLab's.
        """
        result: dict[str, Any] = {}
        for name, field in (level or type(self)).model_fields.items():
            value = getattr(self, name)
            if name != "extra" and value is not None:
                result[field.alias or name] = _plain(value)
        return {**result, **_plain(self.extra)}


def _plain(value: Any) -> Any:
    if isinstance(value, ConfigTable):
        return value.table()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _fits_toml(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _fits_toml(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_fits_toml(item) for item in value)
    if isinstance(value, bool | str):
        return True
    if isinstance(value, int):
        return -_INT64 <= value < _INT64
    return isinstance(value, float) and math.isfinite(value)


def checked_by(reason: Callable[[str], str | None]) -> AfterValidator:
    """Make a validator of a function that returns what is wrong with a text, or None."""

    def validate(text: str) -> str:
        if found := reason(text):
            raise ValueError(found)
        return text

    return AfterValidator(validate)


def pattern(regex: str, message: str) -> AfterValidator:
    """Refuse a text that does not match as a whole."""
    return checked_by(lambda text: None if re.fullmatch(regex, text, re.ASCII) else message)


def _distinct(items: tuple[T, ...]) -> tuple[T, ...]:
    twice = [item for position, item in enumerate(items) if item in items[:position]]
    if twice:
        raise ValueError(f"lists {twice[0]} twice; name each once")
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
        raise ValueError("is no network; write it as 203.0.113.0/24") from None
    raise ValueError(f"has bits set after its prefix; the network is {meant}")


def _only_v4(value: object) -> object:
    if isinstance(value, IPv6Network):
        raise ValueError("is an IPv6 network; it must be IPv4, such as 10.0.0.0/16")
    return value


def _base_url(value: str) -> str:
    match = re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::(?P<port>\d{1,5}))?(?P<path>/[A-Za-z0-9._~/-]*)?", value)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise ValueError("is no address; write it as https://gitlab.example.com, without a user or a query")
    return value.rstrip("/")


# Lists of the stack file become tuples: a frozen model with a list in it would not be frozen.
Items = Annotated[tuple[T, ...], Field(strict=False)]
SomeItems = Annotated[tuple[T, ...], Field(strict=False, min_length=1)]
DistinctItems = Annotated[tuple[T, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]

Integer = Annotated[int, Field(ge=-_INT64, le=_INT64 - 1)]
Natural = Annotated[int, Field(ge=0, le=_INT64 - 1)]
Positive = Annotated[int, Field(ge=1, le=_INT64 - 1)]
Port = Annotated[int, Field(ge=1, le=65535)]
Gibibytes = Annotated[int, Field(ge=8, le=16384)]
Duration = Annotated[
    str,
    pattern(
        r"0|[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+",
        "is no duration; write it as 90s, 15m or 1h30m",
    ),
]
Variable = Annotated[str, checked_by(lambda text: None if "=" in text else "is no variable; write it as NAME=value")]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
NetworkText = Annotated[str, BeforeValidator(lambda value: str(_network(value)))]
CidrV4 = Annotated[IPv4Network, BeforeValidator(_only_v4), BeforeValidator(_network)]
ImageId = Annotated[str, pattern(r"ami-[0-9a-f]{8,17}", "is no image id; write it as ami-0123456789abcdef0")]
UserName = Annotated[str, pattern(r"[a-z_][a-z0-9_-]{0,31}", "is no Linux user name, such as ubuntu")]
Version = Annotated[str, pattern(r"\d[0-9A-Za-z.+~-]*", "is no version; write it as 19.3.0, without a v in front")]
Sha256 = Annotated[str, pattern(r"[0-9a-f]{64}", "is no SHA-256 checksum: 64 characters of 0-9 and a-f")]
