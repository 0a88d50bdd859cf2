"""Looking into a local cloud from outside: its hosts, its GitLab, and what is left in its emulated AWS."""

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import docker_packages
from .addresses import aws_client
from .cloud import LocalCloud


@dataclass(frozen=True)
class Host:
    """The throw-away host of one emulated instance."""

    enter: list[str]
    """A command line that runs the arguments after it as root on the host."""

    exec_log: str
    """Where the argument lists of its processes are recorded, if it was booted within `traced`."""

    def run(self, command: str) -> str:
        """Run a shell command there and return its output; raises CalledProcessError if it fails."""
        result = subprocess.run(
            [*self.enter, "sh", "-c", command],
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return result.stdout

    def read(self, path: str) -> str:
        """Return the text of a file there."""
        return self.run(f"cat {path}")


def call(cloud: LocalCloud, name: str, *arguments: str | bool) -> Any:
    """Ask the local cloud's process for something; see `daemon.py` for what there is."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(cloud.addresses.control)
        connection.sendall(ascii({"call": name, "arguments": arguments}).encode() + b"\n")
        with connection.makefile() as answer:
            return json.loads(answer.read())


def hosts(cloud: LocalCloud) -> dict[str, Host]:
    """The hosts that run, by instance id."""
    return {instance: Host(**what) for instance, what in call(cloud, "hosts").items()}


def host(cloud: LocalCloud, instance_id: str) -> Host:
    """The host of one instance; raises KeyError where none runs."""
    return hosts(cloud)[instance_id]


def power_off(cloud: LocalCloud, instance_id: str) -> None:
    """Let a host vanish although its instance still exists."""
    call(cloud, "power_off", instance_id)


@contextmanager
def traced(cloud: LocalCloud) -> Iterator[None]:
    """Have the hosts that are booted meanwhile record the argument list of every process started on them.

    Not all do: each command over SSH would take half as much processor time again.
    """
    call(cloud, "trace", True)
    try:
        yield
    finally:
        call(cloud, "trace", False)


def gitlab(cloud: LocalCloud, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """GET, or with `body` POST, something of the GitLab stand-in's control side."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{cloud.addresses.gitlab}/-/stand-in/{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def create_runner(cloud: LocalCloud) -> str:
    """Create a runner in the GitLab stand-in and return its authentication token."""
    return str(gitlab(cloud, "runners", {})["token"])


def runner_id(cloud: LocalCloud, token: str) -> int:
    """Return the id of the runner that has this token now."""
    return int(gitlab(cloud, "runners", {"token": token})["id"])


def delete_runner(cloud: LocalCloud, token: str) -> None:
    """Delete a runner, and with it its managers, as a person does in GitLab."""
    gitlab_api(cloud, "DELETE", "runners", {"token": token})


def gitlab_api(
    cloud: LocalCloud,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Ask the GitLab stand-in's API for something, as a person or a runner does."""
    request = urllib.request.Request(
        f"{cloud.addresses.gitlab}/api/v4/{path}",
        json.dumps(body or {}).encode(),
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


_PREFIX = "gitlab-runner-aws:"


def with_addresses(
    config: Mapping[str, Any], cloud: LocalCloud, merged: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a stack's settings with what leads to this local cloud.

    What is not of the type that it should be stays as it is: the program reports it.

    Args:
        config: The settings of a stack file.
        cloud: The local cloud.
        merged: The same with those of the files that it extends, by their names without the namespace.
    """
    if merged is None:
        merged = {key.removeprefix(_PREFIX): value for key, value in config.items()}
    addresses = cloud.addresses
    # Of a real program there is but one version.
    versions = {name: {"version": number} for name, number in addresses.real.items()}
    programs = {
        "gitlabRunner": {"url": f"{addresses.mirror}/gitlab-runner", **versions.get("gitlab-runner", {})},
        "dockerMachine": {"url": f"{addresses.mirror}/docker-machine", **versions.get("docker-machine", {})},
    }
    if "docker" in as_table(merged.get("manager")):
        programs["docker"] = {"url": f"{addresses.mirror}/docker", "keyFingerprint": docker_packages.FINGERPRINT}
    gitlab, manager = (config.get(f"{_PREFIX}{name}", {}) for name in ("gitlab", "manager"))
    if isinstance(gitlab, dict):
        gitlab = {**gitlab, "url": addresses.gitlab}
    if isinstance(manager, dict):
        programs = {name: _with_defaults(manager.get(name, {}), defaults) for name, defaults in programs.items()}
        manager = {**manager, **programs, "sshPort": addresses.ssh_port, "insecureDownloads": True}
    filled = {f"{_PREFIX}gitlab": gitlab, f"{_PREFIX}manager": manager}
    return with_options({**config, **cloud.aws_config(config.get("aws:region")), **filled}, cloud, merged)


def with_options(config: Mapping[str, Any], cloud: LocalCloud, merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a file with the machine options that lead its pools to this local cloud.

    A list of options replaces that of a file below, so a pool that has them elsewhere gets none here; see
    `with_addresses` for the arguments.
    """
    endpoint = cloud.addresses.aws.removeprefix("http://")
    options = [f"amazonec2-endpoint={endpoint}", "amazonec2-insecure-transport=true"]

    pools = merged.get("pools")
    elsewhere = [as_table(pool).get("name") for pool in pools if _has_options(pool)] if isinstance(pools, list) else []

    def filled(pool: Any) -> Any:
        machine = as_table(pool).get("machine", {})
        given = as_table(machine).get("MachineOptions", [])
        if not isinstance(pool, dict) or not isinstance(machine, dict) or not isinstance(given, list):
            return pool
        if not _has_options(pool) and pool.get("name") in elsewhere:
            return pool
        if pool.get("executor", merged.get("executor")) == "docker-autoscaler":
            return pool
        return {**pool, "machine": {**machine, "MachineOptions": [*given, *options]}}

    own = config.get(f"{_PREFIX}pools")
    return {**config, f"{_PREFIX}pools": [filled(pool) for pool in own]} if isinstance(own, list) else {**config}


def _has_options(pool: Any) -> bool:
    return "MachineOptions" in as_table(as_table(pool).get("machine"))


def _with_defaults(given: Any, defaults: Mapping[str, Any]) -> Any:
    return {**defaults, **given} if isinstance(given, dict) else given


def as_table(value: Any) -> Mapping[str, Any]:
    """Return a table of a stack file; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def aws(cloud: LocalCloud, service: str, region: str = "eu-central-1") -> Any:
    """A boto3 client of the emulated account."""
    return aws_client(cloud.addresses.aws, service, region)


def refuse(cloud: LocalCloud, *rules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Have AWS refuse calls by these rules alone, see `refusals_stand_in.py`; return them as they are then."""
    request = urllib.request.Request(f"{cloud.addresses.aws}/-/stand-in/refusals", json.dumps(rules).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return list(json.load(answer))


def calls(cloud: LocalCloud, *, anew: bool = False) -> list[dict[str, Any]]:
    """Return the calls to AWS that are written down, see `calls_stand_in.py`; with `anew`, begin to write them down."""
    url = f"{cloud.addresses.aws}/-/stand-in/calls"
    with urllib.request.urlopen(urllib.request.Request(url, b"" if anew else None), timeout=10) as answer:
        return list(json.load(answer))


def auto_scaling(cloud: LocalCloud, **change: Any) -> dict[str, Any]:
    """Change how Auto Scaling groups behave, see `auto_scaling_stand_in/front.py`; return it as it is then."""
    return _change(cloud, "auto-scaling", change)


def workers(cloud: LocalCloud, **change: Any) -> dict[str, Any]:
    """Change what is on groups' instances, see `auto_scaling_stand_in/workers.py`; return it as it is then."""
    return _change(cloud, "workers", change)


def _change(cloud: LocalCloud, path: str, change: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(f"{cloud.addresses.aws}/-/stand-in/{path}", json.dumps(change).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


def leftovers(cloud: LocalCloud, region: str = "eu-central-1") -> list[str]:
    """What a destroyed stack should have removed and did not: AWS resources by id, and runner managers in GitLab."""
    ec2, iam = aws(cloud, "ec2", region), aws(cloud, "iam", region)
    reservations = ec2.describe_instances()["Reservations"]
    instances = [i for reservation in reservations for i in reservation["Instances"]]
    found = [i["InstanceId"] for i in instances if i["State"]["Name"] not in ("terminated", "shutting-down")]
    found += [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    found += [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"] if not subnet["DefaultForAz"]]
    found += [g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"]
    found += [key["KeyName"] for key in ec2.describe_key_pairs()["KeyPairs"]]
    found += [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"]]
    found += [address["AllocationId"] for address in ec2.describe_addresses()["Addresses"]]
    found += [n["NatGatewayId"] for n in ec2.describe_nat_gateways()["NatGateways"] if n["State"] != "deleted"]
    groups = aws(cloud, "autoscaling", region).describe_auto_scaling_groups()["AutoScalingGroups"]
    found += [group["AutoScalingGroupName"] for group in groups]
    found += [each["LaunchTemplateName"] for each in ec2.describe_launch_templates()["LaunchTemplates"]]
    found += [role["RoleName"] for role in iam.list_roles()["Roles"]]
    found += [user["UserName"] for user in iam.list_users()["Users"]]
    found += [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]]
    found += [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]]
    found += [bucket["Name"] for bucket in aws(cloud, "s3", region).list_buckets()["Buckets"]]
    found += [group["logGroupName"] for group in aws(cloud, "logs", region).describe_log_groups()["logGroups"]]
    found += [a["AlarmName"] for a in aws(cloud, "cloudwatch", region).describe_alarms()["MetricAlarms"]]
    found += [rule["Name"] for rule in aws(cloud, "events", region).list_rules()["Rules"]]
    for runner in gitlab(cloud, "state")["runners"]:
        found += [f"runner manager {m['system_id']}" for m in runner["managers"]]
    return found
