"""The policies of docs/permissions.md allow each call that the engine and its plugins make, and little else."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import pytest

from components.iam.policies import Policy
from localcloud import control
from localcloud.cloud import LocalCloud

from ..policies.evaluator import Evaluator, Request, running
from ..policies.operators import TAG, Call, Translator, documented
from .conftest import Deployment, local_settings, new_stack, remove_stack
from .test_variants import configure

DEPLOYMENT = "gitlab-runner-aws/local/runner"
OTHERS_CALLS = {
    "AssignIpv6Addresses": "AWS does it itself; it is how the emulated EC2 gives an instance its address",
    "AssumeRole": "the emulated metadata service",
    "Decrypt": "the engine's, for the secrets of the stack",
    "GetCallerIdentity": "needs no right",
}
NOT_RECORDED = {
    "preview": {
        "ec2:Describe*": "existing networks",
        "kms:DescribeKey": "a key that is given by its alias",
        "ssm:GetParameter": "images of Amazon Linux",
    },
    "up": {
        "autoscaling:*": "a change of a group, and of its tags",
        "ec2:*onitorInstances": "manager.monitoring changes, which the stand-in for the provider does otherwise",
        "ec2:Replace*": "another subnet, or another instance profile",
        "iam:CreateServiceLinkedRole": "the first group of an account",
        "s3:*Object*": "a bucket that holds objects",
        "s3:Get*Configuration": "what the real provider reads of a bucket as well",
        "s3:ListTagsForResource": "what the real provider reads of a bucket as well",
        "ssm:GetParameter": "images of Amazon Linux",
    },
}
"""Rights that the deployment below does not need, by patterns, and who does."""


@dataclass
class Recorded:
    """What was asked of IAM for each command."""

    requests: dict[str, list[Request]] = field(default_factory=dict)

    def of(self, *commands: str) -> list[Request]:
        return [each for command in commands for each in self.requests[command]]


class Recorder:
    """Runs commands and keeps their calls; what bears the tag is known once they have run."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._calls: dict[str, Sequence[Call]] = {}
        self._tagged: set[str] = set()

    def run(self, name: str, *command: str) -> None:
        control.calls(self.deployment.cloud, anew=True)
        self.deployment.run(*command)
        self._calls[name] = control.calls(self.deployment.cloud)
        ec2 = control.aws(self.deployment.cloud, "ec2")
        tagged = ec2.describe_tags(Filters=[{"Name": f"tag:{TAG}", "Values": [DEPLOYMENT]}])["Tags"]
        self._tagged |= {tag["ResourceId"] for tag in tagged}

    def recorded(self) -> Recorded:
        translator = Translator(DEPLOYMENT, self._tagged)
        return Recorded(
            {
                name: [
                    request
                    for call in calls
                    if call["key"] == "local" and call["action"] not in OTHERS_CALLS
                    for request in translator.requests(call)
                ]
                for name, calls in self._calls.items()
            }
        )


@pytest.fixture(scope="module")
def recorded(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A life of a stack that has as many kinds of resources as possible."""
    deployment = new_stack(cloud, tmp_path_factory.mktemp("permissions") / "project", local_settings())
    recorder, up = Recorder(deployment), ("up", "--yes", "--skip-preview")
    topic = "arn:aws:sns:eu-central-1:123456789012:ci"
    configure(
        deployment,
        {"spot": {"maxPrice": 0.05}},
        cache={"uploadRole": True},
        identity={"workerPolicies": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
        manager={
            "alarms": {"topicArn": topic},
            "elasticIp": True,
            "logs": {"retentionDays": 7, "journal": True},
            "monitoring": True,
            "ssm": True,
        },
        network={
            "egressPorts": [80, 443],
            "interfaceEndpoints": ["ec2"],
            "ipv6": True,
            "natGateways": "perZone",
            "private": True,
        },
        tags={"team": "ci"},
    )
    # Else an earlier test's preview may have asked what is remembered for an hour.
    shutil.rmtree(cloud.environment()["XDG_CACHE_HOME"], ignore_errors=True)
    recorder.run("preview", "preview")
    recorder.run("up", *up)
    recorder.run("refresh", "preview", "--refresh")
    deployment.config["gitlab-runner-aws:tags"] = {"owner": "ci"}
    configure(
        deployment,
        executor="docker-autoscaler",
        manager={"instanceType": "t3.medium", "monitoring": False, "rootSize": 30},
    )
    recorder.run("change", *up)
    recorder.run("destroy", "destroy", "--yes", "--skip-preview")
    yield recorder.recorded()
    remove_stack(deployment)


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with running() as evaluator:
        yield evaluator


@pytest.fixture(scope="module")
def preview() -> Policy:
    return documented(DEPLOYMENT)[0]


@pytest.fixture(scope="module")
def up() -> Policy:
    return documented(DEPLOYMENT)[1]


def refused(evaluator: Evaluator, policy: Policy, requests: Sequence[Request]) -> list[Request]:
    return [request for request in requests if not evaluator.allows(policy, request)]


def test_a_preview_may_ask_what_it_asks(recorded: Recorded, preview: Policy, evaluator: Evaluator) -> None:
    asked = recorded.of("preview")

    assert {"ec2:DescribeImages", "ec2:DescribeSpotPriceHistory"} <= {request.action for request in asked}
    assert refused(evaluator, preview, asked) == []


def test_a_preview_that_refreshes_needs_what_up_reads_as_well(
    recorded: Recorded, preview: Policy, up: Policy, evaluator: Evaluator
) -> None:
    asked = recorded.of("refresh")
    reading = [statement for statement in up["Statement"] if statement["Sid"].startswith("Read")]

    assert refused(evaluator, preview, asked) != []
    assert refused(evaluator, {**preview, "Statement": [*preview["Statement"], *reading]}, asked) == []


def test_an_up_with_its_preview_a_change_and_a_destroy_may_do_what_they_do(
    recorded: Recorded, preview: Policy, up: Policy, evaluator: Evaluator
) -> None:
    asked = recorded.of("preview", "up", "change", "destroy")

    assert {"ec2:RunInstances", "iam:PassRole", "s3:CreateBucket", "autoscaling:DeleteAutoScalingGroup"} <= {
        request.action for request in asked
    }
    assert refused(evaluator, up, asked) == []
    writing = [each for each in asked if not any(verb in each.action for verb in (":Describe", ":Get", ":List"))]
    assert refused(evaluator, preview, writing) == writing


def test_with_another_deployments_tag_the_policy_allows_no_more_than_to_use_networks(
    recorded: Recorded, evaluator: Evaluator
) -> None:
    _, other = documented("gitlab-runner-aws/another/runner")
    changes = [
        request
        for request in recorded.of("up", "change", "destroy")
        if any(key.endswith(f"Tag/{TAG}") for key in request.context) and request.action.startswith("ec2:")
    ]

    assert len({request.action for request in changes}) > 30
    allowed = [each for each in changes if evaluator.allows(other, each)]
    assert {(each.action, each.resource.partition("/")[0].rpartition(":")[2]) for each in allowed} == {
        ("ec2:CreateSecurityGroup", "vpc"),
        ("ec2:RunInstances", "subnet"),
    }


@pytest.mark.parametrize("kind", ["preview", "up"])
def test_no_right_is_there_for_nothing(kind: str, recorded: Recorded, request: pytest.FixtureRequest) -> None:
    commands = ("preview",) if kind == "preview" else [*recorded.requests]
    used = {each.action for each in recorded.of(*commands)}
    policy: Policy = request.getfixturevalue(kind)
    listed = [each["Action"] for each in policy["Statement"]]
    rights = {right for actions in listed for right in ([actions] if isinstance(actions, str) else actions)}
    unused = {right for right in rights if not any(fnmatchcase(action, right) for action in used)}

    assert {right for right in unused if not any(fnmatchcase(right, other) for other in NOT_RECORDED[kind])} == set()
    assert [other for other in NOT_RECORDED[kind] if not any(fnmatchcase(right, other) for right in unused)] == []
