"""Every fragment of GitLab's guide "Autoscaling GitLab Runner on AWS EC2", made from settings."""

import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config_render import render

from .settings_samples import FACTS, lines, options_of, parsed, runners, stack

ROOT = Path(__file__).parents[2]

# The complete example, its placeholders as they stand there.
GUIDE: dict[str, Any] = tomllib.loads("""
concurrent = 10
check_interval = 0

[[runners]]
  name = "gitlab-aws-autoscaler"
  url = "<URL of your GitLab instance>"
  token = "<runner's token>"
  executor = "docker+machine"
  limit = 20
  [runners.docker]
    image = "alpine"
    privileged = true
    disable_cache = true
  [runners.cache]
    Type = "s3"
    Shared = true
    [runners.cache.s3]
      ServerAddress = "s3.amazonaws.com"
      AccessKey = "<your AWS Access Key ID>"
      SecretKey = "<your AWS Secret Access Key>"
      BucketName = "<the bucket where your cache should be kept>"
      BucketLocation = "us-west-2"
  [runners.machine]
    IdleCount = 1
    IdleTime = 1800
    MaxBuilds = 100
    MachineDriver = "amazonec2"
    MachineName = "gitlab-docker-machine-%s"
    MachineOptions = [
      "amazonec2-access-key=XXXX",
      "amazonec2-secret-key=XXXX",
      "amazonec2-region=eu-central-1",
      "amazonec2-vpc-id=vpc-xxxxx",
      "amazonec2-subnet-id=subnet-xxxxx",
      "amazonec2-use-private-address=true",
      "amazonec2-tags=runner-manager-name,gitlab-aws-autoscaler,gitlab,true,gitlab-runner-autoscale,true",
      "amazonec2-security-group=XXXX",
      "amazonec2-instance-type=m4.2xlarge",
    ]
    [[runners.machine.autoscaling]]
      Periods = ["* * 9-17 * * mon-fri *"]
      IdleCount = 50
      IdleTime = 3600
      Timezone = "UTC"
    [[runners.machine.autoscaling]]
      Periods = ["* * * * * sat,sun *"]
      IdleCount = 5
      IdleTime = 60
      Timezone = "UTC"
""")

FRAGMENTS = {
    "global": "concurrent = 10\ncheck_interval = 0",
    "runners": '[[runners]]\nname = "gitlab-aws-autoscaler"\nexecutor = "docker+machine"\nlimit = 20',
    "docker": '[[runners]]\n[runners.docker]\nimage = "alpine"\nprivileged = true\ndisable_cache = true',
    "cache": '[[runners]]\n[runners.cache]\nType = "s3"\nShared = true\n'
    '[runners.cache.s3]\nServerAddress = "s3.amazonaws.com"\nBucketLocation = "us-west-2"',
    "machine": '[[runners]]\n[runners.machine]\nIdleCount = 1\nIdleTime = 1800\nMaxBuilds = 10\n'
    'MachineDriver = "amazonec2"\nMachineName = "gitlab-docker-machine-%s"',
}  # fmt: skip

# What each row of the guide's table of options comes from.
ROWS: dict[str, dict[str, Any]] = {
    "amazonec2-access-key=<secret:id>": {
        "driver": {"amazonec2-access-key": "<secret:id>", "amazonec2-secret-key": "<secret:key>"}
    },
    "amazonec2-secret-key=<secret:key>": {
        "driver": {"amazonec2-access-key": "<secret:id>", "amazonec2-secret-key": "<secret:key>"}
    },
    "amazonec2-region=eu-central-1": {},
    "amazonec2-vpc-id=vpc-0abc": {},
    "amazonec2-subnet-id=subnet-0a": {},
    "amazonec2-zone=a": {},
    "amazonec2-use-private-address=true": {},
    "amazonec2-tags=runner-manager-name,ci,gitlab-runner-aws,dev,gitlab,true": {
        "driver": {"amazonec2-tags": {"gitlab": "true"}}
    },
    "amazonec2-security-group=dev-workers": {},
    "amazonec2-instance-type=m4.2xlarge": {"instanceTypes": ["m4.2xlarge"]},
    "amazonec2-ssh-user=admin": {"driver": {"amazonec2-ssh-user": "admin"}},
    "amazonec2-iam-instance-profile=dev-worker": {},
    "amazonec2-ami=ami-0123456789abcdef0": {"ami": "ami-0123456789abcdef0"},
    "amazonec2-request-spot-instance=true": {"spot": {"maxPrice": 0.03}},
    "amazonec2-spot-price=0.03": {"spot": {"maxPrice": 0.03}},
    "amazonec2-security-group-readonly=true": {},
    "amazonec2-userdata=/etc/gitlab-runner/user-data": {
        "driver": {"amazonec2-userdata": "/etc/gitlab-runner/user-data"}
    },
    "amazonec2-root-size=80": {"driver": {"amazonec2-root-size": 80}},
    "amazonec2-private-address-only=true": {"driver": {"amazonec2-private-address-only": True}},
}


def pool_of_the_guide() -> dict[str, Any]:
    (runner,) = GUIDE["runners"]
    machine = {key: value for key, value in runner["machine"].items() if key != "MachineOptions"}
    return {"name": runner["name"], "limit": runner["limit"], "docker": runner["docker"], "machine": machine}


def missing(wanted: Any, there: Any, at: str = "") -> dict[str, Any]:
    """What of `wanted` is not the same in `there`, by its path."""
    if isinstance(wanted, dict):
        parts = [(key, value, there.get(key) if isinstance(there, dict) else None) for key, value in wanted.items()]
    elif isinstance(wanted, list):
        others = [*(there or []), *wanted][: len(wanted)]
        parts = [(str(n), value, other) for n, (value, other) in enumerate(zip(wanted, others, strict=True))]
    else:
        return {} if wanted == there else {at: (wanted, there)}
    found: dict[str, Any] = {}
    for key, value, other in parts:
        found |= missing(value, other, f"{at}.{key}".lstrip("."))
    return found


@pytest.mark.parametrize("section", FRAGMENTS)
def test_each_fragment_comes_out_of_settings_of_the_same_words(section: str) -> None:
    raw = stack(pool_of_the_guide(), concurrent=10, check_interval=0)
    raw["pools"][0]["machine"]["MaxBuilds"] = 10
    there = tomllib.loads(render(parsed(raw), replace(FACTS, bucket_region="us-west-2")))

    assert missing(tomllib.loads(FRAGMENTS[section]), there) == {}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_table_of_options_comes_out_of_a_setting(row: str) -> None:
    document = tomllib.loads(render(parsed(stack(ROWS[row]), secrets=["id", "key"]), FACTS))

    assert row in document["runners"][0]["machine"]["MachineOptions"]


def test_the_spot_fragments_work_or_fail_with_todays_reason() -> None:
    def with_options(*options: str) -> dict[str, Any]:
        return stack({"machine": {"MachineOptions": ["amazonec2-request-spot-instance=true", *options]}})

    (runner,) = runners(with_options("amazonec2-spot-price=0.03"))
    assert options_of(runner)["amazonec2-spot-price"] == "0.03"
    (empty,) = lines(with_options("amazonec2-spot-price="))
    assert "is empty, which AWS has refused since docker-machine 0.16.2-gitlab.21" in empty
    (block,) = lines(with_options("amazonec2-spot-price=0.03", "amazonec2-block-duration-minutes=60"))
    assert "is dead: AWS took no new spot blocks from 2021-07-01 on and ended the last on 2022-12-31" in block


def test_the_shipped_example_is_the_guides_complete_one_key_by_key() -> None:
    command = ["render", "examples/guide.yaml", "--facts", "examples/guide.facts.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", "config_render", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = tomllib.loads(done.stdout)
    our_options, guide_options = options_of(ours["runners"][0]), options_of(GUIDE["runners"][0])
    guide = {**GUIDE, "runners": [{**GUIDE["runners"][0], "machine": dict(GUIDE["runners"][0]["machine"])}]}
    del guide["runners"][0]["machine"]["MachineOptions"]

    assert missing(guide, ours) == {
        "runners.0.url": ("<URL of your GitLab instance>", "https://gitlab.example.com"),
        "runners.0.token": ("<runner's token>", "<secret:token>"),
        "runners.0.cache.s3.AccessKey": ("<your AWS Access Key ID>", "<secret:awsAccessKey>"),
        "runners.0.cache.s3.SecretKey": ("<your AWS Secret Access Key>", "<secret:awsSecretKey>"),
        "runners.0.cache.s3.BucketName": (
            "<the bucket where your cache should be kept>",
            "the-bucket-where-your-cache-should-be-kept",
        ),
    }
    del ours["runners"][0]["machine"]["MachineOptions"]
    added = {"runners.0.request_concurrency": (2, None)}  # without it gitlab-runner warns of long polling
    others = {key: value for key, value in missing(ours, guide).items() if key not in missing(guide, ours)}
    assert others == added, "there is something that the guide has not"
    assert missing(guide_options, our_options) == {
        "amazonec2-access-key": ("XXXX", "<secret:awsAccessKey>"),
        "amazonec2-secret-key": ("XXXX", "<secret:awsSecretKey>"),
        "amazonec2-tags": (
            "runner-manager-name,gitlab-aws-autoscaler,gitlab,true,gitlab-runner-autoscale,true",
            "runner-manager-name,gitlab-aws-autoscaler,gitlab-runner-aws,runner,"
            "gitlab,true,gitlab-runner-autoscale,true",
        ),
    }
    assert {name: our_options[name] for name in our_options.keys() - guide_options} == {
        "amazonec2-ami": "(known after creation)",
        "amazonec2-zone": "a",
        "amazonec2-security-group-readonly": "true",
        "amazonec2-root-size": "40",
        "amazonec2-volume-type": "gp3",
        "amazonec2-volume-encrypted": "true",
        "amazonec2-iam-instance-profile": "(known after creation)",
        "amazonec2-ssh-user": "ubuntu",
        "amazonec2-metadata-token": "required",
        "amazonec2-metadata-token-response-hop-limit": "2",
    }
