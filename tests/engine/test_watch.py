"""The watch on a real manager host, with its own rights, beside machines of others."""

import base64
import json
import re
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.manager_tool.texts import message_of
from localcloud import control
from tests import needs

from .conftest import Deployment

TOOL = "/usr/local/lib/gitlab-runner-aws/manager-tool watch"
METRICS = "/var/lib/node_exporter/textfile_collector/gitlab-runner-aws.prom"
STAGED = "/etc/gitlab-runner/staged/watch.json"


class Account:
    """What somebody finds in the account: workers without a machine of docker-machine's, and what others have."""

    def __init__(self, deployment: Deployment) -> None:
        self.ec2 = control.aws(deployment.cloud, "ec2")
        host = deployment.host()
        self.told: dict[str, Any] = json.loads(host.read(STAGED))
        (self.worker,) = host.run("docker-machine ls -q").split()
        self.like = self._instance(self.worker)
        self.manager = str(deployment.outputs()["manager_instance_id"])

    def _instance(self, name: str) -> dict[str, Any]:
        found = self.ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [name]}])
        instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
        return instance

    def name(self, digit: str) -> str:
        """A name that gitlab-runner could have given to another machine of the pool."""
        return re.sub(r"\d{10}-[0-9a-f]{8}$", f"1600000000-0a1b2c3{digit}", self.worker)

    def launch(
        self,
        key: str,
        tags: dict[str, str] | None = None,
        group: str | None = None,
        profile: str | None = None,
    ) -> str:
        self.ec2.create_key_pair(KeyName=key)
        specification = {"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in (tags or {}).items()]}
        answer = self.ec2.run_instances(
            MinCount=1,
            MaxCount=1,
            ImageId=self.like["ImageId"],
            InstanceType="m5.large",
            KeyName=key,
            SubnetId=self.like["SubnetId"],
            SecurityGroupIds=[group or self.like["NetworkInterfaces"][0]["Groups"][0]["GroupId"]],
            **({} if profile == "" else {"IamInstanceProfile": {"Name": profile or self.told["profile"]}}),
            **({"TagSpecifications": [specification]} if tags else {}),
        )
        return str(answer["Instances"][0]["InstanceId"])

    def volume(self, name: str, deployment: str) -> str:
        tags = [{"Key": "Name", "Value": name}, {"Key": "gitlab-runner-aws", "Value": deployment}]
        specification = {"ResourceType": "volume", "Tags": tags}
        zone = self.like["Placement"]["AvailabilityZone"]
        answer = self.ec2.create_volume(AvailabilityZone=zone, Size=8, TagSpecifications=[specification])
        return str(answer["VolumeId"])

    def alive(self, ids: list[str]) -> list[bool]:
        pages = self.ec2.describe_instances(InstanceIds=ids)["Reservations"]
        states = {i["InstanceId"]: i["State"]["Name"] for page in pages for i in page["Instances"]}
        return [states[i] not in ("terminated", "shutting-down") for i in ids]

    def key_pairs(self) -> set[str]:
        return {pair["KeyName"] for pair in self.ec2.describe_key_pairs()["KeyPairs"]}


@pytest.fixture
def watched(shared: Deployment) -> Deployment:
    """A stack with one machine, whose watch has no grace for what is new and runs when a test says so."""
    if not shared.resources():
        shared.config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600}
        shared.pool["machine"] = {"IdleCount": 1, "IdleTime": 1800}
        shared.configure()
        shared.up()
    host = shared.host()
    host.run("systemctl start gitlab-runner")
    deadline = time.monotonic() + 100
    while not host.run("docker-machine ls -q --filter state=Running").split():
        assert time.monotonic() < deadline, "no machine"
        time.sleep(0.5)
    # gitlab-runner would see to a broken machine itself.
    host.run("systemctl stop gitlab-runner")
    told = json.loads(host.read(STAGED))
    host.run(f"printf %s '{json.dumps({**told, 'graceMinutes': 0})}' > {STAGED}")
    return shared


def break_one(deployment: Deployment, account: Account, name: str) -> None:
    """Make a machine as gitlab-runner does, and take its instance away behind docker-machine's back."""
    (runner,) = tomllib.loads(deployment.live())["runners"]
    options = " ".join(f"--{option}" for option in runner["machine"]["MachineOptions"])
    deployment.host().run(f"docker-machine create --driver amazonec2 {options} {name}")
    instance = deployment.host().run(f"docker-machine inspect -f '{{{{.Driver.InstanceId}}}}' {name}").strip()
    account.ec2.terminate_instances(InstanceIds=[instance])


@needs.MACHINES
def test_what_is_orphaned_goes_and_what_is_somebody_elses_stays(watched: Deployment) -> None:
    host, account = watched.host(), Account(watched)
    name, ours = account.told["deployment"], {"gitlab-runner-aws": account.told["deployment"]}
    keys = [account.name(digit) for digit in "012345678"]
    break_one(watched, account, keys[8])
    assert "removed" not in host.run(TOOL)  # once is not enough

    vpc = account.like["VpcId"]
    others = account.ec2.create_security_group(GroupName="others", Description="others", VpcId=vpc)["GroupId"]
    orphans = [
        account.launch(keys[0], {"Name": keys[0], **ours}),
        account.launch(keys[1], {"Name": keys[1], **ours}),
        account.launch(keys[2]),
        account.launch(keys[3]),
    ]
    foreign = [
        account.launch(keys[4], {"Name": keys[4], "gitlab-runner-aws": "another"}),
        account.launch(keys[5], group=others),
        account.launch("somebody", {"Name": "somebody", **ours}, profile=""),
    ]
    anothers_key = "runner-xxxxxxxxx-local-1600000000-0a1b2c37"
    for key in (keys[6], anothers_key):
        account.ec2.create_key_pair(KeyName=key)
    left = account.volume(keys[7], name)
    kept = [account.volume("runner-manager", name), account.volume(keys[7], "another")]
    there = {*account.key_pairs()}
    time.sleep(1.1)  # EC2 counts whole seconds

    told = host.run(f"{TOOL} --dry-run")
    print(told)
    assert {line.split(":")[0] for line in told.splitlines()} == {
        f"would remove machine {keys[8]}",
        *(f"would remove instance {instance}" for instance in orphans),
        f"would remove key pair {keys[6]}",
        f"would remove volume {left}",
        "dry run",
    }
    assert account.alive(orphans + foreign) == [True] * 7
    assert account.key_pairs() == there

    assert host.run(f"flock /run/gitlab-runner-aws-watch.lock {TOOL}") == "another pass is under way\n"
    told = host.run(f"flock /run/gitlab-runner-aws.lock {TOOL}")
    assert told == "a deployment is under way: nothing is removed now\n"
    assert account.alive(orphans) == [True] * 4

    print(host.run(TOOL))
    assert account.alive(orphans) == [False] * 4
    assert account.alive([*foreign, account.like["InstanceId"], account.manager]) == [True] * 5
    assert host.run("docker-machine ls -q").split() == [account.worker]
    assert {volume["VolumeId"] for volume in account.ec2.describe_volumes()["Volumes"]} >= {*kept}
    assert left not in {volume["VolumeId"] for volume in account.ec2.describe_volumes()["Volumes"]}
    # The key pairs of the machines go once these are gone; their own is theirs no longer.
    print(host.run(TOOL))
    assert there - account.key_pairs() == {*keys[:4], keys[6], keys[8]}
    assert 'gitlab_runner_aws_removed_total{kind="instance"} 4' in host.read(METRICS).splitlines()
    assert host.run(TOOL) == ""

    account.ec2.terminate_instances(InstanceIds=foreign)
    for key in (*keys[4:6], "somebody", anothers_key):
        account.ec2.delete_key_pair(KeyName=key)
    for volume in kept:
        account.ec2.delete_volume(VolumeId=volume)
    account.ec2.delete_security_group(GroupId=others)


BROKEN: dict[str, Callable[[str], str]] = {
    "a stray word": lambda live: live.replace("[[runners]]", "stray\n[[runners]]"),
    "cut off": lambda live: live[: live.index("MachineName") + 16],
    "empty": lambda live: "",
    "none": lambda live: "concurrent = 1\n",
    "no name": lambda live: re.sub("MachineName = .*", "", live),
    "encoding": lambda live: live.replace("# Made", "# \udcff"),
}
SAME: dict[str, Callable[[str], str]] = {
    "literal": lambda live: re.sub('(MachineName|token) = "(.*)"', r"\1 = '\2'", live),
    "comments": lambda live: re.sub('(MachineName|token) = (".*")', r"\1 = \2 # mine", live),
    "spaces": lambda live: live.replace("[[runners]]", "[[ runners ]]").replace(
        "[runners.machine]", "[ runners . machine ]"
    ),
    "script": lambda live: live.replace(
        'executor = "', 'pre_build_script = """\n[[runners]]\n\u2028\x85x"""\nexecutor = "'
    ),
}


@needs.MACHINES
def test_a_config_toml_that_somebody_edited_costs_no_machine_and_can_be_put_right(
    watched: Deployment,
) -> None:
    host, live = watched.host(), watched.live()
    machines = host.run("docker-machine ls -q").split()
    assert len(machines) == 1

    def looked(text: str) -> str:
        """What the watch says with this file in place."""
        content = base64.b64encode(text.encode(errors="surrogateescape")).decode()
        host.run(f"echo {content} | base64 -d > /etc/gitlab-runner/config.toml; rm -f {METRICS}")
        said = host.run(f"{TOOL} 2>&1 || true")
        assert host.run("docker-machine ls -q").split() == machines
        return said

    for name, edit in SAME.items():
        assert edit(live) != live, name
        assert looked(edit(live)) == "", name
    for name, edit in BROKEN.items():
        (line,) = looked(edit(live)).splitlines()
        assert re.match("watch: .*config.toml", line), name
        assert "config_drifted 1" in host.read(METRICS), name
    assert looked("stray\n" + live) != ""
    told = watched.up("--replace", "**-registration-config").stdout
    assert "config.toml was changed by hand; it is replaced, and kept as" in told
    assert "can't be read as TOML" in told
    assert watched.live() == live
    assert {*machines} <= {*host.run("docker-machine ls -q").split()}


def test_the_watch_tells_cloudwatch_and_ships_the_journal_without_secrets(watched: Deployment) -> None:
    manager = watched.config["gitlab-runner-aws:manager"]
    manager["alarms"] = {"topicArn": "arn:aws:sns:eu-central-1:123456789012:ci"}
    manager["logs"] = {"journal": True}
    watched.configure()
    watched.up()
    host = watched.host()
    entry, until = tomllib.loads(watched.live())["runners"][0]["name"], 9_999_999_999
    state = {"failures_total": 7, "seen": until, "paused": {entry: until}}
    host.run(f"echo '{json.dumps(state)}' > /etc/gitlab-runner/staged/breaker.json")
    host.run(TOOL)

    cloudwatch = control.aws(watched.cloud, "cloudwatch")
    measured = {}
    for metric in cloudwatch.list_metrics(Namespace="gitlab-runner-aws")["Metrics"]:
        assert metric["Dimensions"] == [{"Name": "Deployment", "Value": "gitlab-runner-aws/local/runner"}]
        now = datetime.now(UTC)
        values = cloudwatch.get_metric_statistics(
            **{key: metric[key] for key in ("Namespace", "MetricName", "Dimensions")},
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=600,
            Statistics=["Sum"],
        )["Datapoints"]
        measured[metric["MetricName"]] = values[0]["Sum"]
    memory = measured.pop("MemoryUsedPercent")
    assert 0 < memory < 100
    assert measured == {"MachinesInError": 0, "SpotFailures": 7, "OrphansRemoved": 0, "PoolsPaused": 1}
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    ours = {a["MetricName"]: a["Dimensions"][0]["Value"] for a in alarms if a["Namespace"] == "gitlab-runner-aws"}
    assert ours == dict.fromkeys(
        ("MemoryUsedPercent", *measured.keys() - {"OrphansRemoved"}), "gitlab-runner-aws/local/runner"
    )

    logs = control.aws(watched.cloud, "logs")
    group, stream = json.loads(host.read(STAGED))["logGroup"], f"{watched.outputs()['manager_instance_id']}/journal"

    def shipped() -> list[str]:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    first = shipped()
    assert any("Configuration loaded" in line for line in first)
    assert not any(watched.token in line for line in first)
    host.run(TOOL)
    again = shipped()
    assert again[: len(first)] == first
    # gitlab-runner may write more meanwhile.
    lines = host.run("journalctl -u gitlab-runner -u gitlab-runner-aws-watch -o json --no-pager").splitlines()
    assert again == [message_of(json.loads(line)) for line in lines[: len(again)]], "each line is shipped once"


@needs.MACHINES
def test_a_destroy_leaves_nothing_of_what_docker_machine_does_not_know(watched: Deployment) -> None:
    account = Account(watched)
    key = account.name("9")
    account.launch(key, {"Name": key, "gitlab-runner-aws": account.told["deployment"]})
    assert f"removed key pair {key}" in watched.destroy().stdout
    assert control.leftovers(watched.cloud) == []
