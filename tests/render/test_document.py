"""The text of config.toml: exact bytes, and values that try to break out."""

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from typing import Any

import pytest
import tomlkit

from config_render import TOKEN_PLACEHOLDER, render

from .settings_samples import FACTS, options_of, parsed, stack

# Something of every kind: tags, tables, a list of tables.
MIXED = stack(
    {
        "docker": {"image": "alpine", "privileged": True, "services": [{"name": "docker:dind", "alias": "docker"}]},
        "machine": {"IdleCount": 1, "autoscaling": [{"Periods": ["* * * * * sat *"], "IdleCount": 2}]},
    },
    tags={"b": "1", "c": "2", "a": "3"},
    machine={"shutdown_drain": {"enabled": True}},
)


@pytest.mark.parametrize(
    "more",
    [
        {"pool": {"spot": {"maxPrice": 0.07, "onDemandPrice": 0.5}}},
        {"pool": {"userData": "#!/bin/sh\necho twice"}},
        {"manager": {"rootSize": 40}},
    ],
)
def test_what_the_file_does_not_show_changes_none_of_its_bytes(more: dict[str, Any]) -> None:
    pool = {"spot": {"maxPrice": 0.07, "onDemandPrice": 0.4}, "userData": "#!/bin/sh\necho once"}
    before = stack(pool)
    after = stack({**pool, **more.get("pool", {})}, manager={**before["manager"], **more.get("manager", {})})
    assert before != after
    assert render(parsed(before), FACTS) == render(parsed(after), FACTS)


def test_the_smallest_stack_has_these_bytes() -> None:
    text = render(parsed({**stack(), "pools": [{"name": "ci", "limit": 2}], "network": {}}), FACTS)

    assert (
        text
        == """\
# Made by gitlab-runner-aws from its stack's settings; edits on this host are overwritten.
concurrent = 10
check_interval = 0

[[runners]]
name = "ci"
limit = 2
request_concurrency = 2
url = "https://gitlab.example.com"
token = "<secret:token>"
executor = "docker+machine"

[runners.cache]
Type = "s3"
Shared = true

[runners.cache.s3]
ServerAddress = "s3.amazonaws.com"
BucketName = "dev-cache"
BucketLocation = "eu-central-1"
AuthenticationType = "iam"

[runners.docker]
image = "alpine"
disable_cache = true

[runners.machine]
IdleCount = 0
IdleTime = 1800
MachineDriver = "amazonec2"
MachineName = "ci-%s"
MachineOptions = [
    "amazonec2-ami=ami-000000aa",
    "amazonec2-region=eu-central-1",
    "amazonec2-vpc-id=vpc-0abc",
    "amazonec2-zone=a",
    "amazonec2-subnet-id=subnet-0a",
    "amazonec2-security-group-readonly=true",
    "amazonec2-security-group=dev-workers",
    "amazonec2-tags=runner-manager-name,ci,gitlab-runner-aws,dev",
    "amazonec2-instance-type=m5.large",
    "amazonec2-root-size=40",
    "amazonec2-volume-type=gp3",
    "amazonec2-volume-encrypted=true",
    "amazonec2-iam-instance-profile=dev-worker",
    "amazonec2-ssh-user=ubuntu",
    "amazonec2-use-private-address=true",
    "amazonec2-metadata-token=required",
    "amazonec2-metadata-token-response-hop-limit=2",
]
"""
    )


def test_extra_keys_reach_their_tables() -> None:
    raw = stack(
        {"extra": {"new": 1}, "docker": {"extra": {"new": 2}}, "machine": {"extra": {"new": [3]}}},
        extra={"new_server": {"session_timeout": 60}},
        cache={"extra": {"new": 4}, "s3": {"extra": {"new": 5}}},
    )
    text = tomllib.loads(render(parsed(raw), FACTS))
    (runner,) = text["runners"]

    assert text["new_server"] == {"session_timeout": 60}
    assert (runner["new"], runner["docker"]["new"], runner["machine"]["new"]) == (1, 2, [3])
    assert (runner["cache"]["new"], runner["cache"]["s3"]["new"]) == (4, 5)


def test_settings_of_ours_stay_out_of_the_file() -> None:
    ours = {"ami": "ami-0123456789abcdef0", "driver": {"amazonec2-root-size": 99}, "spot": {"maxPrice": 1}}
    text = render(parsed(stack(ours, cache={"expireDays": 3, "forceDestroy": True})), FACTS)
    keys = {line.partition("=")[0].strip() for line in text.splitlines()}

    assert not keys & {"ami", "driver", "spot", "zones", "instanceTypes", "expireDays", "forceDestroy"}


def test_markers_of_a_preview_are_taken_as_they_are() -> None:
    marker = "(known after creation)"
    facts = replace(FACTS, vpc_id=marker, subnets=dict.fromkeys(FACTS.subnets, marker), bucket=marker)
    (runner,) = tomllib.loads(render(parsed(stack()), facts))["runners"]

    assert options_of(runner)["amazonec2-vpc-id"] == marker
    assert options_of(runner)["amazonec2-subnet-id"] == marker
    assert runner["cache"]["s3"]["BucketName"] == marker


def backwards(value: Any) -> Any:
    """The same settings with the keys of each table in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(item) for key, item in reversed(value.items())}
    return [backwards(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_settings_does_not_change_the_bytes() -> None:
    resorted = json.loads(json.dumps(MIXED, sort_keys=True))

    assert list(backwards(MIXED)) != list(MIXED) != list(resorted)
    assert render(parsed(MIXED), FACTS) == render(parsed(backwards(MIXED)), FACTS) == render(parsed(resorted), FACTS)


HOSTILE = [
    'a"b',
    "a'b",
    "a\\b",
    "a\nb",
    "a\r\nb",
    "a\rb",
    "[x]",
    "# x",
    '"""',
    "'''",
    "\t",
    "\x7f",
    "\x00",
    "é",
    "\U0001f600",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_escapes_its_string(value: str) -> None:
    pool = {
        "pre_build_script": value,
        "environment": [f"A={value}", "B=b"],
        "docker": {"image": value, "sysctls": {value: value}, "services": [{"name": value}]},
        "extra": {"new": {value: [value]}},
    }
    text = render(parsed(stack(pool)), FACTS)

    for read in (tomllib.loads(text), tomlkit.parse(text).unwrap()):
        (runner,) = read["runners"]
        assert runner["pre_build_script"] == value
        assert runner["environment"] == [f"A={value}", "B=b"]
        assert runner["docker"]["sysctls"] == {value: value}
        assert runner["docker"]["services"] == [{"name": value}]
        assert runner["new"] == {value: [value]}
        assert runner["token"] == TOKEN_PLACEHOLDER


def test_a_script_is_written_line_by_line() -> None:
    text = render(parsed(stack({"pre_build_script": "echo one\necho two\n"})), FACTS)

    assert 'pre_build_script = """\necho one\necho two\n"""\n' in text


def test_both_toml_readers_agree_on_the_file() -> None:
    text = render(parsed(MIXED), FACTS)

    assert tomlkit.parse(text).unwrap() == tomllib.loads(text)


def test_the_renderer_needs_neither_pulumi_nor_aws() -> None:
    program = "import sys, config_render; print({'pulumi', 'boto3', 'pulumi_aws', 'localcloud'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
