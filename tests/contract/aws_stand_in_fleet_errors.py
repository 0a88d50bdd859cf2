"""Inputs that stand for the recorded errors of launch templates and Auto Scaling groups."""

from typing import Any

TEMPLATE, SCALING_GROUP = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"

SIZES = {"minSize": 0, "maxSize": 0}
ZONES = {"availabilityZones": ["us-east-1a"]}

BEFORE_APPLY: dict[tuple[str, str], dict[str, Any]] = {
    (TEMPLATE, "name with a space"): {"name": "a b"},
    (TEMPLATE, "name and namePrefix"): {"name": "a", "namePrefix": "b"},
    (TEMPLATE, "defaultVersion and updateDefaultVersion"): {"defaultVersion": 1, "updateDefaultVersion": True},
    (TEMPLATE, "metadataOptions.httpTokens not in list"): {"metadataOptions": {"httpTokens": "x"}},
    (SCALING_GROUP, "no launchTemplate, launchConfiguration or mixedInstancesPolicy"): {**SIZES, **ZONES},
    (SCALING_GROUP, "missing minSize and maxSize"): {"launchTemplate": {"id": "lt-1"}},
}

AT_APPLY: dict[tuple[str, str], dict[str, Any]] = {
    (TEMPLATE, "duplicate name"): {"name": "pre-lt1", "imageId": "ami-<hex>"},
    (SCALING_GROUP, "no vpcZoneIdentifiers and no availabilityZones"): {
        **SIZES,
        "name": "asg-x",
        "launchTemplate": {"id": "lt-<hex>"},
    },
}

NOT_TRIED = {(SCALING_GROUP, "unknown launch template"): "moto's code is EC2's: with AWS's, tested by itself"}
