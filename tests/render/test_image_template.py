"""The image of a pool's machines: what is built, of what, and that the pool finds it."""

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from config_render.__main__ import main
from config_render.executors.docker_autoscaler import worker_program
from config_render.executors.docker_autoscaler.user_data import user_data
from config_render.settings.image import ImageLookup
from config_render.settings.stack import Settings
from config_render.worker_image.template import (
    ImageBuild,
    helper_image,
    image_name,
    image_setting,
    is_reference,
    packer_template,
)

from .settings_samples import stack

HELPER = "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper"
UBUNTU = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"


def settings_of(pool: dict[str, Any] | None = None, **settings: Any) -> Settings:
    return Settings.model_validate(stack(pool or {}, **{"executor": "docker-autoscaler", **settings}))


def template(settings: Settings, **build: Any) -> dict[str, Any]:
    made = ImageBuild(**{"stack": "dev", "region": "eu-central-1", "partition": "aws", **build})
    return packer_template(settings, settings.pools[0], made)


def source(settings: Settings, **build: Any) -> dict[str, Any]:
    ((found,),) = (kinds.values() for kinds in template(settings, **build)["source"].values())
    assert isinstance(found, dict)
    return found


def script(settings: Settings, **build: Any) -> list[str]:
    found: list[str] = template(settings, **build)["build"]["provisioner"]["shell"]["inline"]
    return found


def pulled(settings: Settings, **build: Any) -> list[str]:
    return [line.split()[-1] for line in script(settings, **build) if line.startswith("docker pull")]


def argument(text: str) -> dict[str, Any]:
    """What the program on a machine with this user data is told."""
    ((_, _, found),) = json.loads(text.partition("\n")[2])["runcmd"]
    wanted: dict[str, Any] = json.loads(found)
    return wanted


def test_the_machine_that_is_built_on_does_what_those_of_the_pool_do() -> None:
    pool = {"driver": {"engine-registry-mirror": ["http://mirror:5000"]}, "dockerEngine": {"version": "28.2.2"}}
    settings = settings_of(pool)

    assert source(settings)["user_data"] == user_data(settings.pools[0])


def test_on_a_machine_with_the_image_docker_is_neither_installed_nor_restarted() -> None:
    wanted = argument(source(settings_of({"driver": {"engine-registry-mirror": ["http://mirror:5000"]}}))["user_data"])
    built = worker_program.daemon_json("", wanted)

    assert worker_program.daemon_json(built, wanted) == built


def test_the_pools_own_user_data_are_left_to_the_boot() -> None:
    assert source(settings_of({"userData": "#!/bin/sh\n"})) == source(settings_of())


def test_docker_machine_finds_no_option_that_it_gives_as_a_flag() -> None:
    pool = {"driver": {"engine-registry-mirror": ["http://mirror:5000"]}}
    wanted = argument(source(settings_of(pool, executor="docker+machine"))["user_data"])

    assert json.loads(worker_program.daemon_json("", wanted)) == {}


@pytest.mark.parametrize("own", ["#{{x}}${y}%{z}", "${{ x }}"])
def test_nothing_in_a_text_is_a_template(own: str) -> None:
    pool = {"driver": {"engine-install-url": f"https://get.example.com/{own.replace(' ', '')}"}}
    found = source(settings_of(pool))["user_data"]

    hcl = found.replace("$${", "").replace("%%{", "")
    assert ("${" in hcl, "%{" in hcl) == (False, False)
    assert "{{" not in found.replace('{{ "{{" }}', "")


@pytest.mark.parametrize(
    ("instance_type", "kind", "built_on"),
    [("m5.large", "x86_64", "t3.medium"), ("m6g.large", "arm64", "t4g.medium")],
)
def test_an_image_is_of_the_architecture_of_the_pools_types(instance_type: str, kind: str, built_on: str) -> None:
    settings = settings_of({"instanceTypes": [instance_type]})
    found = source(settings)

    assert template(settings)["build"]["sources"] == [f"source.amazon-ebs.{kind}"]
    assert (found["instance_type"], found["source_ami_filter"]["filters"]["architecture"]) == (built_on, kind)
    assert pulled(settings) == [f"{HELPER}:{kind}-v19.3.0"]
    assert kind in found["ami_name"]


def test_the_disk_is_the_pools_and_goes_with_the_machine() -> None:
    driver = {"amazonec2-root-size": 60, "amazonec2-volume-kms-key": "alias/ci", "amazonec2-device-name": "/dev/xvda"}

    assert source(settings_of({"driver": driver}))["launch_block_device_mappings"] == [
        {
            "device_name": "/dev/xvda",
            "volume_size": 60,
            "volume_type": "gp3",
            "encrypted": True,
            "kms_key_id": "alias/ci",
            "delete_on_termination": True,
        }
    ]


def test_without_a_key_the_disk_is_encrypted_with_awss_own() -> None:
    (disk,) = source(settings_of())["launch_block_device_mappings"]
    assert (disk["encrypted"], "kms_key_id" in disk) == (True, False)


def test_metadata_come_by_imdsv2_alone() -> None:
    found = source(settings_of())
    assert (found["metadata_options"]["http_tokens"], found["imds_support"]) == ("required", "v2.0")


def test_nobody_takes_the_machine_for_a_worker() -> None:
    found = source(settings_of(tags={"team": "ci"}))
    assert {key: {*found[key]} for key in ("run_tags", "run_volume_tags", "tags", "snapshot_tags")} == {
        "run_tags": {"team", "Name"},
        "run_volume_tags": {"team", "Name"},
        "tags": {"team", "Name", "SourceImage"},
        "snapshot_tags": {"team", "Name", "SourceImage"},
    }
    assert {"iam_instance_profile", "security_group_id", "ssh_keypair_name"}.isdisjoint(found)


def test_port_22_is_open_to_the_builder_alone() -> None:
    assert source(settings_of())["temporary_security_group_source_public_ip"] is True


def test_in_a_subnet_the_builder_comes_from_inside() -> None:
    found = source(settings_of(), subnet="subnet-0a")
    assert (found["subnet_id"], "temporary_security_group_source_public_ip" in found) == ("subnet-0a", False)


def test_what_the_image_is_built_on() -> None:
    filters = source(settings_of())["source_ami_filter"]
    assert (filters["filters"]["name"], filters["owners"], filters["most_recent"]) == (UBUNTU, ["099720109477"], True)
    own = source(settings_of({"image": {"owner": "amazon", "name": "al2023-*"}}))["source_ami_filter"]
    assert (own["filters"]["name"], own["owners"]) == ("al2023-*", ["amazon"])
    assert source(settings_of({"ami": "ami-0123456789abcdef0"}))["source_ami"] == "ami-0123456789abcdef0"
    given = source(settings_of({"ami": "ami-0123456789abcdef0"}), base=ImageLookup(owner="amazon", name="al2023-*"))
    assert "source_ami" not in given


def test_a_parameter_of_ssm_is_read_by_packer() -> None:
    settings = settings_of({"image": {"ssmParameter": "/ci/base"}})
    assert template(settings)["data"] == {
        "amazon-parameterstore": {"base": {"name": "/ci/base", "region": "eu-central-1"}}
    }
    assert source(settings)["source_ami"] == "${data.amazon-parameterstore.base.value}"


def test_an_image_is_not_built_on_its_predecessor() -> None:
    plain = settings_of()
    setting = image_setting(plain.pools[0], "dev").model_dump(exclude_none=True)

    assert source(settings_of({"image": setting})) == source(plain)


def test_the_pool_finds_its_images_and_no_others() -> None:
    pool = settings_of().pools[0]
    name = source(settings_of())["ami_name"].replace("{{timestamp}}", "1764230000")
    setting = image_setting(pool, "dev")

    assert (setting.owner, fnmatchcase(name, str(setting.name))) == ("self", True)
    others = [settings_of({"name": "ci-2"}), settings_of({"instanceTypes": ["m6g.large"]})]
    names = [f"{image_name(each.pools[0], 'dev')}/1" for each in others]
    assert not any(fnmatchcase(each, str(setting.name)) for each in [*names, f"{image_name(pool, 'prod')}/1"])


@pytest.mark.parametrize(
    ("pool", "version", "helper"),
    [
        ({}, "19.3.0", f"{HELPER}:x86_64-v19.3.0"),
        ({}, "19.3.0~beta.1", f"{HELPER}:x86_64-v19.3.0"),
        ({"docker": {"helper_image_flavor": "ubuntu"}}, "19.3.0", f"{HELPER}:ubuntu-x86_64-v19.3.0"),
        ({"shell": "pwsh"}, "19.3.0", f"{HELPER}:x86_64-v19.3.0-pwsh"),
        (
            {"docker": {"helper_image": "own/helper:x86_64-v${CI_RUNNER_VERSION}"}},
            "19.3.0",
            "own/helper:x86_64-v19.3.0",
        ),
        ({"docker": {"helper_image": "own/helper:$CI_RUNNER_REVISION"}}, "19.3.0", None),
        ({"docker": {"helper_image": "own/<secret:token>"}}, "19.3.0", None),
    ],
)
def test_the_helper_image_is_the_one_that_the_runner_takes(pool: dict[str, Any], version: str, helper: str) -> None:
    manager = {"sshFrom": ["203.0.113.0/24"], "gitlabRunner": {"version": version}}
    settings = settings_of(pool, manager=manager)

    assert helper_image(settings, settings.pools[0]) == helper
    assert pulled(settings, pulled=["alpine:3.21"]) == ([helper, "alpine:3.21"] if helper else ["alpine:3.21"])


def test_each_image_is_pulled_once_and_before_the_end_of_cloud_init_nothing_is() -> None:
    lines = script(settings_of(), pulled=["alpine", "alpine"])
    assert "cloud-init status --wait" in lines[0]
    assert [line.split()[-1] for line in lines if line.startswith("docker pull")][1:] == ["alpine"]


def test_a_machine_with_the_image_boots_as_a_new_one() -> None:
    lines = script(settings_of())
    assert {"cloud-init clean --logs", "truncate --size 0 /etc/machine-id"} <= {*lines}
    assert source(settings_of())["ssh_clear_authorized_keys"] is True


@pytest.mark.parametrize(
    "text",
    ["alpine", "alpine:3.21", "registry.example.com:5000/a/b-c.d:v1", f"ghcr.io/a@sha256:{'0' * 64}", "localhost/x__y"],
)
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text", ["", "Alpine", "a b", "a;b", "$(x)", "-x", "a:", "a@sha256:0", "{{a}}", "a\n", "a/", "é"]
)
def test_what_is_no_reference(text: str) -> None:
    assert not is_reference(text)


FILE = """\
config:
  aws:region: eu-central-1
  gitlab-runner-aws:executor: docker-autoscaler
  gitlab-runner-aws:gitlab: {url: "https://gitlab.example.com"}
  gitlab-runner-aws:token: {secure: v1:abcdefgh}
  gitlab-runner-aws:manager: {sshFrom: [203.0.113.0/24]}
  gitlab-runner-aws:createRunner: {runnerType: instance_type, each: pool}
  gitlab-runner-aws:accessToken: {secure: v1:topsecret}
  gitlab-runner-aws:pools:
    - {name: ci, limit: 4}
    - {name: both, limit: 4, instanceTypes: [m5.large, m6g.large]}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(FILE.replace("  gitlab-runner-aws:token: {secure: v1:abcdefgh}\n", ""))
    return str(path)


def called(*arguments: str) -> int:
    try:
        return main(["image", *arguments])
    except SystemExit as ended:  # how argparse refuses a call
        return int(str(ended.code))


def test_the_template_goes_to_standard_output_and_what_next_to_the_other(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(file, "ci", "--pull", "alpine", "node:22", "--subnet-id", "subnet-0a") == 0
    out, err = capsys.readouterr()

    found = json.loads(out)["source"]["amazon-ebs"]["x86_64"]
    assert (found["ami_name"], found["subnet_id"]) == ("gitlab-worker/dev/ci/x86_64/{{timestamp}}", "subnet-0a")
    assert 'image: {owner: self, name: "gitlab-worker/dev/ci/x86_64/*"}' in err
    assert "docker pull --quiet node:22" in out
    assert "topsecret" not in out + err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "has no pool nope; it has ci, both"),
        (["both"], "the pool both has instance types of arm64 and x86_64"),
        (["ci", "--pull", "a b"], "a b is not a valid container image reference"),
        (["ci", "--subnet-id", "vpc-1"], "vpc-1 is not a subnet id; write it as subnet-0123456789abcdef0"),
        (["ci", "--base", "windows"], "windows is not a valid image id"),
        (["ci", "--base", "debian-12"], "set driver.amazonec2-ssh-user: admin there"),
    ],
)
def test_what_can_not_be_built_says_why(
    arguments: list[str], message: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(file, *arguments) == 2
    out, err = capsys.readouterr()
    assert (out, message in err) == ("", True), err


def test_a_file_without_a_region_says_so(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(file).write_text(Path(file).read_text().replace("  aws:region: eu-central-1\n", ""))
    assert called(file, "ci") == 2
    assert "aws:region" in capsys.readouterr().err


@pytest.mark.parametrize(("length", "code"), [(93, 0), (94, 2)])
def test_a_name_that_aws_would_refuse_is_refused(
    length: int, code: int, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    long = Path(file).with_name(f"Pulumi.{'s' * length}.yaml")
    long.write_text(Path(file).read_text())

    assert called(str(long), "ci") == code
    assert ("is over the 128 characters" in capsys.readouterr().err) == (code == 2)
