"""What a pool of docker-autoscaler is made of in AWS, and what a manager of such pools no longer has."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components import AutoscalingRunner, AutoscalingRunnerArgs
from components.iam.policies import LONGEST_GROUPS_POLICY, LONGEST_ROLE_POLICY, length
from config_render.executors.docker_autoscaler.user_data import user_data
from config_render.files.checked_file import settings_of
from config_render.files.stack_file import read_stack_file, with_executor
from config_render.settings.pool import Pool

from .conftest import TOKEN, Deploy, Recorder
from .registered import named, policy_of

ROOT = Path(__file__).parents[2]
AUTOSCALER = {"executor": "docker-autoscaler"}
NAME = "gitlab-runner-aws/test/runner/ci"
TAGS = {"runner-manager-name": "ci", "gitlab-runner-aws": "gitlab-runner-aws/test/runner", "Name": NAME}
MIXED = [{"name": "old", "limit": 2}, {"name": "new", "limit": 2, **AUTOSCALER}]
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"

# Renaming any of these replaces live groups, and with them the machines that run jobs.
TYPE = "gitlab-runner-aws:index:WorkerGroup"
IDENTITIES = {
    f"gitlab-runner-aws:index:AutoscalingRunner${TYPE}::runner-workers-ci",
    f"{TYPE}$aws:ec2/launchTemplate:LaunchTemplate::runner-workers-ci-x86_64",
    f"{TYPE}$aws:autoscaling/group:Group::runner-workers-ci-group",
}


def group(recorder: Recorder) -> dict[str, Any]:
    return recorder.named("runner-workers-ci-group")


def template(recorder: Recorder, architecture: str = "x86_64") -> dict[str, Any]:
    return recorder.named(f"runner-workers-ci-{architecture}")


def test_a_pool_has_a_template_and_a_group(deployed_with: Any) -> None:
    recorder = deployed_with(**AUTOSCALER)
    assert {urn for urn in recorder.urns if "workers-ci" in urn} == IDENTITIES


def test_machines_are_what_the_pool_says_and_tagged_from_birth(deployed_with: Any) -> None:
    found = template(deployed_with(**AUTOSCALER))
    text = base64.b64decode(found.pop("userData")).decode()
    assert text == user_data(Pool.model_validate({"name": "ci", "limit": 4}))
    assert found == {
        "updateDefaultVersion": True,
        "imageId": "ami-amd64",
        "instanceType": "m5.large",
        "iamInstanceProfile": {"name": "runner-identity-worker-0000000"},
        "networkInterfaces": [
            {
                "deviceIndex": 0,
                "securityGroups": ["runner-network-worker-id"],
                "associatePublicIpAddress": "true",
                "deleteOnTermination": "true",
            }
        ],
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/sda1",
                "ebs": {
                    "volumeSize": 40,
                    "volumeType": "gp3",
                    "encrypted": "true",
                    "deleteOnTermination": "true",
                },
            }
        ],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 2,
            "instanceMetadataTags": "disabled",
        },
        "monitoring": {"enabled": False},
        "tagSpecifications": [
            {"resourceType": kind, "tags": TAGS} for kind in ("instance", "volume", "network-interface")
        ],
        "tags": TAGS,
    }


def test_nothing_but_the_manager_changes_the_size_of_a_group_or_replaces_its_machines(deployed_with: Any) -> None:
    assert group(deployed_with(network={"zones": ["a", "b"]}, **AUTOSCALER)) == {
        "name": NAME,
        "minSize": 0,
        "maxSize": 4,
        "vpcZoneIdentifiers": ["runner-network-public-a-id", "runner-network-public-b-id"],
        "mixedInstancesPolicy": {
            "instancesDistribution": {
                "onDemandBaseCapacity": 0,
                "onDemandPercentageAboveBaseCapacity": 100,
                "onDemandAllocationStrategy": "prioritized",
                "spotAllocationStrategy": "price-capacity-optimized",
            },
            "launchTemplate": {
                "launchTemplateSpecification": {"launchTemplateId": "runner-workers-ci-x86_64-id", "version": "3"},
                "overrides": [{"instanceType": "m5.large"}],
            },
        },
        "protectFromScaleIn": True,
        "suspendedProcesses": ["AZRebalance"],
        "capacityRebalance": False,
        "maxInstanceLifetime": 0,
        "healthCheckType": "EC2",
        "waitForCapacityTimeout": "0",
        "forceDelete": True,
        "tags": [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in TAGS.items()],
    }


OPTIONS = {
    "amazonec2-device-name": "/dev/xvda",
    "amazonec2-root-size": 100,
    "amazonec2-volume-type": "io2",
    "amazonec2-volume-iops": 4000,
    "amazonec2-metadata-token-response-hop-limit": 1,
    "amazonec2-monitoring": True,
    "amazonec2-use-ebs-optimized-instance": False,
    "amazonec2-keypair-name": "shared",
    "amazonec2-ssh-keypath": "/root/.ssh/shared",
    "amazonec2-private-address-only": True,
    "amazonec2-credit-specification": "standard",
}


def test_options_of_docker_machine_are_those_of_the_template(deployed_with: Any) -> None:
    recorder = deployed_with(pool={"driver": OPTIONS, "instanceTypes": ["t3.large"], "zones": ["a"]}, **AUTOSCALER)
    found = template(recorder)
    assert found["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/xvda",
            "ebs": {
                "volumeSize": 100,
                "volumeType": "io2",
                "iops": 4000,
                "encrypted": "true",
                "deleteOnTermination": "true",
            },
        }
    ]
    assert found["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert (found["monitoring"], found["ebsOptimized"], found["keyName"]) == ({"enabled": True}, "false", "shared")
    assert found["networkInterfaces"][0]["associatePublicIpAddress"] == "false"
    assert found["creditSpecification"] == {"cpuCredits": "standard"}


SPOT = {"maxPrice": "onDemand", "onDemandPrice": 0.2}


@pytest.mark.parametrize(
    ("spot", "distribution", "tagged"),
    [
        (SPOT, {"onDemandBaseCapacity": 0, "onDemandPercentageAboveBaseCapacity": 0}, True),
        (
            {"maxPrice": 0.07},
            {"onDemandBaseCapacity": 0, "onDemandPercentageAboveBaseCapacity": 0, "spotMaxPrice": "0.07"},
            True,
        ),
        ({**SPOT, "onDemandLimit": 2}, {"onDemandBaseCapacity": 2, "onDemandPercentageAboveBaseCapacity": 0}, False),
    ],
)
def test_spot_machines_come_from_where_capacity_lasts_longest(
    deployed_with: Any, spot: dict[str, Any], distribution: dict[str, Any], tagged: bool
) -> None:
    recorder = deployed_with(pool={"spot": spot}, **AUTOSCALER)
    strategies = {"onDemandAllocationStrategy": "prioritized", "spotAllocationStrategy": "price-capacity-optimized"}
    assert group(recorder)["mixedInstancesPolicy"]["instancesDistribution"] == {**strategies, **distribution}
    kinds = [each["resourceType"] for each in template(recorder)["tagSpecifications"]]
    assert ("spot-instances-request" in kinds) == tagged
    assert "instanceMarketOptions" not in template(recorder)


def test_types_of_two_architectures_have_a_template_each(deployed_with: Any) -> None:
    recorder = deployed_with(pool={"instanceTypes": ["m5.large", "m6g.large", "m5a.large"]}, **AUTOSCALER)
    launch = group(recorder)["mixedInstancesPolicy"]["launchTemplate"]
    arm = {"launchTemplateId": "runner-workers-ci-arm64-id", "version": "3"}
    assert launch["launchTemplateSpecification"]["launchTemplateId"] == "runner-workers-ci-x86_64-id"
    assert launch["overrides"] == [
        {"instanceType": "m5.large"},
        {"instanceType": "m6g.large", "launchTemplateSpecification": arm},
        {"instanceType": "m5a.large"},
    ]
    assert (template(recorder)["imageId"], template(recorder, "arm64")["imageId"]) == ("ami-amd64", "ami-arm64")


@pytest.mark.parametrize(
    ("key", "arn"),
    [(KEY, KEY), ("alias/ci", f"{KEY}-of-alias/ci"), ("key/1", f"{KEY}-of-1"), ("0-1", f"{KEY}-of-0-1")],
)
def test_auto_scaling_may_use_the_key_of_the_disks(deployed_with: Any, key: str, arn: str) -> None:
    recorder = deployed_with(pool={"driver": {"amazonec2-volume-kms-key": key}}, **AUTOSCALER)
    grant = recorder.named("runner-workers-ci-volumes")
    assert grant["keyId"] == arn
    assert grant["granteePrincipal"].endswith("/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")
    assert {"CreateGrant", "Decrypt", "GenerateDataKeyWithoutPlaintext"} < {*grant["operations"]}
    assert template(recorder)["blockDeviceMappings"][0]["ebs"]["kmsKeyId"] == arn


def test_an_existing_network_is_taken_with_its_group(deployed_with: Any) -> None:
    network = {"vpcId": "vpc-old", "subnetIds": ["subnet-c", "subnet-a"], "workerSecurityGroup": "old-workers"}
    recorder = deployed_with(network=network, **AUTOSCALER)
    assert group(recorder)["vpcZoneIdentifiers"] == ["subnet-c", "subnet-a"]
    assert template(recorder)["networkInterfaces"][0]["securityGroups"] == ["sg-old"]


def test_a_manager_can_start_nothing_but_its_groups(deployed_with: Any) -> None:
    recorder = deployed_with(**AUTOSCALER)
    assert {*named(recorder, "RolePolicy")} == {"identity-groups"}
    statements = json.loads(recorder.named("runner-identity-groups")["policy"])["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    # What is left are machines of an earlier executor, which it may remove.
    assert {action for action in actions if action.startswith(("iam:", "ec2:")) and ":Describe" not in action} == {
        "ec2:StopInstances",
        "ec2:TerminateInstances",
        "ec2:DeleteVolume",
        "ec2:CancelSpotInstanceRequests",
        "ec2:DeleteKeyPair",
    }
    (resize,) = [each["Resource"] for each in statements if each["Sid"] == "Resize"]
    assert [arn.rpartition("autoScalingGroupName/")[2] for arn in resize] == [NAME]
    assert "s3:GetObject" in actions


def test_workers_have_no_port_of_docker(deployed_with: Any) -> None:
    recorder = deployed_with(network={"egressPorts": [443]}, **AUTOSCALER)
    rules = {**named(recorder, "SecurityGroupIngressRule"), **named(recorder, "SecurityGroupEgressRule")}
    assert {name for name in rules if "worker" in name} == {
        "network-worker-ssh",
        "network-manager-to-worker-ssh",
        "network-worker-out-443",
    }


def test_pools_of_both_executors_have_what_each_needs(deployed_with: Any) -> None:
    recorder = deployed_with(pools=MIXED)
    assert {*named(recorder, "Group")} == {"workers-new-group"}
    assert {*named(recorder, "RolePolicy")} == {"identity-manager", "identity-groups"}
    assert "runner-*-old-*" in policy_of(recorder)
    assert "runner-*-new-*" not in policy_of(recorder)
    assert "s3:GetObject" in policy_of(recorder)
    assert "s3:" not in recorder.named("runner-identity-groups")["policy"]
    assert "network-worker-docker" in named(recorder, "SecurityGroupIngressRule")


def test_images_of_the_other_executor_are_none_of_the_managers_business(deployed_with: Any) -> None:
    arm = {**MIXED[1], "instanceTypes": ["m6g.large"]}
    own = {**MIXED[1], "name": "own", "ami": "ami-0123456789abcdef0"}
    (start,) = [
        each
        for each in json.loads(policy_of(deployed_with(pools=[MIXED[0], arm, own])))["Statement"]
        if each["Sid"] == "StartFrom"
    ]
    assert [arn.rpartition("/")[2] for arn in start["Resource"] if ":image/" in arn] == ["ami-amd64"]


@pytest.mark.parametrize("count", [25, 100])
def test_policies_of_both_executors_fit_into_one_role(deployed_with: Any, count: int) -> None:
    many = [{"name": f"old-{n:02}-{'x' * 18}", "limit": 1} for n in range(count)]
    recorder = deployed_with(pools=[*many, *({**each, **AUTOSCALER, "name": f"n{each['name']}"} for each in many)])
    sizes = {name: length(json.loads(each["policy"])) for name, each in named(recorder, "RolePolicy").items()}
    assert sizes["identity-groups"] <= LONGEST_GROUPS_POLICY
    assert sizes["identity-manager"] <= LONGEST_ROLE_POLICY - LONGEST_GROUPS_POLICY


def test_a_pool_may_name_another_instance_profile(deployed_with: Any) -> None:
    driver = {"amazonec2-iam-instance-profile": "own"}
    recorder = deployed_with(identity={"managerInstanceProfile": "manager"}, pool={"driver": driver}, **AUTOSCALER)
    assert template(recorder)["iamInstanceProfile"] == {"name": "own"}
    assert not named(recorder, "RolePolicy")


def test_everything_on_the_manager_waits_for_the_groups(deployed_with: Any) -> None:
    recorder = deployed_with(**AUTOSCALER)
    for step in ("life", "gitlab", "install"):
        request = recorder.requests[f"command:remote:Command::runner-registration-{step}"]
        needed = {urn.rpartition("::")[2] for urn in request.dependencies}
        assert {"runner-workers-ci-group", "runner-identity-groups"} <= needed


def test_the_manager_has_no_user_data_of_machines_that_a_group_launches(deployed_with: Any) -> None:
    recorder = deployed_with(pool={"userData": "#!/bin/sh\necho hello-there\n"}, **AUTOSCALER)
    assert "hello-there" not in repr({name: each for name, each in recorder.inputs.items() if "command:" in name})
    assert "hello-there" in base64.b64decode(template(recorder)["userData"]).decode()


def test_stacks_without_groups_do_not_load_their_classes() -> None:
    program = "import sys; from components import AutoscalingRunner; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "pulumi_aws.ec2.security_group" in loaded
    assert not {"pulumi_aws.autoscaling.group", "pulumi_aws.ec2.launch_template"} & {*loaded.split()}


@pytest.mark.parametrize("path", sorted((ROOT / "examples/stacks").glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_any_example_stack_has_a_group_for_each_pool_with_one_line_more(path: Path, deploy: Deploy) -> None:
    settings = settings_of(path, with_executor(read_stack_file(path), "docker-autoscaler"))
    secrets = dict.fromkeys(read_stack_file(path).secrets, "a secret")
    args = AutoscalingRunnerArgs(settings=settings, region="eu-central-1", token=TOKEN, secrets=secrets)
    recorder = deploy(lambda: AutoscalingRunner("runner", args))

    groups = {urn.rpartition("::")[2] for urn in recorder.urns if urn.rpartition("$")[2].startswith("aws:autoscaling")}
    assert groups == {f"runner-workers-{pool.name}-group" for pool in settings.pools}
    ports = {inputs["fromPort"] for inputs in recorder.inputs.values() if "fromPort" in inputs}
    assert 22 in ports
    assert 2376 not in ports
