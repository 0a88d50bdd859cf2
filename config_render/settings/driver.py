"""The options of `docker-machine create` that a worker is created with.

Names, types and order are those of the amazonec2 driver in GitLab's fork, 0.16.2-gitlab.23, the last whose source is
public as a mirror, with those of `SINCE_30`, and of docker-machine itself.
https://gitlab.com/gitlab-org/ci-cd/docker-machine/-/blob/main/docs/drivers/aws.md#options
"""

import re
from typing import Annotated, Literal, get_args, get_origin

from pydantic import Field

from ..base.marks import Mark, marked
from ..base.section import Section, refuse
from ..base.tags import MachineTagKey, TagValue
from ..base.typos import one_edit_apart
from ..base.values import (
    Gibibytes,
    InOrder,
    Integer,
    Items,
    KmsKey,
    Pattern,
    Port,
    Secret,
    SecurityGroupName,
    SubnetId,
    UserName,
    Variable,
    VpcId,
    checked_by,
)
from .spot import LEAST_PRICE

_VOLUME_TYPES = ("gp3", "gp2", "io1", "io2", "standard")
"""What a machine's root disk may be."""

_NO_BLOCKS = (
    "is dead: AWS took no new spot blocks from 2021-07-01 on and ended the last on 2022-12-31; "
    "leave it out, and let GitLab retry jobs that lose their machine (retry: runner_system_failure)"
)


def _check_price(price: str) -> str | None:
    if price == "":
        return "is empty, which AWS has refused since docker-machine 0.16.2-gitlab.21; write a number such as 0.07"
    fits = re.fullmatch(r"[0-9]+(\.[0-9]+)?", price) and float(price) >= LEAST_PRICE
    return None if fits else f"must be US dollars per hour, at least {LEAST_PRICE}"


def _check_volume_type(kind: str) -> str | None:
    if kind in ("st1", "sc1"):
        return "can't be the root disk of a machine; use gp3"
    return None if kind in _VOLUME_TYPES else "must be 'gp3', 'gp2', 'io1', 'io2' or 'standard'"


def _check_profile(name: str) -> str | None:
    if name.startswith("arn:"):
        return f"is an ARN; docker-machine wants the profile's name, which is {name.rsplit('/', 1)[-1]}"
    fits = re.fullmatch(r"[\w+=,.@-]{1,128}", name, re.ASCII)
    return None if fits else "is not a valid instance profile name"


def _check_extra(option: str) -> str | None:
    name, equals, _ = option.partition("=")
    if not (equals and re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)):
        return "is not an option; write it as name=value, without dashes before it"
    for known in FIELDS:
        if name == known:
            return f"sets {known}, which is not an extra option; set it outside of extra"
        if one_edit_apart(name, known):
            return f"sets {name}, which docker-machine would refuse if it is meant as {known}; set that one"
    return None


def _path(example: str) -> Pattern:
    return Pattern(r"/[^\x00]*", f"is not a valid path on the manager; write it as {example}")


Url = Annotated[
    str, Pattern(r"https?://[^\s/]+(/\S*)?", "is not a valid address; write it as http://mirror.example.com:5000")
]
Script = Annotated[
    str,
    Pattern(
        r"https?://[^\s/'\"|]+(/[^\s'\"|]*)?",
        "is not a valid script address; write it as https://releases.rancher.com/install-docker/28.2.1.sh, without "
        "quotes or a pipe",
    ),
]
OpenPort = Annotated[str, Pattern(r"\d{1,5}(/(tcp|udp))?", "is not a valid port; write it as 8080 or 53/udp")]


class DriverOptions(Section):
    """A worker's options, in the driver's order. What is refused follows from other settings.

    Where docker-machine's own default is meant, an option is left out.
    """

    access_key: Secret | None = Field(
        default=None,
        alias="amazonec2-access-key",
        description="A secret's name, such as <secret:awsKeyId>; by default the manager's instance profile serves",
    )
    secret_key: Secret | None = Field(
        default=None, alias="amazonec2-secret-key", description="A secret's name, such as <secret:awsKey>"
    )
    session_token: Secret | None = Field(
        default=None,
        alias="amazonec2-session-token",
        description="A secret's name; it is never renewed, so machines can't be removed once it has expired",
    )
    ami: None = refuse("is the image of the pool; set ami there", alias="amazonec2-ami")
    region: None = refuse(
        "is the stack's region; set it with: pulumi config set aws:region REGION", alias="amazonec2-region"
    )
    vpc_id: VpcId | None = Field(default=None, alias="amazonec2-vpc-id", description="Another VPC than the stack's")
    zone: Annotated[str, Pattern(r"[a-z0-9-]+", "is not a zone; write a for eu-central-1a")] | None = Field(
        default=None, alias="amazonec2-zone", description="Suffix of the subnet's zone"
    )
    subnet_id: SubnetId | None = Field(
        default=None, alias="amazonec2-subnet-id", description="Another subnet than the stack's"
    )
    security_group_readonly: bool = Field(
        default=True,
        alias="amazonec2-security-group-readonly",
        description="Whether docker-machine leaves the group's rules alone; else it opens ports to the whole internet",
    )
    security_group: Items[SecurityGroupName] | None = Field(
        default=None, alias="amazonec2-security-group", description="Names of further security groups, not their ids"
    )
    open_port: (
        Items[Annotated[str, Pattern(r"\d{1,5}(/(tcp|udp))?", "is not a valid port; write it as 8080 or 53/udp")]]
        | None
    ) = Field(default=None, alias="amazonec2-open-port", description="Ports to open to the whole internet")
    tags: Annotated[dict[MachineTagKey, TagValue], InOrder] | None = Field(
        default=None, alias="amazonec2-tags", description="Further tags of the pool's machines, by their keys"
    )
    instance_type: None = refuse("is set by the pool; set instanceTypes there", alias="amazonec2-instance-type")
    device_name: Annotated[str, _path("/dev/xvda")] | None = Field(
        default=None,
        alias="amazonec2-device-name",
        description="Root device of the image: /dev/xvda on Amazon Linux; /dev/sda1 if left out, as on Ubuntu",
    )
    root_size: Gibibytes = Field(default=40, alias="amazonec2-root-size", description="Size of the root disk in GiB")
    volume_type: Annotated[str, checked_by(_check_volume_type)] = Field(
        default="gp3",
        alias="amazonec2-volume-type",
        description="EBS type of the root disk: gp3, gp2, standard, or io1 and io2 with amazonec2-volume-iops",
    )
    volume_iops: Annotated[Annotated[int, Field(ge=100)] | None, Mark.SINCE_30] = Field(
        default=None,
        alias="amazonec2-volume-iops",
        description="Operations a second of the root disk: at gp3 3000 if left out",
    )
    volume_throughput: Annotated[Annotated[int, Field(ge=125)] | None, Mark.SINCE_30] = Field(
        default=None,
        alias="amazonec2-volume-throughput",
        description="MiB a second of a gp3 root disk: 125 if left out",
    )
    volume_encrypted: bool = Field(
        default=True, alias="amazonec2-volume-encrypted", description="Whether the root disk is encrypted"
    )
    volume_kms_key: KmsKey | None = Field(
        default=None, alias="amazonec2-volume-kms-key", description="KMS key for the root disk; AWS's own without it"
    )
    iam_instance_profile: Annotated[str, checked_by(_check_profile)] | None = Field(
        default=None, alias="amazonec2-iam-instance-profile", description="Another instance profile than the stack's"
    )
    ssh_port: Port | None = Field(
        default=None, alias="amazonec2-ssh-port", description="Port of the machines' SSH server; 22 if left out"
    )
    ssh_user: UserName = Field(
        default="ubuntu",
        alias="amazonec2-ssh-user",
        description="User of the image, with sudo rights, that docker-machine logs in as",
    )
    request_spot_instance: bool | None = Field(
        default=None, alias="amazonec2-request-spot-instance", description="As in GitLab's guide; or set spot instead"
    )
    spot_price: Annotated[str, checked_by(_check_price)] | None = Field(
        default=None, alias="amazonec2-spot-price", description="US dollars per hour; or set spot.maxPrice instead"
    )
    block_duration_minutes: None = refuse(_NO_BLOCKS, alias="amazonec2-block-duration-minutes")
    private_address_only: bool | None = Field(
        default=None,
        alias="amazonec2-private-address-only",
        description="Whether machines have no public address; then their subnet needs a NAT gateway",
    )
    use_private_address: bool = Field(
        default=True, alias="amazonec2-use-private-address", description="Whether the manager uses private addresses"
    )
    monitoring: bool | None = Field(
        default=None, alias="amazonec2-monitoring", description="Detailed CloudWatch metrics, at a price"
    )
    credit_specification: Annotated[Literal["standard", "unlimited"] | None, Mark.SINCE_30] = Field(
        default=None,
        alias="amazonec2-credit-specification",
        description="Whether types that save CPU credits, such as t3, may use more than they have saved, at a price",
    )
    use_ebs_optimized_instance: bool | None = Field(
        default=None,
        alias="amazonec2-use-ebs-optimized-instance",
        description="Whether machines of older types have network capacity of their own for EBS",
    )
    ssh_keypath: Annotated[str, _path("/root/.ssh/workers")] | None = Field(
        default=None, alias="amazonec2-ssh-keypath", description="Private key on the manager, with NAME.pub beside it"
    )
    keypair_name: str | None = Field(
        default=None,
        alias="amazonec2-keypair-name",
        description="Existing key pair; needs amazonec2-ssh-keypath",
    )
    retries: Integer | None = Field(default=None, alias="amazonec2-retries", description="Retries of calls to AWS")
    endpoint: Annotated[str, Pattern(r"[^\s/,]+(/\S*)?|https?://\S+", "is not a valid EC2 API address")] | None = Field(
        default=None, alias="amazonec2-endpoint", description="Address of EC2's API, in place of the region's own"
    )
    insecure_transport: bool | None = Field(
        default=None,
        alias="amazonec2-insecure-transport",
        description="Whether that address is asked by HTTP, without TLS",
    )
    userdata: Annotated[str, _path("/etc/gitlab-runner/user-data.yaml")] | None = Field(
        default=None, alias="amazonec2-userdata", description="File on the manager with the machines' user data"
    )
    metadata_token: Literal["optional", "required"] = Field(
        default="required", alias="amazonec2-metadata-token", description="required: IMDSv2 only"
    )
    # Containers are one hop further away from the metadata service than the machine.
    metadata_token_response_hop_limit: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, alias="amazonec2-metadata-token-response-hop-limit", description="2 lets containers reach IMDSv2"
    )
    use_fleet: Annotated[bool | None, Mark.CKI_ONLY] = Field(
        default=None, alias="amazonec2-use-fleet", description="EC2 fleets, in the fork of the CKI project alone"
    )
    launch_template: Annotated[str | None, Mark.CKI_ONLY] = Field(
        default=None, alias="amazonec2-launch-template", description="Launch template of fleets"
    )
    engine_install_url: Script | None = Field(
        default=None,
        alias="engine-install-url",
        description="Script that installs Docker on a machine; https://get.docker.com, the newest, if left out",
    )
    engine_registry_mirror: Items[Url] | None = Field(
        default=None,
        alias="engine-registry-mirror",
        description="Mirrors of Docker Hub that the machines' Docker asks first",
    )
    engine_insecure_registry: Items[str] | None = Field(
        default=None,
        alias="engine-insecure-registry",
        description="Registries that Docker may ask without a certificate it knows, as host:port",
    )
    engine_opt: Items[str] | None = Field(
        default=None, alias="engine-opt", description="Flags of dockerd without their dashes, as flag=value"
    )
    engine_env: Annotated[Items[Variable] | None, Mark.HIDDEN] = Field(
        default=None, alias="engine-env", description="dockerd's environment"
    )
    engine_label: Items[Variable] | None = Field(
        default=None, alias="engine-label", description="Labels of the machines' Docker, as name=value"
    )
    engine_storage_driver: str | None = Field(
        default=None,
        alias="engine-storage-driver",
        description="Storage driver of the machines' Docker; overlay2 where the kernel has it",
    )
    tls_san: Items[str] | None = Field(
        default=None, alias="tls-san", description="Further names in the certificates of the machines' Docker"
    )
    extra: Annotated[Items[Annotated[str, checked_by(_check_extra)]] | None, Mark.HIDDEN] = Field(
        default=None, description="Options that a newer docker-machine knows and these settings do not, as name=value"
    )


SINCE_30 = marked(DriverOptions, Mark.SINCE_30)
CKI_ONLY = marked(DriverOptions, Mark.CKI_ONLY)

Kind = Literal["string", "int", "bool", "list"]


def _kind(annotation: object) -> Kind:
    if get_origin(annotation) is tuple:
        return "list"
    if annotation in (bool, int):
        return "bool" if annotation is bool else "int"
    return next((kind for kind in map(_kind, get_args(annotation)) if kind != "string"), "string")


FIELDS = {field.alias or name: name for name, field in DriverOptions.model_fields.items() if name != "extra"}
"""The fields' names by their options, in the driver's order."""

KINDS: dict[str, Kind] = {
    option: _kind(DriverOptions.model_fields[name].annotation)
    for option, name in FIELDS.items()
    if option not in DriverOptions.refused()
}
"""What the driver's command line makes of each option that may be set."""
