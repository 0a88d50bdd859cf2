"""What a change of config.toml means for jobs, as the manager's tool will decide it."""

import tomllib

import pytest

from components.manager_tool.config.runners import sections
from components.manager_tool.executors.docker_autoscaler.restarts import reasons
from config_render.executors.created import CreatedResources
from config_render.render.document import render
from review.changes import Changes, ConfigToml, Resource
from review.effects import NOTHING, REPLACES_MANAGER, RESTARTS, UNKNOWN, effect_of, effects_of
from review.events import SECRET

from ..render.settings_samples import parsed, stack

FACTS = CreatedResources(
    deployment="runner",
    region="eu-central-1",
    vpc_id="vpc-1",
    instance_profile="worker",
    security_group="workers",
    subnets={"eu-central-1a": "subnet-1"},
    images={"x86_64": "ami-1"},
    bucket=None,
    bucket_region="eu-central-1",
)
GROUP = {"executor": "docker-autoscaler", "limit": 4}


def config(**pool: object) -> str:
    return render(parsed(stack({"zones": ["a"], **pool})), FACTS)


def changes(before: str | None, after: str | None, *resources: Resource) -> Changes:
    step = Resource("urn", "command:remote:Command", "runner-registration-config", "update")
    return Changes("project", "dev", (step, *resources), (ConfigToml("runner", before, after),))


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (config(limit=4), config(**GROUP), RESTARTS),
        (config(**GROUP), config(limit=4), RESTARTS),
        (config(**GROUP), config(**{**GROUP, "limit": 5}), RESTARTS),
        (config(**GROUP), config(**GROUP, autoscaler={"capacity_per_instance": 2}), RESTARTS),
        (config(**GROUP), config(**{**GROUP, "name": "other"}), RESTARTS),
        (config(**GROUP), config(**GROUP, machine={"IdleCount": 2}), NOTHING),
        (config(**GROUP), config(**GROUP, docker={"image": "alpine:3.21"}), NOTHING),
        (config(limit=4), config(limit=5), NOTHING),
        (config(limit=4), config(limit=4, name="other"), NOTHING),
    ],
)
def test_a_preview_tells_when_gitlab_runner_starts_again_and_the_manager_does_so(
    before: str, after: str, effect: str
) -> None:
    assert effect_of(changes(before, after)) == effect
    assert bool(reasons(sections(tomllib.loads(before)), sections(tomllib.loads(after)))) == (effect == RESTARTS)


def test_the_first_section_of_docker_autoscaler_starts_gitlab_runner_again_as_it_is_told_of_the_plugin_then() -> None:
    machines = config(limit=4)
    both = f"{machines}\n{config(**GROUP, name='next').partition('[[runners]]')[2].join(['[[runners]]', ''])}"
    assert effect_of(changes(machines, both)) == RESTARTS
    assert effect_of(changes("", config(**GROUP))) == RESTARTS
    third = both + config(**GROUP, name="third").partition("[[runners]]")[2].join(["[[runners]]", ""])
    assert effect_of(changes(both, third)) == NOTHING


def test_a_first_config_and_a_last_one_interrupt_nothing() -> None:
    assert (effects_of(changes(None, config(**GROUP))), effects_of(changes(config(**GROUP), None))) == ([], [])


@pytest.mark.parametrize("unreadable", [SECRET, "[[runners", "runners = [1]"])
def test_of_a_config_that_can_not_be_read_nothing_is_promised(unreadable: str) -> None:
    assert effect_of(changes(unreadable, config(**GROUP))) == UNKNOWN
    assert effect_of(Changes("project", "dev", (), (ConfigToml("runner", SECRET, SECRET),))) == NOTHING


def test_a_manager_that_is_replaced_is_not_told_twice() -> None:
    replaced = Resource("urn", "aws:ec2/instance:Instance", "runner-manager-instance", "replace")
    assert effects_of(changes(config(limit=4), config(**GROUP), replaced)) == [REPLACES_MANAGER]
