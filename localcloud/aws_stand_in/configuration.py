"""Stand-in for pulumi-aws: the provider's own configuration, checked as recorded under `provider_config`.

Unlike the real plugin it reads no environment variable: it lives in a process that is not the user's.
"""

import importlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from . import schema
from .access import Access, Settings
from .errors import ProviderError
from .properties import UNKNOWN, Properties
from .schema import ListOf, Object

_TEXTS = frozenset({"region", "accessKey", "secretKey", "token", "profile", "retryMode", "stsRegion"})
_OF_THE_ENGINE = frozenset({"version", "pluginDownloadURL", "__internal", "__defaults"})
_CARRIED_OUT = frozenset(
    {
        "region",
        "accessKey",
        "secretKey",
        "endpoints",
        "defaultTags",
        "allowedAccountIds",
        "forbiddenAccountIds",
        "retryMode",
        "maxRetries",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
    }
)


def failures(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, reason) for each key of the configuration `given` that is refused."""
    known = schema.provider()
    for key in sorted(given.keys() - _OF_THE_ENGINE):
        if key not in known:
            yield key, f"Invalid or unknown key. Check `pulumi config get aws:{key}`."
        elif key not in _CARRIED_OUT:
            yield key, f"the aws stand-in does not carry out aws:{key}"
    values = parsed(given)
    yield from _region(values)
    yield from _endpoints(values)
    if values.get("retryMode") not in (None, UNKNOWN, "standard", "adaptive"):
        yield "retryMode", f"unknown RetryMode, {values['retryMode']}"


def parsed(given: Mapping[str, Any]) -> Properties:
    """Values as the program means them: a stack's configuration holds what is no text as JSON in a text."""
    return {key: _value(key, value) for key, value in given.items() if value is not None and key not in _OF_THE_ENGINE}


def settings(given: Mapping[str, Any]) -> Settings:
    """Raises ProviderError where the configuration can't be used."""
    for key, reason in failures(given):
        raise ProviderError(f"aws:{key}: {reason}")
    values = parsed(given)
    access, secret = values.get("accessKey", ""), values.get("secretKey", "")
    if not access and not secret:
        raise ProviderError("No valid credential sources found: set aws:accessKey and aws:secretKey")
    if not access or not secret:
        raise ProviderError("retrieving credentials: static credentials are empty")
    return Settings(
        region=values["region"],
        access_key=access,
        secret_key=secret,
        endpoints={name: url for block in values.get("endpoints", ()) for name, url in block.items() if url},
        default_tags=(values.get("defaultTags") or {}).get("tags") or {},
        path_style=bool(values.get("s3UsePathStyle")),
    )


def check_account(given: Mapping[str, Any], access: Access) -> None:
    """Raises ProviderError where the account is not one that the configuration allows, or can't be asked for."""
    values = parsed(given)
    allowed, forbidden = values.get("allowedAccountIds"), values.get("forbiddenAccountIds")
    if not values.get("skipCredentialsValidation") or allowed or forbidden:
        account = access.account
        if (allowed and account not in allowed) or (forbidden and account in forbidden):
            raise ProviderError(f"AWS account ID not allowed: {account}")


def _value(key: str, value: Any) -> Any:
    if key in _TEXTS or not isinstance(value, str) or value == UNKNOWN:
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _region(values: Properties) -> Iterator[tuple[str, str]]:
    region = values.get("region", "")
    if region == UNKNOWN or (region and values.get("skipRegionValidation")):
        return
    if region not in region_descriptions():
        yield "region", f"invalid AWS Region: {region}"


@cache
def region_descriptions() -> Mapping[str, str]:
    """Every region that the AWS SDK knows, with its description."""
    loader = importlib.import_module("botocore.loaders").create_loader()
    partitions = loader.load_data("endpoints")["partitions"]
    return {name: region["description"] for part in partitions for name, region in part["regions"].items()}


def _endpoints(values: Properties) -> Iterator[tuple[str, str]]:
    endpoints = values.get("endpoints")
    if endpoints in (None, UNKNOWN):
        return
    if not isinstance(endpoints, list) or not all(isinstance(block, dict) for block in endpoints):
        yield "endpoints", "a list of blocks is required, e.g. [{ec2: http://127.0.0.1:5000}]"
        return
    kind = schema.provider()["endpoints"].kind
    services = kind.item.properties.keys() if isinstance(kind, ListOf) and isinstance(kind.item, Object) else set()
    for name in sorted({name for block in endpoints for name in block} - services):
        yield "endpoints", f'Extraneous JSON object property: No argument or block type is named "{name}".'
