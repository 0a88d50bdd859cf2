"""The Auto Scaling group of one pool, and the launch templates of its machines."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from config_render.base.instance_types import Architecture
from config_render.executors.docker_autoscaler.group import GroupSpec, RootDisk, TemplateSpec

from ... import aws

# The classes of `aws` are named in quotes below: they are loaded for stacks that have groups alone.

_SPOT_REQUEST = "spot-instances-request"
_TAGGED = ("instance", "volume", "network-interface")
_KEY_USES = [
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
]
"""Source: "Required AWS KMS key policy for use with encrypted volumes" in the User Guide of EC2 Auto Scaling."""


@dataclass(frozen=True, kw_only=True)
class WorkerGroupArgs:
    """What a `WorkerGroup` is made of.

    Args:
        spec: What the settings say of it; plain, as it settles how many templates there are.
        user_data: Text, not base64.
        subnet_ids: The subnets of `spec.zones`, unless `spec` names one itself.
        security_group_id: The machines' security group.
        instance_profile: Name of the machines' instance profile, unless `spec` names another.
        images: Image ids by `TemplateSpec.image_key`, for templates that name none.
    """

    spec: GroupSpec
    user_data: str
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    instance_profile: pulumi.Input[str]
    images: Mapping[str, pulumi.Input[str]]


class WorkerGroup(pulumi.ComponentResource):
    """An Auto Scaling group whose size the manager sets, from none to the pool's most machines.

    A change of a template is for new machines: those that run stay until the manager removes them.

    Attributes:
        group_name: The group's name, which the plugin of docker-autoscaler finds it by.
    """

    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: WorkerGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:WorkerGroup", name, None, opts)
        self._name, self._args, spec = name, args, args.spec
        disk_key = None if spec.root_disk.kms_key is None else self._key_arn(spec.root_disk.kms_key)
        templates = {each.architecture: self._template(each, disk_key) for each in spec.templates}
        group = self._group(templates)
        self.group_name = group.name
        if disk_key is not None:
            # After the group: AWS makes the role with an account's first one. A group of size 0 uses no key.
            aws.Grant(
                f"{name}-volumes",
                key_id=disk_key,
                grantee_principal=group.service_linked_role_arn,
                operations=_KEY_USES,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"group_name": self.group_name})

    def _key_arn(self, key: str) -> pulumi.Output[str]:
        """Grants know no aliases, and the provider takes ARNs alone for volumes."""
        if key.startswith("arn:") and ":key/" in key:
            return pulumi.Output.from_input(key)
        options = pulumi.InvokeOutputOptions(parent=self)
        return aws.get_key_output(key_id=key.removeprefix("key/"), opts=options).arn

    def _template(self, template: TemplateSpec, disk_key: pulumi.Output[str] | None) -> "aws.LaunchTemplate":
        args, spec = self._args, self._args.spec
        tags = {**spec.tags, "Name": spec.name}
        # EC2 refuses the tag of a request that on-demand machines don't make.
        tagged = [*_TAGGED, *([_SPOT_REQUEST] if spec.spot and not spec.on_demand_base else [])]
        return aws.LaunchTemplate(
            f"{self._name}-{template.architecture}",
            update_default_version=True,
            image_id=template.ami or args.images[template.image_key],
            # The group's overrides decide; some tools ask the template all the same.
            instance_type=template.instance_types[0],
            iam_instance_profile={"name": spec.instance_profile or args.instance_profile},
            network_interfaces=[
                {
                    "device_index": 0,
                    "security_groups": [args.security_group_id],
                    "associate_public_ip_address": _text(spec.public_address),
                    "delete_on_termination": "true",
                }
            ],
            block_device_mappings=[_disk(spec.root_disk, disk_key)],
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": spec.metadata_tokens,
                "http_put_response_hop_limit": spec.metadata_hop_limit,
                "instance_metadata_tags": "disabled",
            },
            monitoring={"enabled": spec.monitoring},
            ebs_optimized=None if spec.ebs_optimized is None else _text(spec.ebs_optimized),
            credit_specification={"cpu_credits": spec.cpu_credits} if spec.cpu_credits else None,
            key_name=spec.key_name,
            user_data=base64.b64encode(args.user_data.encode()).decode(),
            tag_specifications=[{"resource_type": kind, "tags": tags} for kind in tagged],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(self, templates: "Mapping[Architecture, aws.LaunchTemplate]") -> "aws.Group":
        spec = self._args.spec
        return aws.Group(
            f"{self._name}-group",
            # Another name replaces the group, and with it every machine.
            name=spec.name,
            min_size=0,
            # The manager sets how many of them there are: desired_capacity is left out on purpose.
            max_size=spec.max_size,
            vpc_zone_identifiers=list(self._args.subnet_ids),
            mixed_instances_policy=_mixed_instances(spec, templates),
            # Whatever replaces a machine ends its jobs.
            protect_from_scale_in=True,
            suspended_processes=["AZRebalance"],
            capacity_rebalance=False,
            max_instance_lifetime=0,
            health_check_type="EC2",
            wait_for_capacity_timeout="0",
            # Protected machines would keep the group from being deleted.
            force_delete=True,
            tags=[
                {"key": key, "value": value, "propagate_at_launch": True}
                for key, value in {**spec.tags, "Name": spec.name}.items()
            ],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )


def _mixed_instances(spec: GroupSpec, templates: "Mapping[Architecture, aws.LaunchTemplate]") -> Any:
    made_from = {instance_type: each.architecture for each in spec.templates for instance_type in each.instance_types}
    first = spec.templates[0].architecture
    distribution: dict[str, Any] = {
        "on_demand_base_capacity": spec.on_demand_base,
        "on_demand_percentage_above_base_capacity": spec.on_demand_percentage,
        "on_demand_allocation_strategy": "prioritized",
        "spot_allocation_strategy": "price-capacity-optimized",
    }
    if spec.spot_max_price is not None:
        distribution["spot_max_price"] = spec.spot_max_price
    overrides: list[dict[str, Any]] = []
    for instance_type in spec.instance_types:
        override: dict[str, Any] = {"instance_type": instance_type}
        if made_from[instance_type] != first:
            override["launch_template_specification"] = _latest(templates[made_from[instance_type]])
        overrides.append(override)
    return {
        "instances_distribution": distribution,
        "launch_template": {"launch_template_specification": _latest(templates[first]), "overrides": overrides},
    }


def _latest(template: "aws.LaunchTemplate") -> dict[str, Any]:
    # By number, so that the group is updated with the template, and a preview shows it.
    return {"launch_template_id": template.id, "version": template.latest_version.apply(str)}


def _disk(disk: RootDisk, key: pulumi.Output[str] | None) -> Any:
    volume: dict[str, Any] = {
        "volume_size": disk.gibibytes,
        "volume_type": disk.volume_type,
        "encrypted": _text(disk.encrypted),
        "delete_on_termination": "true",
        "iops": disk.iops,
        "throughput": disk.throughput,
        "kms_key_id": key,
    }
    given = {name: value for name, value in volume.items() if value is not None}
    return {"device_name": disk.device_name, "ebs": given}


def _text(value: bool) -> str:
    """The provider has texts for yes and no here, so as to tell no from nothing."""
    return "true" if value else "false"
