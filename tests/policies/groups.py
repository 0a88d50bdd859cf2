"""What AWS asks of IAM for the recorded calls of the plugin of docker-autoscaler.

Which resources and context keys these are: AWS's Service Authorization Reference, which iam-simulate checks too.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .evaluator import Request
from .variants import Variant

_RECORDING = Path(__file__).parents[2] / "localcloud" / "recordings" / "fleeting_aws_calls.json"
_USERS = {"ec2-user": "pool", "ubuntu": "open"}
"""The group of the recording whose machines have this user."""

Parameters = Mapping[str, str]


def recorded(variant: Variant) -> dict[str, Request]:
    """Return a request for each call of the recording that differs, by its name."""
    found = {}
    for call in _calls():
        action = f"{call['service']}:{call['action']}"
        resource, context = _asked(call["action"], call["parameters"], variant)
        request = Request(
            action=action, resource=resource, context=context, principal=variant.fill("{iam}:role/manager")
        )
        found[f"{action} {resource.rpartition('/')[2]} {context.get('ec2:osuser', '')}".strip()] = request
    return found


@functools.cache
def _calls() -> Sequence[dict[str, Any]]:
    steps = [step for steps in json.loads(_RECORDING.read_text())["recorded"].values() for step in steps]
    return [call for step in steps for call in step["calls"]]


def _asked(action: str, sent: Parameters, variant: Variant) -> tuple[str, dict[str, str]]:
    if action.startswith("Describe"):
        return "*", {"aws:RequestedRegion": variant.region}
    if action == "SendSSHPublicKey":
        user = sent["InstanceOSUser"]
        tag = variant.fill("project/stack/runner/" + _USERS[user])
        return variant.fill(f"{{ec2}}:instance/{sent['InstanceId'].strip('<>')}"), {
            "ec2:osuser": user,
            "ec2:ResourceTag/aws:autoscaling:groupName": tag,
        }
    # The instance's group is what AWS asks about.
    return variant.fill("{groups}/project/stack/runner/" + sent.get("AutoScalingGroupName", "pool")), {}
