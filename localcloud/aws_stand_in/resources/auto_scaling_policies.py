"""Stand-in for pulumi-aws: what an Auto Scaling group launches, from and to Auto Scaling's own description."""

from collections.abc import Mapping
from typing import Any

from ..properties import Properties
from .base import present

_DISTRIBUTION: Mapping[str, str] = {
    "onDemandAllocationStrategy": "OnDemandAllocationStrategy",
    "onDemandBaseCapacity": "OnDemandBaseCapacity",
    "onDemandPercentageAboveBaseCapacity": "OnDemandPercentageAboveBaseCapacity",
    "spotAllocationStrategy": "SpotAllocationStrategy",
    "spotInstancePools": "SpotInstancePools",
    "spotMaxPrice": "SpotMaxPrice",
}
_NUMBERS = ("onDemandBaseCapacity", "onDemandPercentageAboveBaseCapacity", "spotInstancePools")
_TEMPLATE: Mapping[str, str] = {"id": "LaunchTemplateId", "name": "LaunchTemplateName", "version": "Version"}
_SPECIFICATION: Mapping[str, str] = {
    "launchTemplateId": "LaunchTemplateId",
    "launchTemplateName": "LaunchTemplateName",
    "version": "Version",
}
_OVERRIDE: Mapping[str, str] = {"instanceType": "InstanceType", "weightedCapacity": "WeightedCapacity"}


def launches(inputs: Properties) -> dict[str, Any]:
    """The arguments that say what is launched."""
    template, policy = inputs.get("launchTemplate"), inputs.get("mixedInstancesPolicy")
    return present(
        LaunchTemplate=_template(_TEMPLATE, template) if template else None,
        MixedInstancesPolicy=_policy(policy) if policy else None,
    )


def _template(names: Mapping[str, str], given: Properties) -> dict[str, Any]:
    sent = {parameter: given[name] for name, parameter in names.items() if given.get(name)}
    # Either will do, and both are refused.
    if "LaunchTemplateId" in sent:
        sent.pop("LaunchTemplateName", None)
    return sent


def _policy(policy: Properties) -> dict[str, Any]:
    distribution, template = policy.get("instancesDistribution") or {}, policy["launchTemplate"]
    overrides = [
        {parameter: each[name] for name, parameter in _OVERRIDE.items() if each.get(name)}
        for each in template.get("overrides") or ()
    ]
    given = {
        parameter: distribution[name]
        for name, parameter in _DISTRIBUTION.items()
        if distribution.get(name) is not None and not (name == "spotInstancePools" and distribution[name] == 0)
    }
    # As a text it takes away a price that was set.
    given.setdefault("SpotMaxPrice", "")
    return {
        "InstancesDistribution": given,
        "LaunchTemplate": {
            "LaunchTemplateSpecification": _template(_SPECIFICATION, template["launchTemplateSpecification"]),
            **({"Overrides": overrides} if overrides else {}),
        },
    }


def shown(group: Mapping[str, Any]) -> Properties:
    """What the provider shows of it."""
    template, policy = group.get("LaunchTemplate"), group.get("MixedInstancesPolicy")
    return {
        "launchTemplate": template and {name: template.get(parameter, "") for name, parameter in _TEMPLATE.items()},
        "mixedInstancesPolicy": policy and _shown_policy(policy),
    }


def _shown_policy(policy: Mapping[str, Any]) -> Properties:
    distribution, template = policy.get("InstancesDistribution", {}), policy["LaunchTemplate"]
    specification = template["LaunchTemplateSpecification"]
    return {
        "instancesDistribution": {
            name: distribution.get(parameter, 0 if name in _NUMBERS else "")
            for name, parameter in _DISTRIBUTION.items()
        },
        "launchTemplate": {
            "launchTemplateSpecification": {
                name: specification.get(parameter, "") for name, parameter in _SPECIFICATION.items()
            },
            "overrides": [
                {name: each.get(parameter, "") for name, parameter in _OVERRIDE.items()}
                for each in template.get("Overrides", ())
            ],
        },
    }
