"""A stack of an earlier release goes on with today's program: nothing that holds state is replaced or deleted."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud, Project

from . import released
from .conftest import Deployment

RELEASES = sorted(path.stem for path in released.FOLDER.glob("*.json"))


@pytest.fixture(params=RELEASES)
def old_stack(request: pytest.FixtureRequest, cloud: LocalCloud, tmp_path: Path) -> Iterator[Deployment]:
    """A stack with the state that a release has left, as if it had been deployed into this local cloud."""
    folder = tmp_path / "project"
    project = Project.create(cloud, folder, released.STACK, {})
    shutil.copy(released.FOLDER / f"{request.param}.yaml", folder / f"Pulumi.{released.STACK}.yaml")
    made = Deployment(project, released.settings(cloud), token="")
    project.configure(made.config)
    state = (released.FOLDER / f"{request.param}.json").read_text()
    project.pulumi("stack", "import", "--stack", released.STACK, stdin=state)
    released.move_state(project, released.PLACES, released.ports(cloud.addresses))
    yield made
    made.run("stack", "rm", "--yes", "--force", "--preserve-config")


def test_nothing_is_replaced_or_deleted_and_only_tags_and_the_managers_steps_and_rights_change(
    old_stack: Deployment,
) -> None:
    plan = old_stack.plan()
    # Secrets are sealed no more. The step has left nothing of use, and its end does nothing on the manager.
    assert plan.pop("runner-registration-key")["op"] == "delete"
    (gone,) = (each for each in old_stack.resources() if each["urn"].endswith("runner-registration-key"))
    assert "delete" not in gone["inputs"]
    assert {"update"} <= {step["op"] for step in plan.values()} <= {"create", "update"}
    elsewhere = {name: step for name, step in plan.items() if not name.startswith("runner-registration-")}
    # Machines have other names since, and another tag, which the manager's policy has to allow.
    rights = elsewhere.pop("runner-identity-manager", None)
    assert rights is not None
    for name, step in elsewhere.items():
        # The tag tells projects apart since, and an alarm has other words.
        assert {*step["diffReasons"]} <= {"tags", "tagsAll", "volumeTags", "dimensions", "alarmDescription"}, name
