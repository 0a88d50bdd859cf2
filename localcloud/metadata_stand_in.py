"""A stand-in for EC2's instance metadata service, version 2, for the hosts of the local cloud.

A real one tells instances apart by the wire they ask on. Here all have the same address, so each instance has a path of
its own, /imds/INSTANCE, in front of the paths of "Use the Instance Metadata Service" in the EC2 User Guide.
"""

import json
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from .addresses import aws_client
from .wsgi import Application

_PATH = re.compile(r"/imds/(i-\w+)/latest/(api/token|meta-data/.*)")
_ROLES = "iam/security-credentials/"
_LONGEST_SECONDS = 21_600

Answer = tuple[str, str]


class MetadataStandIn:
    """Answers for instances of the emulated account at `url`, which is asked for them and for temporary keys."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._tokens: dict[str, float] = {}

    def in_front_of(self, behind: Application) -> Application:
        """Pass on whatever is not for the metadata service."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            asked = _PATH.fullmatch(environ["PATH_INFO"])
            if asked is None:
                return behind(environ, start_response)
            status, text = self._answer(asked[1], asked[2], environ)
            body = text.encode()
            start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
            return [body]

        return answer

    def _answer(self, instance: str, path: str, environ: dict[str, Any]) -> Answer:
        if path == "api/token":
            return self._new_token(environ)
        if self._tokens.get(environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN", ""), 0.0) < time.monotonic():
            return "401 Unauthorized", ""
        name = path.removeprefix("meta-data/")
        if name == "instance-id":
            return "200 OK", instance
        role = self._role(instance) if name.startswith(_ROLES) else ""
        if role and name == _ROLES:
            return "200 OK", role.rsplit("/", 1)[-1]
        if role and name == _ROLES + role.rsplit("/", 1)[-1]:
            return "200 OK", self._keys(role)
        return "404 Not Found", ""

    def _new_token(self, environ: dict[str, Any]) -> Answer:
        seconds = environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN_TTL_SECONDS", "")
        if environ["REQUEST_METHOD"] != "PUT":
            return "405 Not Allowed", ""
        if not seconds.isdigit() or not 1 <= int(seconds) <= _LONGEST_SECONDS:
            return "400 Bad Request", ""
        token = secrets.token_urlsafe(40)
        self._tokens[token] = time.monotonic() + int(seconds)
        return "200 OK", token

    def _role(self, instance: str) -> str:
        """The ARN of the role in the instance's profile; empty where it has none."""
        (found,) = aws_client(self._url(), "ec2").describe_instances(InstanceIds=[instance])["Reservations"]
        profile = found["Instances"][0].get("IamInstanceProfile")
        if profile is None:
            return ""
        name = profile["Arn"].rsplit("/", 1)[-1]
        roles = aws_client(self._url(), "iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        return str(roles["Roles"][0]["Arn"])

    def _keys(self, role: str) -> str:
        """The keys come from the emulated STS, so that its IAM knows them."""
        keys = aws_client(self._url(), "sts").assume_role(RoleArn=role, RoleSessionName="instance")["Credentials"]
        told = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": keys["AccessKeyId"]}
        told |= {"SecretAccessKey": keys["SecretAccessKey"], "Token": keys["SessionToken"]}
        return json.dumps({**told, "Expiration": keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")})
