"""Which ports are open, to whom, and which one the manager is reached at."""

from typing import Any

import pytest

from .conftest import SSH, Recorder
from .registered import named

FROM_MANAGER = "runner-network-manager-id"


def rules(recorder: Recorder, kind: str) -> dict[str, tuple[Any, ...]]:
    """Protocol, first and last port and other side of each rule, by its name."""
    sides = ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId")
    return {
        name.removeprefix("network-"): (
            rule["ipProtocol"],
            rule.get("fromPort"),
            rule.get("toPort"),
            *(rule[side] for side in sides if side in rule),
        )
        for name, rule in named(recorder, f"SecurityGroup{kind}Rule").items()
    }


def test_managers_are_open_for_ssh_and_workers_for_ssh_and_docker_from_the_manager_alone(deployed_with: Any) -> None:
    recorder = deployed_with()

    assert rules(recorder, "Ingress") == {
        "manager-ssh-203.0.113.0/24": ("tcp", 22, 22, "203.0.113.0/24"),
        "worker-ssh": ("tcp", 22, 22, FROM_MANAGER),
        "worker-docker": ("tcp", 2376, 2376, FROM_MANAGER),
    }
    assert rules(recorder, "Egress") == {
        "manager-out": ("-1", None, None, "0.0.0.0/0"),
        "worker-out": ("-1", None, None, "0.0.0.0/0"),
    }


def test_bounded_egress_lets_out_what_is_listed_and_the_manager_to_its_workers(deployed_with: Any) -> None:
    recorder = deployed_with(network={"egressPorts": [443, 80], "ipv6": True})

    to_workers = "runner-network-worker-id"
    assert rules(recorder, "Egress") == {
        **{
            f"{who}-out-{port}{suffix}": ("tcp", port, port, to)
            for who in ("manager", "worker")
            for port in (443, 80)
            for suffix, to in (("", "0.0.0.0/0"), ("-ipv6", "::/0"))
        },
        "manager-to-worker-ssh": ("tcp", 22, 22, to_workers),
        "manager-to-worker-docker": ("tcp", 2376, 2376, to_workers),
    }


@pytest.mark.parametrize(("given", "port"), [({}, 22), ({"sshPort": 2222}, 2222)])
def test_steps_log_in_at_the_port_that_is_open(deployed_with: Any, given: dict[str, Any], port: int) -> None:
    bastion = {"host": "bastion.example.com", "port": 2022, "hostKey": "ssh-ed25519 AAAA", "privateKey": "<secret:key>"}
    recorder = deployed_with(secrets={"key": "PRIVATE"}, manager={**SSH, **given, "bastion": bastion})

    connection = recorder.secret("runner-registration-tool", "connection")
    assert (connection["port"], connection["proxy"]["port"]) == (port, 2022)
    assert rules(recorder, "Ingress")["manager-ssh-203.0.113.0/24"][1:3] == (port, port)
