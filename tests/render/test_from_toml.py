"""From a config.toml that somebody wrote to settings, and from these back to the same config.toml."""

import re
import tomllib
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_render import document, parse
from config_render.__main__ import main
from config_render.migrate.from_toml import Converted, UnconvertibleError
from config_render.migrate.from_toml import settings_from_toml as convert
from config_render.migrate.source import Source
from config_render.migrate.stack_text import stack_file

from .settings_samples import FACTS, TOKEN, parsed
from .test_guide import GUIDE, missing
from .test_reference import AUTOSCALER, MODELLED, MODELS, SECRETS, sample, with_key

BY_HAND = """
concurrent = 6
[[runners]]
name = "Blue Team's"
url = "https://gitlab.example.com"
token = "glrt-blueblueblueblueblue"
executor = "docker+machine"
environment = ["DOCKER_AUTH_CONFIG={}", "LANG=C", "A=glpat-aaaaaaaaaaaaaaaaaaaa"]
  [runners.docker]
  image = "alpine:3.20"
  tls_verify = false
  [runners.machine]
  IdleCount = 1
  OffPeakTimezone = "UTC"
  MachineDriver = "amazonec2"
  MachineName = "blue-%s"
  MachineOptions = ["amazonec2-region=eu-central-1", "amazonec2-vpc-id=vpc-1", "amazonec2-subnet-id=subnet-1",
    "amazonec2-zone=b", "amazonec2-request-spot-instance=true", "amazonec2-spot-price=0.03",
    "amazonec2-block-duration-minutes=60", "amazonec2-instance-type=m5.large"]
[[runners]]
name = "green"
url = "https://gitlab.example.com"
token = "glrt-greengreengreengreen"
executor = "docker+machine"
limit = 4
  [runners.machine]
  MachineDriver = "amazonec2"
  MachineName = "green-%s"
  MachineOptions = ["amazonec2-region=eu-central-1", "amazonec2-vpc-id=vpc-1", "amazonec2-subnet-id=subnet-2",
    "amazonec2-zone=c", "amazonec2-brand-new=1", "amazonec2-instance-type=m5.large"]
"""


def settings_from_toml(content: dict[str, Any]) -> Converted:
    return convert(Source(content))


def again(content: dict[str, Any]) -> dict[str, Any]:
    """The config.toml of the settings that a config.toml is converted to."""
    converted = settings_from_toml(content)
    raw = {**converted.settings, "manager": {"sshFrom": ["203.0.113.0/24"]}}
    names = [name for name in converted.secrets if name != "token"]
    settings = parse(raw, token=TOKEN if "token" in converted.secrets else None, region="eu-central-1", secrets=names)
    return document(settings, replace(FACTS, bucket=None))


def without_names(value: Any) -> Any:
    """A document with all its secrets called the same, sentry_dsn among them."""
    if isinstance(value, dict):
        return {key: "<secret>" if key == "sentry_dsn" else without_names(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_names(item) for item in value]
    return re.sub(r"<secret:\w+>", "<secret>", value) if isinstance(value, str) else value


ON_THE_OLD_MANAGER = ("tls-ca-file", "tls-cert-file", "tls-key-file", "CredentialsFile")
"""Keys that name files there, and so are left out."""


OF_THE_OTHER_EXECUTOR = ("executor", "autoscaler")
"""Files of docker-autoscaler are not converted."""


@pytest.mark.parametrize("section", [each for each in MODELS if not each.startswith(AUTOSCALER)])
def test_every_recorded_key_comes_back_as_it_was(section: str) -> None:
    for key, go_type in [each[1:] for each in MODELLED if each[0] == section and each[1] not in OF_THE_OTHER_EXECUTOR]:
        raw = with_key(section, key, sample(section, key, go_type))
        written = without_names(document(parsed(raw, secrets=SECRETS), FACTS))
        if key in ON_THE_OLD_MANAGER:
            assert any(key in note for note in settings_from_toml(written).notes)
            continue

        assert missing(written, without_names(again(written))) == {}, key
        assert missing(without_names(again(written)), written) == {}, key


def test_the_guides_complete_example_comes_back_but_for_its_secrets_and_what_is_safer() -> None:
    guide = deepcopy(GUIDE)
    guide["runners"][0]["url"] = "https://gitlab.example.com"
    guide["runners"][0]["cache"]["s3"]["BucketName"] = "our-cache"
    back = again(guide)
    (options,) = ([*each["machine"].pop("MachineOptions")] for each in back["runners"])
    wanted = {**guide["runners"][0], "machine": {**guide["runners"][0]["machine"]}}
    wanted_options = wanted["machine"].pop("MachineOptions")

    assert missing({**guide, "runners": [wanted]}, back) == {
        "runners.0.token": ("<runner's token>", "<secret:token>"),
        "runners.0.cache.s3.AccessKey": ("<your AWS Access Key ID>", "<secret:cacheAccessKey>"),
        "runners.0.cache.s3.SecretKey": ("<your AWS Secret Access Key>", "<secret:cacheSecretKey>"),
    }
    assert {option.partition("=")[0] for option in wanted_options} <= {each.partition("=")[0] for each in options}
    assert "amazonec2-instance-type=m4.2xlarge" in options
    assert "amazonec2-access-key=<secret:awsAccessKey>" in options


def test_what_is_left_out_or_otherwise_is_told_with_its_place() -> None:
    found = settings_from_toml(tomllib.loads(BY_HAND))

    assert found.notes == [
        "runners[0].machine.MachineOptions[6]: left out; amazonec2-block-duration-minutes is dead: AWS took no new "
        "spot blocks from 2021-07-01 on and ended the last on 2022-12-31; let GitLab retry jobs that lose their "
        "machine (retry: runner_system_failure)",
        "runners[1].machine.MachineOptions[4]: sets amazonec2-brand-new, which becomes an entry of driver.extra: "
        "docker-machine 0.16.2-gitlab.30 does not know it",
        "runners[0].cache: missing, so that there is no shared cache; this stack makes a bucket for one",
        "runners[0].machine.OffPeakTimezone: left out; OffPeakTimezone without OffPeakPeriods had no effect",
        "runners[0].name: becomes blue-team-s; a pool's name has 1 to 32 of a to z, digits and -",
        "runners[0].limit: none; it is concurrent here, for a pool needs one",
    ]
    assert found.secrets == {
        "DOCKER_AUTH_CONFIG": "runners[0].environment[0]",
        "A": "runners[0].environment[2]",
        "runnerToken": "runners[0].token",
        "runnerToken2": "runners[1].token",
    }


def test_pools_keep_their_places_prices_and_what_left_out_keys_meant() -> None:
    settings = settings_from_toml(tomllib.loads(BY_HAND)).settings
    blue, green = settings["pools"]

    assert settings["network"] == {"vpcId": "vpc-1", "subnetIds": ["subnet-1", "subnet-2"]}
    assert (blue["zones"], blue["limit"], blue["spot"]) == (["b"], 6, {"maxPrice": 0.03})
    assert blue["environment"] == ["DOCKER_AUTH_CONFIG=<secret:DOCKER_AUTH_CONFIG>", "LANG=C", "A=<secret:A>"]
    assert (green["zones"], green["token"]) == (["c"], "<secret:runnerToken2>")
    assert green["docker"] == {"disable_cache": False}
    assert green["machine"]["IdleTime"] == 0
    assert green["driver"] == {"extra": ["amazonec2-brand-new=1"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("vpc-id=vpc-1", "vpc-id=vpc-2"),
            "runners[1].machine.MachineOptions[1]: has another VPC than runners[0].machine.MachineOptions[1], and a "
            "stack has one; make a stack of each",
        ),
        (("amazonec2-spot-price=0.03", "amazonec2-root-size=much"), "sets amazonec2-root-size, which must be a whole"),
    ],
)
def test_what_no_stack_can_say_is_refused_with_its_place(change: tuple[str, str], said: str) -> None:
    with pytest.raises(UnconvertibleError) as caught:
        settings_from_toml(tomllib.loads(BY_HAND.replace(*change, 1)))

    assert said in str(caught.value)


def test_the_command_prints_a_stack_file_without_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text(BY_HAND)

    assert main(["from-toml", str(tmp_path / "config.toml")]) == 0
    text = capsys.readouterr().out
    assert "glrt-" not in text
    assert "glpat-" not in text
    assert (
        "#   pulumi config set --secret --path gitlab-runner-aws:secrets.runnerToken2  # runners[1].token (line 23)\n"
        in text
    )
    (tmp_path / "Pulumi.old.yaml").write_text(text)
    assert main(["check", str(tmp_path / "Pulumi.old.yaml")]) == 2
    left = [line.partition(": ")[2].partition(": ")[0] for line in capsys.readouterr().err.splitlines()[:-1]]
    assert {line.partition(" = ")[0] for line in left} == {
        "gitlab-runner-aws:manager.sshFrom",
        "gitlab-runner-aws:pools[0].environment[0]",
        "gitlab-runner-aws:pools[0].environment[2]",
        "gitlab-runner-aws:pools[0].token",
        "gitlab-runner-aws:pools[1].token",
    }


def test_its_stack_file_renders_once_what_is_missing_is_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    converted = settings_from_toml(tomllib.loads(BY_HAND.replace("amazonec2-brand-new", "amazonec2-retries")))
    content = yaml.safe_load(stack_file(converted, "config.toml"))
    content["config"]["gitlab-runner-aws:manager"] = {"sshFrom": ["203.0.113.0/24"]}
    content["config"]["gitlab-runner-aws:secrets"] = {name: {"secure": "x"} for name in converted.secrets}
    (tmp_path / "Pulumi.old.yaml").write_text(yaml.safe_dump(content))

    assert main(["render", str(tmp_path / "Pulumi.old.yaml")]) == 0
    blue, green = tomllib.loads(capsys.readouterr().out)["runners"]
    assert "amazonec2-zone=b" in blue["machine"]["MachineOptions"]
    assert "amazonec2-zone=c" in green["machine"]["MachineOptions"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "config.toml:1: is not valid TOML: Invalid value at the end of the file"),
        (
            "a = 1\nconcurrent = ${jobs}",
            "config.toml:2: is not valid TOML: Invalid value at column 14; this looks like a template: take the file "
            "that was made from it, from the manager",
        ),
        ("\ufeffa = 'x", 'config.toml:1: is not valid TOML: Expected "\'" at the end of the file'),
        (b"\xff\xfea\0", "config.toml:1: is written in UTF-16; save it as UTF-8"),
        (
            b"a = 1\n# caf\xe9",
            "config.toml:2: holds the byte 0xe9, which is not UTF-8 but perhaps Latin-1 or Windows-1252; save the file "
            "as UTF-8",
        ),
        ("a = " + "[" * 5000, "config.toml: is nested too deeply; a config.toml has five levels"),
        (
            "#" * (1 << 19) + "#",
            "config.toml: is larger than 512 KiB; leave out what is not a setting",
        ),
        (
            "a = 1\n" + "[[runners]]\n" + "".join(f"k{number} = 1\n" for number in range(5001)),
            "config.toml:2: runners[0] holds 5001 keys; at most 5000; leave out what no runner needs",
        ),
        ("a = 1\nb" + ".b" * 51 + " = 1", "config.toml:2: has more than 50 dots outside of quotes; take them out"),
        (
            "[[runners]]\n" * 5000,
            "config.toml: runners = 5000: are more entries than the 500 pools of a stack; split the file",
        ),
        ("concurrent = 1", "config.toml: runners: missing; there is nothing to make pools of"),
        (None, "config.toml: can't be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_no_config_toml_is_told(
    text: str | bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        (tmp_path / "config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())

    assert main(["from-toml", str(tmp_path / "config.toml"), "-o", str(tmp_path / "Pulumi.old.yaml")]) == 2
    assert not (tmp_path / "Pulumi.old.yaml").exists()
    assert capsys.readouterr().err.strip().endswith(said)


def test_the_stack_file_is_written_as_a_whole_and_never_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text(BY_HAND)
    call = ["from-toml", str(tmp_path / "config.toml"), "--output", str(tmp_path / "Pulumi.old.yaml")]

    assert main(call) == 0
    written = (tmp_path / "Pulumi.old.yaml").read_text()
    assert written.startswith("# Made from config.toml")
    assert main(call) == 2
    assert capsys.readouterr().err.endswith("Pulumi.old.yaml: exists already; give another name, or remove it first\n")
    assert (tmp_path / "Pulumi.old.yaml").read_text() == written
    assert sorted(each.name for each in tmp_path.iterdir()) == ["Pulumi.old.yaml", "config.toml"]
    assert main([*call[:-1], str(tmp_path / "nowhere" / "Pulumi.old.yaml")]) == 2
    assert "can't be written (No such file or directory)" in capsys.readouterr().err


def test_a_byte_order_mark_is_passed_over_as_gitlab_runner_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text(BY_HAND, "utf-8-sig")

    assert main(["from-toml", str(tmp_path / "config.toml")]) == 0
    assert "#   line 1: the byte order mark (BOM) before the first key is left out\n" in capsys.readouterr().out
