"""What a trusted scanner says of what is really deployed: nothing that is unknown and accepted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import control
from localcloud.cloud import LocalCloud

from .deployments import REGION, SETTINGS, deployed
from .scanner import Scan, accepted, scan, unanswered


@pytest.mark.parametrize("name", SETTINGS)
def test_every_finding_is_accepted_and_every_accepted_one_is_found(name: str, tmp_path: Path) -> None:
    with deployed(name, tmp_path) as cloud:
        result = scan(cloud.addresses.aws, REGION)
    known = accepted(name)
    refused = result.not_accepted(known)
    stale = [entry for entry in known if not any(map(entry.covers, result.failed()))]
    assert not result.broken, "\n".join(["prowler could not do its work:", *result.broken])
    assert set(result.unanswered) <= set(unanswered())
    assert not refused, "\n".join(["mend these, or accept them in accepted.yaml:", *map(str, refused)])
    assert not stale, "\n".join(["no longer found, so take them out of accepted.yaml:", *map(str, stale)])


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scan]:
    """A scan of things that are deployed without care, under the names of ours."""
    cloud = LocalCloud.start(tmp_path_factory.mktemp("careless"))
    try:
        _bucket(cloud)
        _instance(cloud)
        _role(cloud)
        yield scan(cloud.addresses.aws, REGION)
    finally:
        cloud.stop()


def _bucket(cloud: LocalCloud) -> None:
    s3, bucket = control.aws(cloud, "s3"), "runner-cache-bucket-0bad"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    everything = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everything]}))


def _instance(cloud: LocalCloud) -> None:
    ec2 = control.aws(cloud, "ec2")
    group = ec2.create_security_group(GroupName="runner-manager", Description="open")["GroupId"]
    anywhere = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[anywhere])
    tags = [{"Key": "Name", "Value": "runner-manager"}]
    ec2.run_instances(
        ImageId=ec2.describe_images()["Images"][0]["ImageId"],
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[group],
        MetadataOptions={"HttpTokens": "optional"},
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    )
    ec2.create_tags(Resources=[group], Tags=tags)


def _role(cloud: LocalCloud) -> None:
    iam, name = control.aws(cloud, "iam"), "runner-identity-manager-0bad"
    version = {"Version": "2012-10-17"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({**version, "Statement": [trust]}))
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({**version, "Statement": [everything]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)


@pytest.mark.parametrize(
    ("check", "resource"),
    [
        ("s3_bucket_level_public_access_block", "runner-cache-bucket-0bad"),
        ("s3_bucket_policy_public_write_access", "runner-cache-bucket-0bad"),
        ("s3_bucket_secure_transport_policy", "runner-cache-bucket-0bad"),
        ("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22", "runner-manager"),
        ("ec2_instance_imdsv2_enabled", "runner-manager"),
        ("ec2_ebs_volume_encryption", "runner-manager"),
        ("iam_inline_policy_no_administrative_privileges", "runner-identity-manager-0bad/all"),
    ],
)
def test_what_is_deployed_without_care_is_found(careless: Scan, check: str, resource: str) -> None:
    assert (check, resource) in {
        (finding.check, finding.resource) for finding in careless.not_accepted(accepted("default"))
    }
