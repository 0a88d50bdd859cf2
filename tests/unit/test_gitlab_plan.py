"""Where the runner's token may come from, and what the manager is told of that."""

from typing import Any

import pytest

from components.manager.gitlab_plan import gitlab_plan
from components.manager_tool.contract.documents import GitLabPlan
from config_render import parse, problems_of
from config_render.base.placeholders import ACCESS_TOKEN, REGISTRATION_TOKEN
from localcloud.throwaway_authority import served
from tests.render.settings_samples import REGION, TOKEN, stack

ACCESS, REGISTRATION = "glpat-0123456789abcdefghij", "GR1348941abcdefghijklmnop"
GROUP = {"runnerType": "group_type", "groupId": 5}


def said(raw: dict[str, Any], **tokens: str) -> list[str]:
    _, problems = problems_of(raw, region=REGION, secrets=("blue",), tokens=tokens)
    return [str(each).removeprefix("gitlab-runner-aws:") for each in problems]


def plan(raw: dict[str, Any], **tokens: str) -> GitLabPlan:
    settings = parse(raw, region=REGION, secrets=("proxy",), tokens=tokens)
    return gitlab_plan(settings, deployment="dev-runner", region=REGION, secret=next(iter(tokens), None))


@pytest.mark.parametrize(
    ("raw", "tokens"),
    [
        (stack(), {"token": TOKEN}),
        (stack(), {REGISTRATION_TOKEN: REGISTRATION}),
        (stack(createRunner=GROUP), {ACCESS_TOKEN: ACCESS}),
        (stack(tokenParameter="/ci/token"), {}),
        (stack(tokenSecret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf"), {}),
        (stack({"token": "<secret:blue>"}), {}),
    ],
)
def test_each_source_will_do_alone(raw: dict[str, Any], tokens: dict[str, str]) -> None:
    assert said(raw, **tokens) == []


@pytest.mark.parametrize(
    ("raw", "tokens", "lines"),
    [
        (stack(), {}, ["token: missing; set it with: pulumi config set --secret gitlab-runner-aws:token"]),
        (
            stack(),
            {"token": TOKEN, REGISTRATION_TOKEN: REGISTRATION},
            ["registrationToken: is set beside token, and there is one token for all pools; leave out one"],
        ),
        (
            stack(),
            {ACCESS_TOKEN: ACCESS},
            ["createRunner: missing, while accessToken is set; say what to create: {runnerType: ...}"],
        ),
        (
            stack(createRunner={"runnerType": "project_type", "groupId": 5}),
            {ACCESS_TOKEN: ACCESS},
            [
                "createRunner.groupId = 5: is for the runnerType group_type; leave it out",
                "createRunner.projectId: missing, while runnerType is project_type; its page in GitLab shows it",
            ],
        ),
        (
            stack(createRunner={**GROUP, "runUntagged": False}),
            {ACCESS_TOKEN: ACCESS},
            ["createRunner.runUntagged = false: leaves no jobs at all without tags; give some"],
        ),
        (
            stack(createRunner={**GROUP, "tags": ["a,b"], "maximumTimeout": 60}),
            {ACCESS_TOKEN: ACCESS},
            [
                "createRunner.maximumTimeout = 60: must be at least 600",
                'createRunner.tags[0] = "a,b": is not a valid tag: 1 to 255 characters without a comma',
            ],
        ),
        (stack(), {REGISTRATION_TOKEN: TOKEN}, ["registrationToken: is a runner's authentication token already; set "]),
        (stack(), {REGISTRATION_TOKEN: ACCESS}, ["registrationToken: is an access token; set it as accessToken"]),
        (stack(createRunner=GROUP), {ACCESS_TOKEN: TOKEN}, ["accessToken: is a runner's authentication token; set it"]),
        (stack(createRunner=GROUP), {ACCESS_TOKEN: REGISTRATION}, ["accessToken: is a registration token; set it as"]),
        (
            stack(createRunner=GROUP),
            {ACCESS_TOKEN: "gldt-0123456789abcdef"},
            ["accessToken: is another kind of GitLab"],
        ),
        (stack(createRunner=GROUP), {ACCESS_TOKEN: "brief"}, ["accessToken: is too short: it has at least 16"]),
        (
            stack(createRunner=GROUP),
            {ACCESS_TOKEN: f"{ACCESS} "},
            ["accessToken: holds a blank, a line break or another"],
        ),
        (
            stack(tokenParameter="/ci/token", identity={"mode": "accessKey"}),
            {},
            ["tokenParameter = /ci/token: is read with the manager's role, which the mode accessKey has not; set"],
        ),
        (
            stack(tokenParameter="ci token"),
            {},
            ['tokenParameter = "ci token": is not a valid parameter name; write it as'],
        ),
        (
            stack(tokenSecret="a b"),
            {},
            ['tokenSecret = "a b": is not a valid secret name or ARN; write it as ci/runner-token'],
        ),
    ],
)
def test_a_wrong_source_is_refused_with_the_fix(raw: dict[str, Any], tokens: dict[str, str], lines: list[str]) -> None:
    found = said(raw, **tokens)
    assert [line[: len(wanted)] for line, wanted in zip(found, lines, strict=True)] == lines
    assert not any(secret in line for line in found for secret in tokens.values())


def test_the_plan_names_secrets_and_holds_none() -> None:
    manager = {"sshFrom": ["203.0.113.0/24"], "proxy": {"url": "<secret:proxy>", "noProxy": [".example.com"]}}
    told = plan(stack(createRunner={**GROUP, "tags": ["a", "b"]}, manager=manager), accessToken=ACCESS)
    assert ACCESS not in str(told)
    assert told["needs"] == ["accessToken", "proxy"]
    assert told["token"] == {
        "from": "accessToken",
        "runner": {
            "runner_type": "group_type",
            "group_id": 5,
            "tag_list": "a,b",
            "run_untagged": True,
            "locked": False,
            "paused": False,
            "access_level": "not_protected",
            "maximum_timeout": None,
            "maintenance_note": None,
        },
    }
    assert told["proxy"] == {
        "url": "<secret:proxy>",
        "noProxy": ["localhost", "127.0.0.1", "169.254.169.254", "10.0.0.0/16", ".example.com"],
    }


def test_a_secret_of_another_region_is_read_there() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf"
    assert plan(stack(tokenSecret=arn))["token"] == {"from": "tokenSecret", "name": arn, "region": "eu-west-1"}
    assert plan(stack(tokenSecret="ci"))["token"]["region"] == REGION


def test_a_private_authority_goes_along_and_no_other_does() -> None:
    pem = served("127.0.0.1").authority
    assert plan(stack(gitlab={"url": "https://gitlab.example.com", "ca": pem}), token=TOKEN)["ca"] == pem
    assert plan(stack(), token=TOKEN) == {
        "url": "https://gitlab.example.com",
        "deployment": "dev-runner",
        "token": {"from": "token"},
        "needs": ["token"],
    }


def test_a_parameter_is_read_in_the_stacks_region() -> None:
    told = plan(stack(tokenParameter="/ci/token"))
    assert (told["token"], told["needs"]) == ({"from": "tokenParameter", "name": "/ci/token", "region": REGION}, [])
