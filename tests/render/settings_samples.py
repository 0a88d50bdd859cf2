"""Settings and facts for tests of the renderer."""

from collections.abc import Mapping, Sequence
from typing import Any

from config_render import CreatedResources, Problem, Settings, document, parse, problems_of

TOKEN = "glrt-" + "a1B2" * 5
ACCESS_TOKEN = "glpat-0123456789abcdefghij"
REGION = "eu-central-1"

FACTS = CreatedResources(
    deployment="dev",
    region=REGION,
    vpc_id="vpc-0abc",
    subnets={"eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b", "eu-central-1c": "subnet-0c"},
    security_group="dev-workers",
    instance_profile="dev-worker",
    bucket="dev-cache",
    bucket_region=REGION,
    images={"x86_64": "ami-000000aa", "arm64": "ami-000000bb"},
)


def stack(pool: Mapping[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """A valid stack with one pool; `pool` and the keywords go over its settings."""
    return {
        "gitlab": {"url": "https://gitlab.example.com"},
        "manager": {"sshFrom": ["203.0.113.0/24"]},
        "network": {"zones": ["a", "b", "c"]},
        "pools": [{"name": "ci", "zones": ["a"], "limit": 20, **(pool or {})}],
        **settings,
    }


def parsed(raw: Mapping[str, Any], secrets: Sequence[str] = ()) -> Settings:
    return parse(raw, token=TOKEN, region=REGION, secrets=secrets)


def with_own_runners(pool: Mapping[str, Any] | None = None, **settings: Any) -> Settings:
    """The settings of `stack`, each runner entry with a runner, and so a token, of its own."""
    create = {"runnerType": "group_type", "groupId": 5, "each": "entry"}
    raw = stack(pool, createRunner=create, **settings)
    return parse(raw, region=REGION, secrets=("own",), tokens={"accessToken": ACCESS_TOKEN})


def entries_of(settings: Settings) -> list[dict[str, Any]]:
    """The `[[runners]]` of settings."""
    found: list[dict[str, Any]] = document(settings, FACTS)["runners"]
    return found


def jobs_at_once(settings: Settings) -> int:
    """How many jobs run at a time, `concurrent` aside, as gitlab-runner counts them: by token, up to each limit."""
    by_token: dict[str, int] = {}
    for each in entries_of(settings):
        by_token[each["token"]] = max(by_token.get(each["token"], 0), each["limit"])
    return sum(by_token.values())


def runners(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    return entries_of(parsed(raw))


def problems(raw: Mapping[str, Any], secrets: Sequence[str] = ()) -> list[Problem]:
    return problems_of(raw, token=TOKEN, region=REGION, secrets=secrets)[1]


def lines(raw: Mapping[str, Any], secrets: Sequence[str] = ()) -> list[str]:
    """The problems as a person reads them, without the namespace that all of them begin with."""
    return [str(each).removeprefix("gitlab-runner-aws:") for each in problems(raw, secrets)]


def options_of(runner: dict[str, Any]) -> dict[str, str]:
    """The MachineOptions by name; fails when one is there twice."""
    pairs = [option.partition("=")[::2] for option in runner["machine"]["MachineOptions"]]
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)
