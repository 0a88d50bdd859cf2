"""What is said once at a setting's field is known everywhere: no list of names is kept beside it."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field

from config_render import NAMESPACE, TOKENS, Settings, problem, problems_of
from config_render.base.marks import Mark, marked
from config_render.base.other_settings import SECRETS
from config_render.base.problems import never_shown
from config_render.base.secret_texts import names_a_secret
from config_render.base.section import ConfigTable, Section, child_tables
from config_render.base.values import Items, Secret
from config_render.migrate.findings import Findings
from config_render.migrate.tables import Tables
from config_render.settings.manager import ManagerSettings
from config_render.settings.network import NetworkSettings


def tables(model: type[Section] = Settings) -> Iterator[type[Section]]:
    yield model
    for child in child_tables(model).values():
        yield from tables(child)


class MadeUp(ConfigTable):
    """A table with settings that no other code knows."""

    token: Secret | None = Field(default=None, alias="MadeUpToken")
    several: Items[Annotated[Secret, "and other metadata"]] = Field(default=(), alias="MadeUpTokens")
    script: Annotated[str | None, Mark.HIDDEN] = Field(default=None, alias="MadeUpScript")
    plain: str | None = Field(default=None, alias="MadeUpText")


@pytest.mark.parametrize("key", ["MadeUpToken", "MadeUpTokens", "MadeUpScript"])
def test_a_new_setting_that_may_hold_a_secret_is_never_shown(key: str) -> None:
    assert problem(("pools", 0, key), "is wrong", "hunter2").value is None
    assert problem(("pools", 0, key, 3), "is wrong", "hunter2").value is None


def test_any_other_new_setting_is_shown() -> None:
    assert problem(("pools", 0, "MadeUpText"), "is wrong", "hunter2").value == "hunter2"


def test_a_new_secret_in_a_config_toml_becomes_a_placeholder() -> None:
    found = Tables(Findings({})).read(MadeUp, {"MadeUpToken": "hunter2", "MadeUpText": "plain"}, "runners[0].made")

    assert found == {"MadeUpToken": "<secret:madeUpToken>", "MadeUpText": "plain"}


NO_SECRETS = {
    "CredentialsFile": "a path",
    "DisableAssumeRoleCredentialsCaching": "true or false",
    "ServerSideEncryptionKeyID": "an ARN",
    "amazonec2-keypair-name": "a name in EC2",
    "amazonec2-metadata-token": "required or optional",
    "amazonec2-metadata-token-response-hop-limit": "a number",
    "amazonec2-ssh-keypath": "a path",
    "amazonec2-volume-kms-key": "an ARN",
    "hostKey": "public",
    "keyFingerprint": "public",
    "kmsKey": "an ARN",
    "tls-key-file": "a path",
    "tokenParameter": "a name in AWS Systems Manager",
    "tokenSecret": "a name in AWS Secrets Manager",
}
"""Settings that are called as secrets are, and what they are instead."""


def test_what_is_called_as_a_secret_is_never_shown() -> None:
    keys = {key for model in tables() for key in model.known_keys()}
    words = ("credential", "dsn", "key", "passw", "secret", "token")
    suspicious = {key for key in keys if names_a_secret(key) or any(word in key.lower() for word in words)}

    assert {key for key in suspicious if not never_shown((key,))} == {*NO_SECRETS}


@pytest.mark.parametrize("name", [*TOKENS, SECRETS])
def test_secrets_that_no_model_holds_are_never_shown(name: str) -> None:
    assert never_shown((name,))


def told(**given: Any) -> set[tuple[str, str]]:
    """The paths of errors, each with the beginning of its message."""
    raw = {"gitlab": {"url": "https://gitlab.example.com"}, "pools": [], **given}
    return {(each.path, each.message[:16]) for each in problems_of(raw, region="eu-central-1")[1]}


def test_each_setting_of_a_new_instance_is_refused_beside_a_host() -> None:
    keys = marked(ManagerSettings, Mark.NEW_INSTANCE)
    found = told(manager={"host": {}, **dict.fromkeys(keys, 1)})

    assert "sshFrom" in keys
    assert {(f"{NAMESPACE}:manager.{key}", "is for a new ins") for key in keys} <= found


@pytest.mark.parametrize(
    ("mark", "more", "message"),
    [
        (Mark.NEW_VPC, {"vpcId": "vpc-1"}, "is for a new VPC"),
        (Mark.EXISTING_VPC, {}, "needs vpcId besi"),
    ],
)
def test_each_setting_of_the_other_vpc_is_refused(mark: Mark, more: dict[str, str], message: str) -> None:
    keys = marked(NetworkSettings, mark)
    found = told(network={**more, **dict.fromkeys(keys, 1)})

    assert keys
    assert {(f"{NAMESPACE}:network.{key}", message) for key in keys} <= found


def test_each_setting_of_the_network_is_marked_or_for_any() -> None:
    marks = (Mark.NEW_VPC, Mark.EXISTING_VPC, Mark.VPC_CHOICE)

    assert {*NetworkSettings.known_keys()} - {*marked(NetworkSettings, *marks)} == {"egressPorts"}
