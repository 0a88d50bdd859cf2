"""A Packer template that builds the image of a pool's machines.

Packer's JSON syntax: https://developer.hashicorp.com/packer/docs/templates/hcl_templates/syntax-json
Options of the source: https://developer.hashicorp.com/packer/integrations/hashicorp/amazon/latest/components/builder/ebs
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ..base.instance_types import Architecture, architecture
from ..executors.docker_autoscaler.group import RootDisk, login_user, root_disk, ssh_port
from ..executors.docker_autoscaler.user_data import docker_user_data
from ..settings.image import DEFAULT_SYSTEM, ImageLookup, published_image
from ..settings.pool import Pool
from ..settings.stack import Settings

_PACKER = {
    "required_version": ">= 1.7.0",  # the first with data sources and required plugins
    "required_plugins": {"amazon": {"source": "github.com/hashicorp/amazon", "version": "~> 1.8"}},
}
LONGEST_NAME = 128
"""The most characters of an image's name, by the API reference of `CreateImage`."""
_TIMESTAMP = "{{timestamp}}"
_DIGITS_OF_TIMESTAMP = 10
_BUILT_ON: dict[Architecture, str] = {"x86_64": "t3.medium", "arm64": "t4g.medium"}

_HELPER = "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_PATH}(?:/{_PATH})*(?::[A-Za-z0-9_][\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?",
    re.ASCII,
)
"""https://pkg.go.dev/github.com/distribution/reference#pkg-overview"""

_PREPARE = (
    # 2: it only warned.
    "cloud-init status --wait > /dev/null || test $? -eq 2 || { tail -n 60 /var/log/cloud-init-output.log; exit 1; }",
    "docker info > /dev/null",
)
_CLEAN_UP = (
    "if command -v apt-get > /dev/null; then apt-get clean; rm -rf /var/lib/apt/lists/*; else dnf clean all; fi",
    # Each machine is to boot as a new one (https://systemd.io/BUILDING_IMAGES/). Amazon Linux's cloud-init has no
    # `clean --machine-id`; SSH host keys cloud-init makes anew by itself.
    "cloud-init clean --logs",
    "truncate --size 0 /etc/machine-id",
    "rm -f /var/lib/systemd/random-seed",
    "sync",
)


@dataclass(frozen=True, kw_only=True)
class ImageBuild:
    """What an image is built of beyond the settings of its pool."""

    stack: str
    """Distinguishes the images of two stacks with a pool of the same name."""
    region: str
    partition: str
    base: ImageLookup | str | None = None
    """The image to begin with, looked up or by its id; by default the pool's own, or the current Ubuntu."""
    pulled: Sequence[str] = ()
    """References of container images, which anybody may pull."""
    subnet: str | None = None
    """The subnet to build in; by default one of the default VPC."""


def image_name(pool: Pool, stack: str) -> str:
    """Return what the names of all images of a pool begin with, without the slash after it."""
    return f"gitlab-worker/{stack}/{pool.name}/{architecture(pool.instance_types[0])}"


def name_is_too_long(pool: Pool, stack: str) -> bool:
    """Return whether AWS would refuse the name of a pool's image."""
    return len(f"{image_name(pool, stack)}/") + _DIGITS_OF_TIMESTAMP > LONGEST_NAME


def image_setting(pool: Pool, stack: str) -> ImageLookup:
    """Return the pool's setting `image` with which it finds the newest of its images."""
    return ImageLookup(owner="self", name=f"{image_name(pool, stack)}/*")


def is_reference(text: str) -> bool:
    """Return whether a text is the reference of a container image."""
    return bool(_REFERENCE.fullmatch(text))


def helper_image(settings: Settings, pool: Pool) -> str | None:
    """Return the helper image that gitlab-runner takes for the jobs of a pool; None if only a job tells it.

    Source: gitlab-runner 19.3, helpers/container/helperimage/linux_info.go, and `getHelperImage` of executors/docker.
    """
    version = settings.manager.gitlab_runner.version
    if pool.docker.helper_image:
        known = re.sub(r"\$(?:CI_RUNNER_VERSION\b|\{CI_RUNNER_VERSION\})", version, pool.docker.helper_image)
        return known if is_reference(known) else None
    flavor = pool.docker.helper_image_flavor or "alpine"
    begin, end = "" if flavor == "alpine" else f"{flavor}-", "-pwsh" if pool.shell == "pwsh" else ""
    release = re.match(r"\d+\.\d+\.\d+", version)
    tag = f"v{release[0]}" if release else "latest"
    return f"{_HELPER}:{begin}{architecture(pool.instance_types[0])}-{tag}{end}"


def packer_template(settings: Settings, pool: Pool, build: ImageBuild) -> dict[str, Any]:
    """Return the template that builds an image for a pool, whose types all have one processor architecture."""
    kind = architecture(pool.instance_types[0])
    base = _base(pool, build)
    source = {
        "region": build.region,
        "instance_type": _BUILT_ON[kind],
        "ami_name": f"{image_name(pool, build.stack)}/{_TIMESTAMP}",
        **_from_image(base, kind),
        **_machine(settings, pool, build, own_base=base in (pool.ami, pool.image)),
    }
    helper = helper_image(settings, pool)
    pulled = dict.fromkeys([helper, *build.pulled] if helper else build.pulled)
    shell = {
        # As root, also where /tmp lets nothing be executed.
        "execute_command": "sudo env {{ .Vars }} sh -e {{ .Path }}",
        "inline": [*_PREPARE, *(f"docker pull --quiet {each}" for each in pulled), *_CLEAN_UP],
    }
    template = {
        "packer": _PACKER,
        "source": {"amazon-ebs": {kind: source}},
        "build": {"sources": [f"source.amazon-ebs.{kind}"], "provisioner": {"shell": shell}},
    }
    if isinstance(base, ImageLookup) and base.ssm_parameter:
        parameter = {"name": _literal(base.ssm_parameter), "region": build.region}
        template["data"] = {"amazon-parameterstore": {"base": parameter}}
    return template


def _base(pool: Pool, build: ImageBuild) -> ImageLookup | str:
    found = build.base or pool.ami or pool.image
    built_here = isinstance(found, ImageLookup) and fnmatchcase(
        f"{image_name(pool, build.stack)}/1", found.name or ""
    )  # upon which nothing would ever be renewed
    if found is None or built_here:
        return published_image(DEFAULT_SYSTEM, architecture(pool.instance_types[0]), build.partition)
    return found


def _from_image(base: ImageLookup | str, kind: Architecture) -> dict[str, Any]:
    if isinstance(base, str):
        return {"source_ami": base}
    if base.ssm_parameter:
        return {"source_ami": "${data.amazon-parameterstore.base.value}"}
    filters = {
        "name": _literal(str(base.name)),
        "architecture": kind,
        "root-device-type": "ebs",
        "virtualization-type": "hvm",
    }
    return {"source_ami_filter": {"filters": filters, "owners": [str(base.owner)], "most_recent": True}}


def _machine(settings: Settings, pool: Pool, build: ImageBuild, *, own_base: bool) -> dict[str, Any]:
    options = pool.given_options()
    tokens = options["amazonec2-metadata-token"]
    name = image_name(pool, build.stack)
    # None of the tags by which a deployment knows its machines: it removes those.
    building = {**settings.tags, "Name": f"{name} (build)"}
    tags = {**settings.tags, "Name": name, "SourceImage": "{{ .SourceAMIName }}"}
    port = ssh_port(pool) if own_base else None
    found = {
        "ssh_username": login_user(pool),
        "ssh_port": port,
        "temporary_key_pair_type": "ed25519",
        "ssh_clear_authorized_keys": True,
        # Without this port 22 would be open to all; inside a VPC the address to let in is another.
        "temporary_security_group_source_public_ip": True if build.subnet is None else None,
        "subnet_id": build.subnet,
        "user_data": _literal(
            docker_user_data(pool, dockerd_options=settings.executor_of(pool) == "docker-autoscaler")
        ),
        "launch_block_device_mappings": [_disk(root_disk(options))],
        "metadata_options": {
            "http_endpoint": "enabled",
            "http_tokens": tokens,
            "http_put_response_hop_limit": options["amazonec2-metadata-token-response-hop-limit"],
        },
        "imds_support": "v2.0" if tokens == "required" else None,
        "tags": tags,
        "snapshot_tags": tags,
        "run_tags": building,
        "run_volume_tags": building,
    }
    return _given(found)


def _disk(disk: RootDisk) -> dict[str, Any]:
    found = {
        "device_name": disk.device_name,
        "volume_size": disk.gibibytes,
        "volume_type": disk.volume_type,
        "iops": disk.iops,
        "throughput": disk.throughput,
        "encrypted": disk.encrypted,
        "kms_key_id": disk.kms_key if disk.encrypted else None,
        "delete_on_termination": True,
    }
    return _given(found)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _literal(text: str) -> str:
    """Write a text that is no template: neither of HCL, which is read first, nor of Go."""
    return text.replace("{{", '{{ "{{" }}').replace("${", "$${").replace("%{", "%%{")
