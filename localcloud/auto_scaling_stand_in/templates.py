"""Stand-in for Auto Scaling: the launch templates of the emulated EC2, as a group takes them."""

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import invalid

_ILL_FORMED = "You must use a valid fully-formed launch template."


def specification(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A group's reference to its launch template."""
    if "LaunchTemplate" in settings:
        return dict(settings["LaunchTemplate"])
    return dict(settings["MixedInstancesPolicy"].get("LaunchTemplate", {}).get("LaunchTemplateSpecification") or {})


def find(ec2: Any, wanted: Mapping[str, Any]) -> Any:
    """moto's launch template. Raises `AutoScalingError`."""
    identity, name = wanted.get("LaunchTemplateId"), wanted.get("LaunchTemplateName")
    if not identity and not name:
        raise invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
    if identity:
        if identity not in ec2.launch_templates:
            raise invalid(f"{_ILL_FORMED} The specified launch template, with template ID {identity}, does not exist.")
        return ec2.launch_templates[identity]
    if name not in ec2.launch_template_name_to_ids:
        raise invalid(f"{_ILL_FORMED} The specified launch template, with template name {name}, does not exist.")
    return ec2.launch_templates[ec2.launch_template_name_to_ids[name]]


def version_of(template: Any, wanted: Mapping[str, Any]) -> Any:
    """moto's version of a launch template. Raises `AutoScalingError`."""
    asked = str(wanted.get("Version") or "$Default")
    if asked in ("$Latest", "$Default"):
        return template.get_version(asked)
    if not asked.isdigit() or not 1 <= int(asked) <= len(template.versions):
        raise invalid(
            f"The specified launch template version '{asked}' does not exist for launch template {template.id}."
        )
    return template.versions[int(asked) - 1]


def resolved(ec2: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with id and name of the template, as AWS tells them. Raises `AutoScalingError`."""
    wanted = specification(settings)
    template = find(ec2, wanted)
    version_of(template, wanted)
    full = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
    full |= {"Version": wanted["Version"]} if wanted.get("Version") else {}
    if "LaunchTemplate" in settings:
        return {**settings, "LaunchTemplate": full}
    policy = settings["MixedInstancesPolicy"]
    return {**settings, "MixedInstancesPolicy": _full_policy(policy, {"Version": "$Default", **full})}


def _full_policy(policy: Mapping[str, Any], specified: dict[str, Any]) -> dict[str, Any]:
    distribution = policy.get("InstancesDistribution") or {}
    strategy = distribution.get("SpotAllocationStrategy") or "lowest-price"
    defaults = {
        "OnDemandAllocationStrategy": "prioritized",
        "OnDemandBaseCapacity": 0,
        "OnDemandPercentageAboveBaseCapacity": 100,
        "SpotAllocationStrategy": strategy,
        **({"SpotInstancePools": 2} if strategy == "lowest-price" else {}),
    }
    overrides = policy["LaunchTemplate"].get("Overrides") or []
    return {
        "LaunchTemplate": {"LaunchTemplateSpecification": specified, "Overrides": overrides},
        "InstancesDistribution": {**defaults, **{key: value for key, value in distribution.items() if value != ""}},
    }


def check(ec2: Any, settings: Mapping[str, Any], iam: Any) -> None:
    """Refuse a template that can't be launched, as AWS does when a group gets it. Raises `AutoScalingError`."""
    data = version_of(find(ec2, specification(settings)), specification(settings)).data
    mixed = settings.get("MixedInstancesPolicy")
    if mixed and data.get("InstanceMarketOptions"):
        raise invalid(
            "Incompatible launch template: You cannot use a launch template that is set to request Spot Instances "
            "(InstanceMarketOptions) when you configure an Auto Scaling group with a mixed instances policy. Add a "
            "different launch template to the group and try again."
        )
    for problem in problems(ec2, data, iam):
        raise invalid(f"{_ILL_FORMED} {problem}")
    overrides = mixed["LaunchTemplate"].get("Overrides") if mixed else ()
    if not data.get("InstanceType") and not overrides:
        raise invalid(f"{_ILL_FORMED} The request must contain the parameter InstanceType")


def problems(ec2: Any, data: Mapping[str, Any], iam: Any) -> Iterator[str]:
    """Yield what EC2 would refuse of a launch with this data, in its words."""
    image = data.get("ImageId")
    if not image:
        yield "The request must contain the parameter ImageId"
    elif image not in ec2.amis:
        yield f"The image id '[{image}]' does not exist"
    interfaces, groups = data.get("NetworkInterfaces") or (), data.get("SecurityGroupIds") or ()
    if interfaces and groups:
        yield "Network interfaces and an instance-level security groups may not be specified on the same request"
    for group in [*groups, *(each for interface in interfaces for each in interface.get("Groups") or ())]:
        if ec2.get_security_group_from_id(group) is None:
            yield f"The security group '{group}' does not exist"
    key = data.get("KeyName")
    if key and key not in ec2.key_pairs:
        yield f"The key pair '{key}' does not exist"
    profile = (data.get("IamInstanceProfile") or {}).get("Name")
    if profile and profile not in {each.name for each in iam.instance_profiles.values()}:
        name = "Invalid IAM Instance Profile name"
        yield f"Value ({profile}) for parameter iamInstanceProfile.name is invalid. {name}"


def as_aws_keeps_it(ec2: Any) -> None:
    """Take out what moto puts into templates: their own tags, among those of what they launch. Have tags current."""
    for template in list(ec2.launch_templates.values()):
        template.tags = template.get_tags()
        data = template.versions[0].data
        if "TagSpecifications" in data:
            kept = [each for each in data["TagSpecifications"] if each["ResourceType"] != "launch-template"]
            data["TagSpecifications"] = kept
            if not kept:
                del data["TagSpecifications"]
