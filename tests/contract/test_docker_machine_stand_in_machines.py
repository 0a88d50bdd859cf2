"""The machines that the stand-in for docker-machine keeps: its files, listings, states and removal."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from .recorded_aws import SPOT, Aws, Moto, create, emulated, options, recorded
from .stand_in_programs import Program, docker_machine


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


def test_the_files_are_private_and_keep_what_the_runner_asks_for(aws: Aws, program: Program) -> None:
    create(program, options(aws), "m1", "--engine-registry-mirror=http://x:6000")

    folder = program.folder / ".docker/machine/machines/m1"
    kept = json.loads((folder / "config.json").read_text())
    assert stat.S_IMODE((folder / "config.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "id_rsa").stat().st_mode) == 0o600
    assert (program.folder / ".docker/machine/certs/ca.pem").exists()
    assert kept["DriverName"] == "amazonec2"
    assert kept["HostOptions"]["EngineOptions"]["RegistryMirror"] == ["http://x:6000"]
    assert program.run("inspect", "m1", "-f", "{{.HostOptions.AuthOptions.StorePath}}").stdout == f"{folder}\n"


def test_a_machine_that_aws_took_away_does_not_answer(aws: Aws, program: Program) -> None:
    create(program, options(aws), "m1", *SPOT)
    address = json.loads(program.run("inspect", "m1").stdout)["Driver"]["PrivateIPAddress"]
    before = program.run("config", "m1")
    listed = program.run("ls", "--format", "{{.Name}} {{.DriverName}} {{.State}} {{.URL}}")
    number = json.loads(program.run("inspect", "m1").stdout)["Driver"]["InstanceId"]
    aws.client.terminate_instances(InstanceIds=[number])
    after = program.run("config", "m1")

    assert (before.returncode, after.returncode) == (0, 1)
    assert f"-H=tcp://{address}:2376" in before.stdout
    assert listed.stdout == f"m1 amazonec2 Running tcp://{address}:2376\n"
    assert "Host is not running" in after.stderr
    assert program.run("status", "m1").stdout == "Error\n"


@pytest.mark.parametrize("text", ['{"Driv', "[]", None])
def test_a_machine_without_a_file_that_can_be_read_is_removed_by_force_alone(
    program: Program, text: str | None
) -> None:
    """As `cmdRm` in commands/rm.go and `cmdLs` in commands/ls.go of docker/machine have it."""
    folder = program.folder / ".docker/machine/machines/m1"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "config.json").write_text(text)

    assert (program.run("ls", "-q").stdout, program.run("inspect", "m1").returncode) == ("", 1)
    assert program.run("ls", "--format", "{{.Name}}").stdout == "m1\n"
    refused = program.run("rm", "-y", "m1")
    assert (refused.returncode, folder.exists()) == (1, True)
    assert 'Error removing host "m1": ' in refused.stderr
    forced = program.run("rm", "-f", "-y", "m1")
    assert (forced.returncode, folder.exists()) == (0, False)


def test_only_an_on_demand_machine_can_be_stopped(aws: Aws, program: Program) -> None:
    create(program, options(aws), "spot", *SPOT)
    create(program, options(aws), "steady")

    refused, stopped = program.run("stop", "spot"), program.run("stop", "steady")

    assert (refused.returncode, stopped.returncode) == (1, 0)
    assert "one-time Spot request" in refused.stderr
    assert program.run("status", "steady").stdout == "Stopped\n"
    assert program.run("status", "spot").stdout == "Running\n"


def test_the_driver_none_makes_certificates_without_aws(program: Program) -> None:
    made = program.run("create", "--driver", "none", "--url", "localhost", "dummy-machine")

    assert made.returncode == 0
    assert (program.folder / ".docker/machine/certs/ca-key.pem").exists()
    assert program.run("create", "--driver", "none", "other").returncode == 1
    assert program.run("rm", "-y", "dummy-machine").returncode == 0
    assert program.run("inspect", "dummy-machine").returncode == 1


@pytest.mark.parametrize("name", ["..", "../certs", "x/y"])
def test_a_forced_removal_stays_in_its_folder(program: Program, name: str) -> None:
    program.run("create", "--driver", "none", "--url", "localhost", "kept")
    program.run("rm", "-f", name)

    assert program.run("ls", "-q").stdout == "kept\n"
    assert (program.folder / ".docker/machine/certs/ca.pem").exists()
