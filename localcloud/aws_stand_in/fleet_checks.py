"""Stand-in for pulumi-aws: which inputs of launch templates and Auto Scaling groups the real provider refuses."""

import re
from collections.abc import Mapping

from .properties import Properties, has_unknown
from .rules import Failures, Rule, between, conflicts, each, exactly_one, length, one_of

VOLUME_TYPES = ("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3")
_TAGGED_AT_LAUNCH = (
    "elastic-gpu",
    "instance",
    "launch-template",
    "network-interface",
    "spot-instances-request",
    "volume",
)
_WEIGHT = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html"


def _template_name(value: str, name: str) -> str | None:
    if re.fullmatch(r"[0-9A-Za-z()./_-]*", value):
        return None
    return f'"{name}" can only alphanumeric characters and ()./_- symbols'


def _tagged_kind(value: str, name: str) -> str | None:
    if value in _TAGGED_AT_LAUNCH:
        return None
    # The real list has all of EC2's kinds.
    return f'expected {name} to be one of ["capacity-reservation" "client-vpn-endpoint" ...], got {value}'


def _at_least_zero(path: str, name: str) -> Rule:
    return each(path, lambda value, _: None if value >= 0 else f"expected {name} to be at least (0), got {value}")


def _weights(inputs: Properties) -> Failures:
    template = (inputs.get("mixedInstancesPolicy") or {}).get("launchTemplate") or {}
    for number, override in enumerate(template.get("overrides") or ()):
        weight = override.get("weightedCapacity")
        if weight and not re.fullmatch(r"[1-9]\d{0,2}", weight):
            path = f"mixedInstancesPolicy.launchTemplate.overrides[{number}].weightedCapacity"
            name = f"mixed_instances_policy.0.launch_template.0.override.{number}.weighted_capacity"
            yield path, f"invalid value for {name} (see {_WEIGHT})"


def _of_known_template(*rules: Rule) -> Rule:
    """Terraform checks a group that refers to a template which is still to be made by none of its rules. Recorded."""

    def rule(inputs: Properties) -> Failures:
        kinds = (inputs.get(name) for name in ("launchTemplate", "mixedInstancesPolicy"))
        if not any(has_unknown(kind) for kind in kinds):
            for each_rule in rules:
                yield from each_rule(inputs)

    return rule


_DISTRIBUTION = "mixedInstancesPolicy.instancesDistribution"
_TERRAFORM_DISTRIBUTION = "mixed_instances_policy.0.instances_distribution.0"

FLEET_RULES: Mapping[str, tuple[Rule, ...]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": (
        each("name", _template_name),
        each("namePrefix", _template_name),
        conflicts("name", "namePrefix"),
        conflicts("defaultVersion", "updateDefaultVersion"),
        one_of("metadataOptions.httpTokens", "optional", "required"),
        between(
            "metadataOptions.httpPutResponseHopLimit", 1, 64, name="metadata_options.0.http_put_response_hop_limit"
        ),
        one_of("blockDeviceMappings[].ebs.volumeType", *VOLUME_TYPES),
        each("tagSpecifications[].resourceType", _tagged_kind),
    ),
    "aws:autoscaling/group:Group": (
        _of_known_template(
            exactly_one("launchConfiguration", "launchTemplate", "mixedInstancesPolicy"),
            length("name", 0, 255),
            conflicts("name", "namePrefix"),
            _at_least_zero(
                f"{_DISTRIBUTION}.onDemandBaseCapacity", f"{_TERRAFORM_DISTRIBUTION}.on_demand_base_capacity"
            ),
            between(
                f"{_DISTRIBUTION}.onDemandPercentageAboveBaseCapacity",
                0,
                100,
                name=f"{_TERRAFORM_DISTRIBUTION}.on_demand_percentage_above_base_capacity",
            ),
            _weights,
        ),
    ),
}
