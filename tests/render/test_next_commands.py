"""The commands that a stack's output offers lead to the manager as the settings have it."""

from typing import Any

import pytest

from config_render.render.next_commands import next_commands

from .settings_samples import parsed, stack

BASTION = {"host": "bastion.example.com", "hostKey": "ssh-ed25519 AAAA", "privateKey": "<secret:key>"}
HOST = {
    "address": "ci.example.com",
    "hostKey": "ssh-ed25519 AAAA",
    "privateKey": "<secret:key>",
    "securityGroupId": "sg-0ours",
}
SSH = "ssh -p 22 {user}@192.0.2.1  # with a key that the manager knows"


def commands(manager: dict[str, Any], instance: str | None = "i-1") -> list[str]:
    access = {} if "host" in manager else {"sshFrom": ["203.0.113.0/24"]}
    settings = parsed(stack(manager={**access, **manager}), secrets=["key"])
    told = next_commands(settings, "eu-central-1", address="192.0.2.1", instance_id=instance, runner_ids=[9, 7, 9])
    return told.splitlines()


@pytest.mark.parametrize(
    ("manager", "instance", "shell"),
    [
        ({}, "i-1", "aws ec2-instance-connect ssh --region eu-central-1 --instance-id i-1 --os-user ubuntu "
         "--ssh-port 22 --connection-type direct"),
        ({"ssm": True}, "i-1", "aws ssm start-session --region eu-central-1 --target i-1"),
        ({"os": "debian-12"}, "i-1", SSH.format(user="admin")),
        ({"ami": "ami-0123456789abcdef0"}, "i-1", SSH.format(user="ubuntu")),
        ({"bastion": BASTION}, "i-1", SSH.format(user="ubuntu").replace("-p", "-J ubuntu@bastion.example.com:22 -p")),
        ({"host": HOST}, None, SSH.format(user="ubuntu")),
    ],
)  # fmt: skip
def test_the_shell_is_the_one_that_the_manager_lets_in(
    manager: dict[str, Any], instance: str | None, shell: str
) -> None:
    assert commands(manager, instance)[:2] == ["# a shell on the manager", shell]


def test_each_runner_is_named_once() -> None:
    pages = [line for line in commands({}) if "/runners/" in line]

    assert pages == [f"# https://gitlab.example.com/admin/runners/{id_}" for id_ in (7, 9)]
