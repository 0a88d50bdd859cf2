"""Where the names of groups are too long for a policy, a pattern allows those of the deployment and no others."""

import pytest

from components.iam import policies

from .evaluator import Evaluator, Request
from .groups import recorded
from .variants import VARIANTS

WHERE = VARIANTS["on-demand"]
BY_PATTERN = policies.group_manager(WHERE.groups, None, at_most=0)


def test_the_pattern_is_another_policy() -> None:
    assert policies.group_manager(WHERE.groups, None) != BY_PATTERN


@pytest.mark.parametrize("call", recorded(WHERE))
def test_the_plugins_calls_are_allowed_by_the_pattern(call: str, evaluator: Evaluator) -> None:
    assert evaluator.allows(BY_PATTERN, recorded(WHERE)[call])


@pytest.mark.parametrize("name", ["project/stack/runner2/pool", "project/stack2/runner/pool", "project/stack", "pool"])
def test_groups_of_other_deployments_are_refused(name: str, evaluator: Evaluator) -> None:
    manager = WHERE.fill("{iam}:role/manager")
    group = WHERE.fill("{groups}/" + name)
    size = Request(action="autoscaling:SetDesiredCapacity", resource=group, principal=manager)
    log_in = Request(
        action="ec2-instance-connect:SendSSHPublicKey",
        resource=WHERE.fill("{ec2}:instance/i-a"),
        context={"ec2:osuser": "ubuntu", "ec2:ResourceTag/aws:autoscaling:groupName": name},
        principal=manager,
    )
    assert [evaluator.allows(BY_PATTERN, each) for each in (size, log_in)] == [False, False]
