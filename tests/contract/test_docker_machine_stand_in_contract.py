"""The stand-in for docker-machine against what the real one was recorded to send."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .recorded_aws import KEYS, RECORDINGS, SPOT, Aws, Moto, create, emulated, generalised, options, recorded
from .stand_in_programs import Program, docker_machine

RECORDED = "0.16.2-gitlab.23"
CALLS = json.loads((RECORDINGS / "driver_ec2_calls.json").read_text())


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with emulated() as running:
        yield running


@pytest.fixture
def aws(moto: Moto) -> Iterator[Aws]:
    with recorded(moto) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return docker_machine(tmp_path)


@pytest.mark.parametrize(("kind", "extra"), [("spot", SPOT), ("on_demand", ())])
def test_it_makes_the_recorded_calls(aws: Aws, tmp_path: Path, kind: str, extra: tuple[str, ...]) -> None:
    program = docker_machine(tmp_path, RECORDED)
    assert create(program, options(aws), "m1", *extra).returncode == 0
    removal = program.run("rm", "-y", "m1")

    assert removal.returncode == 0
    assert aws.calls() == [generalised(call) for call in CALLS[kind]]
    launched = next(r.parameters for r in aws.requests if r.parameters["Action"] == "RunInstances")
    assert launched["NetworkInterface.1.SubnetId"] == aws.subnet


def test_newer_versions_say_how_fast_the_disk_is(aws: Aws, program: Program) -> None:
    faster = {"volume_iops": "4000", "volume_throughput": "500", "credit_specification": "unlimited"}
    for name, given in (("m1", {}), ("m2", faster)):
        assert create(program, options(aws, **given), name).returncode == 0

    default, other = (r.parameters for r in aws.requests if r.parameters["Action"] == "RunInstances")
    ebs = "BlockDeviceMapping.1.Ebs."
    assert (default[f"{ebs}Iops"], default[f"{ebs}Throughput"]) == ("3000", "125")
    assert (other[f"{ebs}Iops"], other[f"{ebs}Throughput"]) == ("4000", "500")
    assert "CreditSpecification.CpuCredits" not in default
    assert other["CreditSpecification.CpuCredits"] == "unlimited"


def test_the_recorded_version_does_not_know_these_flags(aws: Aws, tmp_path: Path) -> None:
    result = create(docker_machine(tmp_path, RECORDED), options(aws, volume_iops="4000"))

    assert "flag provided but not defined: -amazonec2-volume-iops" in result.stderr
    assert aws.requests == []


def test_what_is_tagged_in_aws_is_the_instance(aws: Aws, program: Program) -> None:
    create(program, options(aws), "m1", *SPOT)

    instance = aws.client.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["m1"]}])
    tags = instance["Reservations"][-1]["Instances"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"Name": "m1", "k1": "v1", "k2": "v2"}


def test_the_signature_is_the_one_that_aws_own_library_makes(aws: Aws, program: Program) -> None:
    create(program, options(aws))

    sent = aws.requests[0]
    scheme, _, rest = sent.headers["authorization"].partition(" ")
    fields = dict(part.split("=", 1) for part in rest.split(", "))
    names = fields["SignedHeaders"].split(";")
    request = AWSRequest("POST", f"http://{aws.address}/", {n: sent.headers[n] for n in names}, sent.body)
    request.context["timestamp"] = sent.headers["x-amz-date"]
    keys = Credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"])
    signer = SigV4Auth(keys, "ec2", "us-east-1")
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert scheme == "AWS4-HMAC-SHA256"
    assert fields["Credential"].startswith("AKIDEXAMPLE/")
    assert fields["Signature"] == expected


def test_a_missing_group_is_made_and_opened_unless_it_is_read_only(aws: Aws, program: Program) -> None:
    create(program, options(aws, security_group="new", security_group_readonly="false", open_port="8080"))
    create(program, options(aws, security_group="closed"), "m2")

    groups = aws.client.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [aws.vpc]}])["SecurityGroups"]
    ports = {g["GroupName"]: sorted(rule["FromPort"] for rule in g["IpPermissions"]) for g in groups}
    assert ports["new"] == [22, 2376, 8080]
    assert ports["closed"] == []


def test_a_subnet_of_the_zone_is_found_where_none_is_given(aws: Aws, program: Program) -> None:
    result = create(program, options(aws, subnet_id=None))

    assert result.returncode == 0
    launched = next(r.parameters for r in aws.requests if r.parameters["Action"] == "RunInstances")
    assert launched["NetworkInterface.1.SubnetId"] == aws.subnet


def test_an_account_without_a_default_network_needs_one_named(aws: Aws, program: Program) -> None:
    result = create(program, options(aws, vpc_id=None, subnet_id=None))

    assert result.returncode == 1
    assert "requires either the --amazonec2-subnet-id or --amazonec2-vpc-id option" in result.stderr
    assert aws.actions() == ["DescribeAccountAttributes"]


def test_it_names_its_version(program: Program) -> None:
    assert program.run("--version").stdout.startswith("docker-machine version 0.16.2-gitlab.48, build ")
