"""Stand-in for pulumi-aws: its way to the emulated AWS, and no other: every endpoint must be on loopback."""

import importlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from .errors import ProviderError, doing
from .properties import Properties

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_clients: dict[tuple[str, ...], Any] = {}
_making = threading.Lock()


@dataclass(frozen=True)
class Settings:
    """The provider's configuration, as far as the stand-in carries it out."""

    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    endpoints: Mapping[str, str]
    """URL by service, e.g. `ec2`."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    path_style: bool = False


@dataclass
class Access:
    """What resources call AWS with."""

    settings: Settings

    def client(self, service: str) -> Any:
        """A boto3 client, shared by all providers of this process that have the same settings."""
        settings = self.settings
        url = settings.endpoints.get(service)
        if url is None or urlsplit(url).hostname not in _LOOPBACK:
            raise ProviderError(
                f"the aws stand-in works on an emulated AWS only: set aws:endpoints[0].{service} to its URL, "
                f"on loopback (got {url!r})"
            )
        key = (service, url, settings.region, settings.access_key, settings.secret_key, str(settings.path_style))
        with _making:
            if key not in _clients:
                _clients[key] = _client(service, url, settings)
            return _clients[key]

    @cached_property
    def account(self) -> str:
        """The account's 12 digits."""
        with doing("retrieving caller identity from STS", "STS"):
            return str(self.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this region and account."""
        return f"arn:aws:{service}:{self.settings.region}:{self.account}:{resource}"

    def tags(self, inputs: Properties) -> dict[str, str]:
        """The resource's own tags, over the provider's default tags."""
        return {**self.settings.default_tags, **(inputs.get("tags") or {})}


def _client(service: str, url: str, settings: Settings) -> Any:
    # Imported at the first call: a provider is also started for a mere `pulumi preview` of nothing.
    boto3 = importlib.import_module("boto3")
    config = importlib.import_module("botocore.config").Config(
        # The real one tries 25 times, which no test waits for.
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=32,
        s3={"addressing_style": "path" if settings.path_style else "auto"},
    )
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        config=config,
    )
