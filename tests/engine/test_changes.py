"""docs/changes.md holds what the engine plans for a change of each setting."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config_render import CacheSettings, IdentitySettings, ManagerSettings, NetworkSettings
from config_render.base.section import Section
from localcloud import control
from localcloud.cloud import LocalCloud
from review.causes import Quoted, causes_of
from review.changes import Changes, changes_of
from review.effects import effect_of
from review.events import read_events

from ..review.record import events_of
from .changes import UNINTERRUPTED, Row, done_by, plan_of, planned_together, rows, with_setting
from .conftest import STACK, Deployment, local_settings, new_stack, remove_stack

NAMESPACE = "gitlab-runner-aws:"
ROWS = rows()


@pytest.fixture(scope="module")
def deployed(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A stack that is up, with secrets that settings may name; previews leave it alone."""
    config = local_settings()
    config[f"{NAMESPACE}pools"][0]["machine"]["IdleCount"] = 0
    config[f"{NAMESPACE}pools"][0]["machine"]["autoscaling"] = []
    folder: Path = tmp_path_factory.mktemp("changes")
    made = new_stack(cloud, folder / "project", config)
    made.project.set_secret(f"{NAMESPACE}secrets.key", "a key")
    made.up()
    yield made
    made.configure()
    remove_stack(made)


def ids_of_default_network(cloud: LocalCloud) -> dict[str, str]:
    """What takes the place of the page's made-up ids: the account's default VPC is there in every account."""
    subnet = control.aws(cloud, "ec2").describe_subnets(
        Filters=[
            {"Name": "availability-zone", "Values": ["eu-central-1a"]},
            {"Name": "default-for-az", "Values": ["true"]},
        ]
    )["Subnets"][0]
    return {"vpc-0ours": subnet["VpcId"], "subnet-0ours": subnet["SubnetId"]}


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The stack's settings with one more or another; its address of GitLab stays."""
    settings = {key.removeprefix(NAMESPACE): v for key, v in config.items() if key.startswith(NAMESPACE)}
    others = {key: v for key, v in config.items() if not key.startswith(NAMESPACE)}
    return {**others, **{NAMESPACE + key: v for key, v in with_setting(settings, path, value).items()}}


@pytest.mark.parametrize("together", planned_together(), ids=lambda together: "; ".join(row.change for row in together))
def test_the_page_says_what_the_engine_plans(deployed: Deployment, together: list[Row]) -> None:
    cloud = deployed.cloud
    config = deployed.config
    for row in together:
        for path, value in row.settings(ids_of_default_network(cloud)).items():
            config = changed(config, path, value)
    deployed.project.configure(control.with_addresses(config, cloud))
    events = [*read_events(events_of(deployed.project))]
    plan = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
    changes = changes_of(events, project="gitlab-runner-aws", stack=STACK)

    if len(together) == 1:
        assert (together[0].plan, together[0].effect) == (plan_of(plan), effect_of(changes))
    else:
        assert (joined(together), UNINTERRUPTED) == (done_by(plan), effect_of(changes))
    assert unexplained(changes) == []


def joined(together: list[Row]) -> dict[str, set[str]]:
    """What lines do that are planned together."""
    done: dict[str, set[str]] = {}
    for row in together:
        for step, names in (row.named or {}).items():
            done.setdefault(step, set()).update(names)
    return done


def test_each_line_of_the_page_is_planned() -> None:
    assert len(ROWS) > 70
    assert sorted(row.change for together in planned_together() for row in together) == sorted(
        row.change for row in ROWS
    )


def unexplained(changes: Changes) -> list[tuple[str, str]]:
    """What is replaced or deleted for a reason that names neither a changed setting nor another resource."""
    known = {each.name for each in changes.resources} | {each.path for one in changes.settings for each in one.changes}
    return [
        (each.name, "".join(cause))
        for each in changes.resources
        if each.goes
        for cause in causes_of(each, changes)
        if not any(isinstance(part, Quoted) and part in known for part in cause)
    ]


def test_the_page_has_a_line_for_each_setting_of_network_identity_manager_and_cache() -> None:

    models: dict[str, type[Section]] = {
        "network": NetworkSettings,
        "identity": IdentitySettings,
        "manager": ManagerSettings,
        "cache": CacheSettings,
    }
    wanted = {f"{table}.{key}" for table, model in models.items() for key in model.known_keys()}
    there = {key for row in ROWS for path, value in row.settings({}).items() for key in paths(path, value)}

    assert wanted - there - {"cache.extra"} == set()


def paths(path: str, value: Any) -> set[str]:
    """The settings that one of the page's values is about, as `table.key`."""
    table, _, key = path.partition(".")
    below = [key.partition(".")[0]] if key else value if isinstance(value, dict) else []
    return {f"{table}.{each}" for each in below}
