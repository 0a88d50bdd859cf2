"""Who calls AWS and where: by environment, shared files and the instance's profile, as the AWS SDK for Go looks.

"Configuring the AWS SDK for Go v2" and "AWS SDKs and Tools: service-specific endpoints". Not supported here, though by
the SDK: single sign-on, roles to assume, and credential processes.
"""

from __future__ import annotations

import configparser
import http.client
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..aws_query import Aws, Credentials

_METADATA = "http://169.254.169.254"
_TOKEN_SECONDS = "21600"  # noqa: S105 - a number
_ROLES = "/latest/meta-data/iam/security-credentials/"
_VARIABLES = {"autoscaling": "AUTO_SCALING", "ec2": "EC2", "ec2-instance-connect": "EC2_INSTANCE_CONNECT"}


class ConfigError(Exception):
    """The SDK can't be configured, or finds no credentials."""


@dataclass(frozen=True)
class Access:
    """What was found; credentials are looked up at each call, as those of a profile change."""

    region: str
    profile: str
    credentials_file: Path
    endpoint: str

    def client(self, service: str) -> Aws:
        """Where to call a service. Raises `ConfigError`."""
        if not self.region:
            raise ConfigError(
                "failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region"
            )
        given = os.environ.get(f"AWS_ENDPOINT_URL_{_VARIABLES[service]}") or self.endpoint
        url = given or f"https://{service}.{self.region}.amazonaws.com"
        return Aws(url, self.region, self._credentials(), service)

    def _credentials(self) -> Credentials:
        key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", ""))
        section = _sections(self.credentials_file).get(self.profile, {})
        if "aws_access_key_id" in section:
            token = section.get("aws_session_token", "")
            return Credentials(section["aws_access_key_id"], section.get("aws_secret_access_key", ""), token)
        return _of_instance()


def load(profile: str = "", config_file: str = "", credentials_file: str = "") -> Access:
    """Read the environment and the shared files. Raises `ConfigError` for a profile that there is not."""
    home = Path(os.environ.get("HOME") or "/")
    config = Path(config_file or os.environ.get("AWS_CONFIG_FILE") or home / ".aws" / "config")
    credentials = Path(
        credentials_file or os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials"
    )
    wanted = profile or os.environ.get("AWS_PROFILE") or "default"
    sections = _sections(config)
    found = sections.get(wanted if wanted == "default" else f"profile {wanted}")
    if found is None and wanted != "default" and wanted not in _sections(credentials):
        raise ConfigError(f"creating aws config: failed to get shared config profile, {wanted}")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or (found or {}).get("region", "")
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or (found or {}).get("endpoint_url", "")
    return Access(region, wanted, credentials, endpoint)


def _sections(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read(path, encoding="utf-8")
    return {name: dict(parser[name]) for name in parser.sections()}


def _of_instance() -> Credentials:
    """The temporary keys of the instance's profile."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise ConfigError("get credentials: failed to refresh cached credentials, no EC2 IMDS role found")
    try:
        seconds = {"X-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS}
        token = {"X-aws-ec2-metadata-token": _metadata("PUT", "/latest/api/token", seconds)}
        role = _metadata("GET", _ROLES, token).strip()
        keys: dict[str, Any] = json.loads(_metadata("GET", f"{_ROLES}{role}", token))
    except (OSError, http.client.HTTPException, ValueError) as error:
        text = "get credentials: failed to refresh cached credentials, no EC2 IMDS role found"
        raise ConfigError(f"{text}, operation error ec2imds: GetMetadata, {error}") from None
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])


def _metadata(method: str, path: str, headers: dict[str, str]) -> str:
    parts = urlsplit(os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request(method, f"{parts.path.rstrip('/')}{path}", headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"http response error StatusCode: {response.status}")
    return text
