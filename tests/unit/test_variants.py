"""What a deployment is made of when its settings say so."""

import json
import tomllib
from typing import Any

import pulumi
import pytest

from components import AutoscalingRunner, AutoscalingRunnerArgs
from config_render import parse

from .conftest import Deploy, Recorder

TOKEN = "glrt-" + "a1B2" * 5
POOL = {"name": "ci", "limit": 4, "instanceTypes": ["m5.large"], "machine": {"MaxGrowthRate": 2}}
SSH = {"sshFrom": ["203.0.113.0/24"]}


@pytest.fixture
def deployed(deploy: Deploy) -> Any:
    """Deploy settings that go over a small stack's, and return what was registered."""

    def run(secrets: dict[str, str] | None = None, pool: dict[str, Any] | None = None, **given: Any) -> Recorder:
        raw = {
            "gitlab": {"url": "https://gitlab.example.com"},
            "manager": SSH,
            "pools": [{**POOL, **(pool or {})}],
            **given,
        }
        settings = parse(raw, token=TOKEN, region="eu-central-1", secrets=tuple(secrets or ()))
        args = AutoscalingRunnerArgs(settings=settings, region="eu-central-1", token=TOKEN, secrets=secrets or {})
        return deploy(lambda: AutoscalingRunner("runner", args))

    return run


def named(recorder: Recorder, kind: str) -> dict[str, dict[str, Any]]:
    """The inputs of all resources of a type, by their names less the deployment's."""
    found = {}
    for key, inputs in recorder.inputs.items():
        token, name = key.split("::")
        if token.endswith(f":{kind}"):
            found[name.removeprefix("runner-")] = inputs
    return found


def policy_of(recorder: Recorder) -> str:
    return str(named(recorder, "RolePolicy")["identity-manager"]["policy"])


def options(recorder: Recorder) -> list[str]:
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    found: list[str] = runner["machine"]["MachineOptions"]
    return found


@pytest.mark.parametrize(
    ("given", "gateways", "tables"),
    [
        ({}, {"network-nat"}, {"network-public", "network-private"}),
        (
            {"natGateways": "perZone"},
            {"network-nat-a", "network-nat-b"},
            {"network-public", "network-private-a", "network-private-b"},
        ),
    ],
)
def test_private_workers_get_out_through_nat_gateways(
    deployed: Any, given: dict[str, Any], gateways: set[str], tables: set[str]
) -> None:
    recorder = deployed(network={"zones": ["a", "b"], "private": True, **given})

    assert set(named(recorder, "NatGateway")) == set(named(recorder, "Eip")) == gateways
    assert set(named(recorder, "RouteTable")) == tables
    assert len(named(recorder, "VpcEndpoint")["network-s3"]["routeTableIds"]) == len(tables)
    subnets = named(recorder, "Subnet")
    assert subnets["network-public-a"]["cidrBlock"] == "10.0.0.0/20"
    assert subnets["network-private-b"]["cidrBlock"] == "10.0.144.0/20"
    assert not any("mapPublicIpOnLaunch" in subnet for subnet in subnets.values())
    assert recorder.named("runner-manager-instance")["subnetId"] == "runner-network-public-a-id"
    assert "amazonec2-subnet-id=runner-network-private-a-id" in recorder.named("runner-registration-config")["stdin"]
    assert "amazonec2-private-address-only=true" in recorder.named("runner-registration-config")["stdin"]


def test_a_private_manager_is_reached_at_its_private_address(deployed: Any) -> None:
    recorder = deployed(network={"private": True}, manager={**SSH, "publicAddress": False})

    instance = recorder.named("runner-manager-instance")
    assert (instance["associatePublicIpAddress"], instance["subnetId"]) == (False, "runner-network-private-a-id")
    assert recorder.secret("runner-registration-tool", "connection")["host"] == "10.0.0.9"


def test_ipv6_reaches_subnets_routes_and_groups(deployed: Any) -> None:
    recorder = deployed(network={"private": True, "ipv6": True})

    assert recorder.named("runner-network-vpc")["assignGeneratedIpv6CidrBlock"] is True
    subnets = named(recorder, "Subnet")
    assert subnets["network-public-a"]["ipv6CidrBlock"] == "2001:db8:1200::/64"
    assert subnets["network-private-a"]["ipv6CidrBlock"] == "2001:db8:1200:8::/64"
    assert recorder.named("runner-network-private-ipv6")["egressOnlyGatewayId"] == "runner-network-eigw-id"
    assert recorder.named("runner-network-internet-ipv6")["destinationIpv6CidrBlock"] == "::/0"
    assert recorder.named("runner-network-worker-out-ipv6")["cidrIpv6"] == "::/0"


def test_interface_endpoints_are_in_the_workers_subnets_and_open_to_the_vpc_alone(deployed: Any) -> None:
    recorder = deployed(network={"zones": ["a", "b"], "interfaceEndpoints": ["ec2", "ecr.api"]})

    endpoint = recorder.named("runner-network-endpoint-ecr.api")
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.ecr.api"
    assert (endpoint["vpcEndpointType"], endpoint["privateDnsEnabled"]) == ("Interface", True)
    assert endpoint["subnetIds"] == ["runner-network-public-a-id", "runner-network-public-b-id"]
    assert '{"aws:PrincipalAccount": "123456789012"}' in endpoint["policy"]
    rule = recorder.named("runner-network-endpoints-https")
    assert (rule["cidrIpv4"], rule["fromPort"]) == ("10.0.0.0/16", 443)


def test_bounded_egress_leaves_the_manager_its_workers(deployed: Any) -> None:
    rules = named(deployed(network={"egressPorts": [80, 443]}), "SecurityGroupEgressRule")

    assert {name: (rule["ipProtocol"], rule["fromPort"]) for name, rule in rules.items()} == {
        "network-manager-out-80": ("tcp", 80),
        "network-manager-out-443": ("tcp", 443),
        "network-worker-out-80": ("tcp", 80),
        "network-worker-out-443": ("tcp", 443),
        "network-manager-to-worker-ssh": ("tcp", 22),
        "network-manager-to-worker-docker": ("tcp", 2376),
    }
    assert rules["network-manager-to-worker-ssh"]["referencedSecurityGroupId"] == "runner-network-worker-id"


@pytest.mark.parametrize(("address", "port"), [(":9999", 9999), ("10.0.0.9", 9252)])
def test_metrics_are_open_to_the_networks_that_may_read_them(deployed: Any, address: str, port: int) -> None:
    manager = {"sshFrom": ["203.0.113.0/24"], "metricsFrom": ["10.0.0.0/8", "2001:db8:1:2:3:4:5:0/112"]}
    rules = named(deployed(listen_address=address, manager=manager), "SecurityGroupIngressRule")

    (v4, v6) = (rules[f"network-manager-metrics-{network}"] for network in manager["metricsFrom"])
    assert (v4["cidrIpv4"], v4["fromPort"], v4["toPort"]) == ("10.0.0.0/8", port, port)
    assert (v6["cidrIpv6"], v6["fromPort"]) == ("2001:db8:1:2:3:4:5:0/112", port)
    assert v4["securityGroupId"] == "runner-network-manager-id"


def test_an_existing_network_is_taken_with_its_zones(deployed: Any) -> None:
    recorder = deployed(
        network={
            "vpcId": "vpc-old",
            "subnetIds": ["subnet-c", "subnet-a"],
            "managerSubnetId": "subnet-b",
            "workerSecurityGroup": "old-workers",
        }
    )

    assert not named(recorder, "Vpc")
    assert not named(recorder, "Subnet")
    assert not named(recorder, "VpcEndpoint")
    assert set(named(recorder, "SecurityGroup")) == {"network-manager"}
    assert recorder.named("runner-manager-instance")["subnetId"] == "subnet-b"
    runners = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    assert [runner["name"] for runner in runners] == ["ci-c-m5-large", "ci-a-m5-large"]
    assert {"amazonec2-zone=c", "amazonec2-subnet-id=subnet-c", "amazonec2-security-group=old-workers"} <= {
        *runners[0]["machine"]["MachineOptions"]
    }
    assert "subnet/subnet-c" in policy_of(recorder)
    assert "security-group/sg-old" in policy_of(recorder)


def test_the_default_vpc_has_a_default_subnet_in_each_zone(deployed: Any) -> None:
    recorder = deployed(network={"vpcId": "default", "zones": ["b"]})

    assert {"amazonec2-vpc-id=vpc-old", "amazonec2-subnet-id=subnet-b", "amazonec2-zone=b"} <= {*options(recorder)}


def test_what_is_not_as_the_settings_say_is_told_before_anything_is_registered(deployed: Any) -> None:
    with pytest.raises(pulumi.RunError) as told:
        deployed(
            network={"vpcId": "vpc-old", "subnetIds": ["subnet-a", "subnet-a2", "subnet-bfar"]},
            pool={"zones": ["c"], "limit": 80, "ami": "ami-00000000", "instanceTypes": ["m6g.large"]},
        )

    assert str(told.value).splitlines()[1:] == [
        "  settings.pools[0].ami = ami-00000000: is for x86_64, while m6g.large is arm64; take another image",
        "  settings.network.subnetIds[1] = subnet-a2: is in eu-central-1a, as subnet-a is; "
        "there can be one subnet for each zone",
        "  settings.network.subnetIds[2] = subnet-bfar: is in vpc-far, not in vpcId vpc-old; take a subnet of that one",
        "  settings.pools[0].zones[0] = c: has no subnet; those of network are in the zones a, b",
    ]


def test_a_subnet_that_is_too_small_for_the_limits_is_told(deployed: Any) -> None:
    with pytest.raises(pulumi.RunError, match="has 20 free addresses, while the limits of the pools allow 80 machines"):
        deployed(network={"vpcId": "vpc-old", "subnetIds": ["subnet-a"]}, pool={"limit": 80})


def test_with_an_access_key_the_manager_has_a_user_and_no_profile(deployed: Any) -> None:
    recorder = deployed(identity={"mode": "accessKey", "path": "/ci/"})

    assert "iamInstanceProfile" not in recorder.named("runner-manager-instance")
    assert set(named(recorder, "Role")) == {"identity-worker"}
    assert named(recorder, "User")["identity-manager"]["path"] == "/ci/"
    assert named(recorder, "UserPolicyAttachment")["identity-manager"]["user"] == "runner-identity-manager-0000000"
    sealed = json.loads(recorder.secret("runner-registration-secrets", "stdin"))
    assert set(sealed) == {"token", "awsAccessKeyId", "awsSecretAccessKey"}
    assert "the-secret-key" not in repr(recorder.inputs)
    assert "amazonec2-secret-key=<secret:awsSecretAccessKey>" in options(recorder)
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    assert runner["cache"]["s3"]["AccessKey"] == "<secret:awsAccessKeyId>"
    assert "AuthenticationType" not in runner["cache"]["s3"]


def test_identities_that_are_there_are_taken(deployed: Any) -> None:
    account = "arn:aws:iam::123456789012"
    recorder = deployed(
        identity={
            "managerInstanceProfile": "old-manager",
            "workerInstanceProfile": f"{account}:instance-profile/ci/old-workers",
        }
    )

    assert not named(recorder, "Role")
    assert not named(recorder, "RolePolicy")
    assert recorder.named("runner-manager-instance")["iamInstanceProfile"] == "old-manager"
    assert "amazonec2-iam-instance-profile=old-workers" in options(recorder)


def test_a_boundary_and_a_path_are_on_every_role(deployed: Any) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    recorder = deployed(identity={"permissionsBoundary": boundary, "path": "/ci/"}, cache={"uploadRole": True})

    roles = named(recorder, "Role")
    assert set(roles) == {"identity-manager", "identity-worker", "identity-cache"}
    assert {(role["permissionsBoundary"], role["path"]) for role in roles.values()} == {(boundary, "/ci/")}
    assert {profile["path"] for profile in named(recorder, "InstanceProfile").values()} == {"/ci/"}


def test_large_caches_go_by_a_role_that_the_manager_alone_may_take(deployed: Any) -> None:
    recorder = deployed(cache={"uploadRole": True})

    trust = json.loads(named(recorder, "Role")["identity-cache"]["assumeRolePolicy"])
    assert "arn:aws:iam::123456789012:role/a-role" in json.dumps(trust)
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    assert runner["cache"]["s3"]["RoleARN"] == "arn:aws:iam::123456789012:role/a-role"


@pytest.mark.parametrize(
    "cache",
    [
        {"s3": {"BucketName": "our-cache", "BucketLocation": "us-west-2"}},
        {"Type": "gcs", "gcs": {"BucketName": "ours", "CredentialsFile": "/etc/gcs.json"}},
        {
            "s3": {
                "ServerAddress": "minio:9000",
                "BucketName": "ours",
                "AccessKey": "<secret:id>",
                "SecretKey": "<secret:k>",
            }
        },
    ],
)
def test_a_cache_that_is_elsewhere_makes_no_bucket(deployed: Any, cache: dict[str, Any]) -> None:
    recorder = deployed(secrets={"id": "one", "k": "two"}, cache=cache)

    assert not named(recorder, "Bucket")
    policy = policy_of(recorder)
    assert ("arn:aws:s3:::our-cache" in policy) == ("BucketLocation" in str(cache))
    (runner,) = tomllib.loads(recorder.named("runner-registration-config")["stdin"])["runners"]
    kind = cache.get("Type", "s3")
    assert runner["cache"][kind].items() >= cache[kind].items()


def test_a_bucket_with_a_customers_key_asks_for_it_once_for_many_objects(deployed: Any) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    (rule,) = deployed(cache={"kmsKey": key}).named("runner-cache-encryption")["rules"]

    default = rule["applyServerSideEncryptionByDefault"]
    assert (default["sseAlgorithm"], default["kmsMasterKeyId"], rule["bucketKeyEnabled"]) == ("aws:kms", key, True)


def test_the_managers_instance_is_as_the_settings_say(deployed: Any) -> None:
    recorder = deployed(
        manager={
            **SSH,
            "os": "amazon-linux-2023",
            "instanceType": "t4g.small",
            "monitoring": True,
            "stopProtection": True,
            "elasticIp": True,
            "ssm": True,
        }
    )

    instance = recorder.named("runner-manager-instance-arm64")
    assert instance["ami"] == "ami-arm64"
    assert [instance[key] for key in ("monitoring", "disableApiStop", "disableApiTermination")] == [True] * 3
    assert instance["metadataOptions"] == {"httpTokens": "required", "httpPutResponseHopLimit": 1}
    assert instance["rootBlockDevice"]["encrypted"] is True
    assert instance["volumeTags"]["gitlab-runner-aws"] == "test-runner"
    connection = recorder.secret("runner-registration-tool", "connection")
    assert (connection["user"], connection["host"]) == ("ec2-user", "192.0.2.9")
    assert recorder.named("runner-identity-ssm")["policyArn"].endswith(":aws:policy/AmazonSSMManagedInstanceCore")


def test_a_bastion_and_its_key_are_on_the_way_and_not_on_the_manager(deployed: Any) -> None:
    bastion = {"host": "bastion.example.com", "hostKey": "ssh-ed25519 AAAA", "privateKey": "<secret:bastionKey>"}
    recorder = deployed(secrets={"bastionKey": "PRIVATE"}, manager={**SSH, "bastion": bastion})

    proxy = recorder.secret("runner-registration-tool", "connection")["proxy"]
    assert (proxy["host"], proxy["hostKey"], proxy["privateKey"]) == (
        "bastion.example.com",
        "ssh-ed25519 AAAA",
        "PRIVATE",
    )
    assert list(json.loads(recorder.secret("runner-registration-secrets", "stdin"))) == ["token"]


def test_a_host_that_is_there_is_taken_as_the_manager(deployed: Any) -> None:
    host = {
        "address": "ci.example.com",
        "hostKey": "ssh-ed25519 AAAA",
        "privateKey": "<secret:key>",
        "securityGroupId": "sg-0123",
    }
    recorder = deployed(secrets={"key": "PRIVATE"}, manager={"host": host, "user": "ci"})

    assert not named(recorder, "Instance")
    assert not named(recorder, "KeyPair")
    assert recorder.named("runner-network-worker-ssh")["referencedSecurityGroupId"] == "sg-0123"
    connection = recorder.secret("runner-registration-tool", "connection")
    assert (connection["host"], connection["user"], connection["privateKey"]) == ("ci.example.com", "ci", "PRIVATE")


def test_alarms_and_spot_events_are_told(deployed: Any) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:ci"
    recorder = deployed(manager={**SSH, "alarms": {"topicArn": topic}, "logs": {"retentionDays": 7}})

    alarms = named(recorder, "MetricAlarm")
    of_instance, of_machines = {"recovery", "status", "cpu"}, {"memory", "error-machines", "spot-failures", "paused"}
    assert set(alarms) == {f"watch-{what}" for what in of_instance | of_machines}
    assert alarms["watch-recovery"]["alarmActions"] == ["arn:aws:automate:eu-central-1:ec2:recover", topic]
    assert alarms["watch-cpu"]["dimensions"] == {"InstanceId": "runner-manager-instance-id"}
    assert named(recorder, "LogGroup")["watch-spot"]["retentionInDays"] == 7
    pattern = json.loads(named(recorder, "EventRule")["watch-spot"]["eventPattern"])
    assert pattern["detail-type"] == ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"]
    assert named(recorder, "EventTarget")["watch-spot"]["arn"].endswith(":log-group:events")


def test_the_manager_may_report_what_is_asked_for(deployed: Any) -> None:
    topic = "arn:aws:sns:eu-central-1:123456789012:ci"

    def rights(**manager: Any) -> list[str]:
        policies = named(deployed(manager={**SSH, **manager}), "RolePolicy")
        if "watch-reports" not in policies:
            return []
        assert policies["watch-reports"]["role"] == policies["identity-manager"]["role"]
        return [statement["Sid"] for statement in json.loads(policies["watch-reports"]["policy"])["Statement"]]

    assert rights(logs={}) == []
    assert rights(logs={"journal": True}) == ["Logs"]
    assert rights(alarms={"topicArn": topic}) == ["Metrics"]
    assert rights(alarms={"topicArn": topic}, watch={"enabled": False}) == []
    assert rights(alarms={"topicArn": topic}, logs={"journal": True}) == ["Logs", "Metrics"]


def test_a_user_may_report_too(deployed: Any) -> None:
    recorder = deployed(manager={**SSH, "logs": {"journal": True}}, identity={"mode": "accessKey", "path": "/ci/"})

    assert named(recorder, "Policy")["watch-reports"]["path"] == "/ci/"
    assert set(named(recorder, "UserPolicyAttachment")) == {"identity-manager", "watch-reports"}


def test_the_watch_knows_machines_by_what_was_made_for_them(deployed: Any) -> None:
    def told(**given: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(deployed(**given).named("runner-registration-watch")["stdin"])
        return found

    plain = told()
    assert (plain["deployment"], plain["region"]) == ("test-runner", "eu-central-1")
    assert plain["profile"].startswith("runner-identity-worker-")
    assert plain["group"].startswith("runner-network-worker-")
    assert (plain["apart"], plain["logGroup"], plain["alarms"], plain["fleet"]) == (True, None, False, False)
    assert told(manager={**SSH, "logs": {"journal": True}})["logGroup"].startswith("runner-watch-spot-")
    assert told(manager={**SSH, "logs": {}})["logGroup"] is None
    assert (plain["ownInstance"], plain["stopTimeout"]) == (True, 7200)
    assert told(manager={**SSH, "watch": {"enabled": False}}).keys() == {"enabled", "breaker"}
    worker = {"workerInstanceProfile": "arn:aws:iam::1:instance-profile/w", "workerRole": "arn:aws:iam::1:role/w"}
    worker = {key: arn.replace("::1:", "::123456789012:") for key, arn in worker.items()}
    old = {"vpcId": "vpc-old", "subnetIds": ["subnet-a"], "workerSecurityGroup": "workers"}
    assert told(identity=worker)["apart"]
    assert not told(identity=worker, network=old)["apart"]


def test_images_are_looked_up_as_a_pool_says(deployed: Any) -> None:
    recorder = deployed(pool={"image": {"ssmParameter": "/ci/worker"}})

    assert "amazonec2-ami=ami-0123456789abcdef0" in options(recorder)
    assert "ami-0123456789abcdef0" in policy_of(recorder)


def test_user_data_is_a_file_on_the_manager_that_docker_machine_hands_on(deployed: Any) -> None:
    recorder = deployed(pool={"userData": "#!/bin/sh\necho hello\n"})

    assert json.loads(recorder.named("runner-registration-user-data")["stdin"]) == {"ci": "#!/bin/sh\necho hello\n"}
    assert "amazonec2-userdata=/etc/gitlab-runner/user-data/ci" in options(recorder)
