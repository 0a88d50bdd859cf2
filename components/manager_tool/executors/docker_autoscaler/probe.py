"""Trying Auto Scaling groups before gitlab-runner moves to them: one instance each, to log in and ask Docker.

As the manager, with the rights, the key and the way that gitlab-runner's plugin has: so that an image without Docker,
or a closed port, stops the deployment while the old config.toml is live.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from ...aws.api import Aws
from ...config.runners import AUTOSCALER, Runner
from ...host import StepError, explain, run, say, warn
from ...programs import service
from ...texts import one_line
from . import groups
from .known import Known

_START_SECONDS = 300
_LOGIN_SECONDS = 300
_REFUSED_SECONDS = 60
"""How long sshd may refuse a login: it may answer before cloud-init has made the user."""
_REFUSED = "Permission denied"
_PAUSE_SECONDS = 5
_COMMAND_SECONDS = 240
_DOCKER_SECONDS = 60
"""How long Docker may take to start after sshd has."""
_LONGEST_OUTPUT = 400
_DOCKER = "docker info"
_SSH_FAILED = 255
_DID_NOT_END = 124  # by timeout(1)
# Of an instance that has just been launched nobody knows a host key; gitlab-runner takes any too.
_SSH = (
    *("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no"),
    *("-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
    *("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"),
)


class Login(NamedTuple):
    """How gitlab-runner reaches an instance of a section: `connector_config`, with the plugin's defaults."""

    user: str
    port: int
    key: Path
    external: bool
    region: str
    commands: tuple[str, ...]
    """What has to succeed there, in this order."""


def untried(live: Sequence[Runner], new: Sequence[Runner]) -> dict[str, Mapping[str, Any]]:
    """Return the sections of `new` by their groups that no section of `live` has, if that has other executors.

    Without those there is nothing that could continue in their place.
    """
    if all(each.get("executor") == AUTOSCALER for each in live):
        return {}
    used = groups.sections_by_group(live)
    return {name: section for name, section in groups.sections_by_group(new).items() if name not in used}


def probe(aws: Aws, sections: Mapping[str, Mapping[str, Any]], told: Known) -> None:
    """Try groups, of which gitlab-runner uses none yet. Raises `StepError` where one does not do."""
    say(f"trying {', '.join(sections)} with an instance each, before config.toml is changed")
    # A connection of the deployment that breaks would leave the instances.
    with service.undisturbed():
        try:
            for name, instance in _in_service(aws, sections):
                _try(aws, name, instance, login(sections[name], told))
        except StepError as error:
            raise StepError(
                f"{error}\nconfig.toml was not changed: jobs continue as before. Correct the pool, or its executor"
            ) from None
        finally:
            _end(aws, sections)


def login(section: Mapping[str, Any], told: Known) -> Login:
    """Return how to reach the instances of a section."""
    table = section["autoscaler"]
    connector, ready = table.get("connector_config", {}), table.get("instance_ready_command")
    return Login(
        user=str(connector.get("username") or "ec2-user"),
        port=int(connector.get("protocol_port") or 22),
        key=Path(connector.get("key_path") or told["key"]),
        external=bool(connector.get("use_external_addr")),
        region=told["region"],
        commands=(*([str(ready)] if ready else []), _DOCKER),
    )


def _in_service(aws: Aws, names: Iterable[str]) -> Iterator[tuple[str, groups.Instance]]:
    """Have each group launch an instance and yield it once it is in service. Raises `StepError`."""
    known = {name: _launch(aws, name) for name in names}
    reasons: dict[str, str] = {}
    deadline = time.monotonic() + _START_SECONDS
    while known:
        for name in [*known]:
            group = groups.describe(aws, name)
            there = [each for each in group.instances if each.in_service] if group else []
            if there:
                del known[name]
                say(f"{name}: {there[0].id} is in service")
                yield name, there[0]
                continue
            for failed in groups.activities(aws, name):
                if failed.failed and failed.id not in known[name]:
                    known[name].add(failed.id)
                    reasons[name] = failed.reason
                    say(f"{name} can't launch an instance: {failed.reason}")
                    if "capacity" not in failed.reason.lower():
                        raise StepError(_no_launch(name, failed.reason))
        if known and time.monotonic() > deadline:
            name = next(iter(known))
            raise StepError(_no_launch(name, reasons.get(name, f"no instance came into service in {_START_SECONDS} s")))
        if known:
            time.sleep(_PAUSE_SECONDS)


def _launch(aws: Aws, name: str) -> set[str]:
    """Have a group launch an instance, unless an earlier try has; return the ids of the activities before."""
    group = groups.describe(aws, name)
    if group is None:
        raise StepError(f"AWS has no Auto Scaling group {name}, which config.toml names; run `pulumi up --refresh`")
    before = {each.id for each in groups.activities(aws, name)}
    if group.desired == 0:
        groups.set_desired(aws, name, 1)
    return before


def _no_launch(name: str, reason: str) -> str:
    return (
        f"{name} can't launch an instance: {reason}\nThat is AWS's own reason; the pool's image, instanceTypes and "
        "zones, or a quota of the account, may be what it is about"
    )


def _try(aws: Aws, name: str, instance: groups.Instance, way: Login) -> None:
    """Log in, again and again until it succeeds, and run the commands. Raises `StepError`.

    instance_ready_command may fail no more than with gitlab-runner, which then gives the instance up (`instanceReadyUp`
    in executors/internal/autoscaler/provider.go).
    """
    address = _address(aws, instance, way)
    call = ("timeout", str(_COMMAND_SECONDS), *_SSH, "-i", str(way.key), "-p", str(way.port), "-l", way.user)
    deadline = time.monotonic() + _LOGIN_SECONDS
    for command in way.commands:
        while True:
            _push_key(aws, instance, way)
            code, output = run(*call, "--", address, command, check=False)
            if code == 0:
                break
            now = time.monotonic()
            if code not in (_SSH_FAILED, _DID_NOT_END):
                deadline = min(deadline, now + (_DOCKER_SECONDS if command == _DOCKER else 0))
            elif code == _SSH_FAILED and _REFUSED in output:
                deadline = min(deadline, now + _REFUSED_SECONDS)
            if now >= deadline:
                said = one_line(output[-_LONGEST_OUTPUT:], _LONGEST_OUTPUT)
                what, advice = _mistake(instance, address, way, command, code)
                raise StepError(f"{name}: {what}{said and ': '}{said}\n{advice}")
            time.sleep(_PAUSE_SECONDS)
    say(f"{name}: Docker answers on {instance.id}")


def _push_key(aws: Aws, instance: groups.Instance, way: Login) -> None:
    """Have the instance take the manager's key for a minute."""
    public = way.key.with_name(f"{way.key.name}.pub").read_text()
    wanted = {"InstanceId": instance.id, "InstanceOSUser": way.user, "SSHPublicKey": public}
    aws.json("ec2-instance-connect", "SendSSHPublicKey", {**wanted, "AvailabilityZone": instance.zone})


def _address(aws: Aws, instance: groups.Instance, way: Login) -> str:
    answer = aws.query("ec2", "DescribeInstances", {"InstanceId.1": instance.id})
    kind = "ipAddress" if way.external else "privateIpAddress"
    text = answer.findtext(f"reservationSet/item/instancesSet/item/{kind}") or ""
    try:
        return str(ip_address(text))
    except ValueError:
        setting = "; set autoscaler.connector_config.use_external_addr to false" if way.external else ""
        raise StepError(f"{instance.id} has no {kind}{setting}") from None


def _mistake(instance: groups.Instance, address: str, way: Login, command: str, code: int) -> tuple[str, str]:
    """Return what went wrong, and what to do."""
    if code == _SSH_FAILED:
        return (
            f"the manager can't log in to {instance.id} as {way.user} at {address}, port {way.port}",
            "Check autoscaler.connector_config.username, that the image has EC2 Instance Connect, and that the "
            "workers' security group lets the manager in",
        )
    what = "did not end" if code == _DID_NOT_END else f"ended with {code}"
    # EC2 has it for an hour after an instance has gone: GetConsoleOutput in its API Reference.
    console = f"aws ec2 get-console-output --region {way.region} --instance-id {instance.id} --output text"
    return (
        f"`{command}` {what} on {instance.id}",
        f"The pool's image or user data has to bring Docker, and the user {way.user} has to be in the group docker. "
        f"What cloud-init said, for an hour: {console}",
    )


def _end(aws: Aws, names: Iterable[str]) -> None:
    """End what was launched; a failure is told only, as gitlab-runner ends what it has not asked for itself."""
    try:
        left = groups.empty(aws, names, say)
    except StepError as error:
        warn(f"instances that were tried may be left in {', '.join(names)}: {explain(error)}")
        return
    for name, ids in left.items():
        warn(f"instances that were tried are left in {name}: {', '.join(filter(None, ids))}")
