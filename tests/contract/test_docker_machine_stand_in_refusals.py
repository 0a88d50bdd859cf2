"""What the stand-in for docker-machine refuses, as the real one, its driver or AWS would."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .recorded_aws import KEYS, RECORDINGS, SPOT, Aws, Moto, create, emulated, options, recorded
from .stand_in_programs import Program, docker_machine

FLAGS = json.loads((RECORDINGS / "amazonec2_flags.json").read_text())


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


def test_every_flag_of_the_recording_is_known(aws: Aws, program: Program) -> None:
    given = [
        f"--{flag['machine_option']}={ {'int': '1', 'bool': 'true'}.get(flag['type'], 'x') }"
        for flag in FLAGS["flags"]
        if flag["gitlab_fork"]
    ]

    result = create(program, given, "not_a_host_name")

    assert result.returncode == 1
    assert "Invalid hostname specified" in result.stderr


@pytest.mark.parametrize("flag", [f["machine_option"] for f in FLAGS["flags"] if not f["gitlab_fork"]])
def test_a_flag_of_another_fork_is_refused(aws: Aws, program: Program, flag: str) -> None:
    result = create(program, options(aws), "m1", f"--{flag}")

    assert result.returncode == 1
    assert f"flag provided but not defined: -{flag}" in result.stderr
    assert aws.requests == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"no_such_option": "1"}, "flag provided but not defined: -amazonec2-no-such-option"),
        ({"root_size": "large"}, 'invalid value "large" for flag -amazonec2-root-size'),
        ({"root_size": ""}, 'invalid value "" for flag -amazonec2-root-size'),
        ({"monitoring": "yes"}, 'invalid boolean value "yes" for -amazonec2-monitoring'),
        ({"endpoint": None, "region": "nowhere-1"}, "Invalid region specified"),
        ({"endpoint": None}, "using --amazonec2-insecure-transport also requires --amazonec2-endpoint"),
        ({"keypair_name": "mine"}, "using --amazonec2-keypair-name also requires --amazonec2-ssh-keypath"),
    ],
)
def test_bad_flags_are_refused_before_any_call(
    aws: Aws, program: Program, change: dict[str, str | None], message: str
) -> None:
    result = create(program, options(aws, **change))

    assert result.returncode == 1
    assert message in result.stderr
    assert aws.requests == []
    assert not (program.folder / ".docker/machine/machines/m1").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subnet_id": "subnet-00000000000000000"}, "The desired subnet could not be located in this region."),
        ({"vpc_id": "vpc-00000000000000000"}, "does not belong to VpcId: vpc-00000000000000000"),
        ({"subnet_id": None, "zone": "us-east-1z"}, "unable to find a subnet that is both in the zone us-east-1z"),
    ],
)
def test_the_network_is_checked_before_anything_is_made(
    aws: Aws, program: Program, change: dict[str, str | None], message: str
) -> None:
    result = create(program, options(aws, **change))

    assert result.returncode in (1, 3)
    assert message in result.stderr
    assert not {"ImportKeyPair", "RunInstances"} & set(aws.actions())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"request_spot_instance": "true", "spot_price": ""}, "The value '' is invalid for parameter MaxPrice."),
        ({"zone": "us-east-1b"}, "The value 'us-east-1b' is invalid for parameter availabilityZone."),
        ({"volume_type": "io1", "volume_iops": "0"}, "The parameter iops must be specified for io1 volumes."),
        ({"volume_iops": "20000"}, "The value '20000' is invalid for parameter iops."),
        ({"metadata_token": "never"}, "The value 'never' is invalid for parameter HttpTokens."),
        ({"tags": "Name,other"}, "Duplicate tag key specified."),
        ({"security_group": "sg-0123"}, "Invalid value 'sg-0123' for groupName."),
        ({"userdata": "/no/such/file"}, "unable to read --amazonec2-userdata file"),
    ],
)
def test_what_aws_refuses_fails_the_creation_and_is_rolled_back(
    aws: Aws, program: Program, change: dict[str, str | None], message: str
) -> None:
    result = create(program, options(aws, **change))

    assert result.returncode == 1
    assert f"Error creating machine: Error in driver during machine creation: {message}" in (
        result.stderr.replace("InvalidParameterValue: ", "").replace("MissingParameter: ", "")
    )
    assert "RunInstances" not in aws.actions()
    assert aws.actions()[-1] == "DeleteKeyPair"


def test_a_machine_whose_creation_failed_is_listed_as_an_error_and_can_be_removed(aws: Aws, program: Program) -> None:
    create(program, options(aws, volume_type="io1"))

    listed = program.run("ls", "-q", "--filter", "state=Error", "--format", "{{.NAME}}")
    removed = program.run("rm", "-y", "m1")

    assert listed.stdout == "m1\n"
    assert removed.returncode == 0
    assert program.run("ls", "-q").stdout == ""


def test_a_spot_machine_whose_tags_are_refused_is_terminated_again(aws: Aws, program: Program) -> None:
    result = create(program, options(aws, tags="aws:owner,me"), "m1", *SPOT)

    assert result.returncode == 1
    assert aws.actions()[-3:] == ["RunInstances", "TerminateInstances", "DeleteKeyPair"]


def test_a_second_machine_of_the_same_name_is_refused(aws: Aws, program: Program, tmp_path: Path) -> None:
    create(program, options(aws))
    known = create(program, options(aws))
    (tmp_path / "elsewhere").mkdir()
    unknown = create(docker_machine(tmp_path / "elsewhere"), options(aws))

    assert (known.returncode, unknown.returncode) == (1, 3)
    assert 'Docker machine "m1" already exists' in known.stderr
    assert "There is already a keypair with the name m1." in unknown.stderr


def test_no_key_is_ever_printed(aws: Aws, program: Program) -> None:
    secret = KEYS["AWS_SECRET_ACCESS_KEY"]
    attempts: list[Callable[[], Any]] = [
        lambda: create(program, options(aws)),
        lambda: create(program, options(aws, spot_price=""), "m2", "--amazonec2-request-spot-instance"),
        lambda: program.run("ls"),
        lambda: program.run("config", "m1"),
    ]
    printed = [result.stdout + result.stderr for result in (attempt() for attempt in attempts)]

    assert not any(secret in text for text in printed)
