"""The complete example of GitLab's guide, made from settings."""

import json
import tomllib
from dataclasses import replace
from typing import Any

from config_render import TOKEN_PLACEHOLDER, render

from .settings_samples import FACTS, options_of, parsed

# The complete example of GitLab's guide (runner_autoscale_aws), its placeholders as they stand there.
GUIDE = tomllib.loads("""
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


def guide_settings(limit: int) -> dict[str, Any]:
    (runner,) = GUIDE["runners"]
    machine = {key: value for key, value in runner["machine"].items() if key != "MachineOptions"}
    return {
        "concurrent": GUIDE["concurrent"],
        "check_interval": GUIDE["check_interval"],
        "gitlab": {"url": "https://gitlab.example.com"},
        "manager": {"sshFrom": ["203.0.113.0/24"]},
        "tags": {"gitlab": "true", "gitlab-runner-autoscale": "true"},
        "pools": [
            {
                "name": runner["name"],
                "limit": limit,
                "instanceTypes": ["m4.2xlarge"],
                "docker": runner["docker"],
                "machine": machine,
            }
        ],
    }


def flat(value: Any, at: str = "") -> dict[str, Any]:
    """Every single value of a TOML document by its path."""
    if isinstance(value, dict):
        parts = [(f"{at}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list):
        parts = [(f"{at}[{index}]", item) for index, item in enumerate(value)]
    else:
        return {at: value}
    return {path: leaf for place, item in parts for path, leaf in flat(item, place).items()}


def test_the_guides_complete_example_comes_out_key_by_key() -> None:
    facts = replace(FACTS, vpc_id="vpc-xxxxx", subnets={"eu-central-1a": "subnet-xxxxx"}, security_group="XXXX")
    ours = tomllib.loads(render(parsed(guide_settings(limit=20)), facts))
    guide = json.loads(json.dumps(GUIDE))
    our_options, guide_options = options_of(ours["runners"][0]), options_of(guide["runners"][0])
    for document in (ours, guide):
        del document["runners"][0]["machine"]["MachineOptions"]

    ours_flat, guide_flat = flat(ours), flat(guide)
    assert {
        path: (guide_flat.get(path), ours_flat.get(path))
        for path in guide_flat | ours_flat
        if guide_flat.get(path) != ours_flat.get(path)
    } == {
        "runners[0].url": ("<URL of your GitLab instance>", "https://gitlab.example.com"),
        "runners[0].token": ("<runner's token>", TOKEN_PLACEHOLDER),
        # The manager's instance profile instead of keys in a file.
        "runners[0].cache.s3.AccessKey": ("<your AWS Access Key ID>", None),
        "runners[0].cache.s3.SecretKey": ("<your AWS Secret Access Key>", None),
        "runners[0].cache.s3.AuthenticationType": (None, "iam"),
        "runners[0].cache.s3.BucketName": ("<the bucket where your cache should be kept>", "dev-cache"),
        "runners[0].cache.s3.BucketLocation": ("us-west-2", "eu-central-1"),
    }
    assert {
        name: (guide_options.get(name), our_options.get(name))
        for name in guide_options | our_options
        if guide_options.get(name) != our_options.get(name)
    } == {
        "amazonec2-access-key": ("XXXX", None),
        "amazonec2-secret-key": ("XXXX", None),
        "amazonec2-tags": (
            "runner-manager-name,gitlab-aws-autoscaler,gitlab,true,gitlab-runner-autoscale,true",
            "runner-manager-name,gitlab-aws-autoscaler,gitlab-runner-aws,dev,gitlab,true,gitlab-runner-autoscale,true",
        ),
        "amazonec2-zone": (None, "a"),
        "amazonec2-security-group-readonly": (None, "true"),
        "amazonec2-iam-instance-profile": (None, "dev-worker"),
        "amazonec2-ami": (None, "ami-000000aa"),
        "amazonec2-ssh-user": (None, "ubuntu"),
        "amazonec2-root-size": (None, "40"),
        "amazonec2-volume-type": (None, "gp3"),
        "amazonec2-volume-encrypted": (None, "true"),
        "amazonec2-metadata-token": (None, "required"),
        "amazonec2-metadata-token-response-hop-limit": (None, "2"),
    }
