"""The CI component as its page shows it, with no input but the stacks: in a clone of this repository, and elsewhere."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from ..checkout import copy_checkout
from ..released_tag import NO_INDEX, publish
from ..review.ci_local import proposed
from ..review.ci_project import notes, prepare_with, preview
from . import installed
from .test_import_examples import LOCAL

STACK = "dev"


def clone(cloud: LocalCloud, folder: Path) -> Project:
    """A clone of this repository: its virtual environment is called .venv, and the package is not in it."""
    copy_checkout(folder)
    shutil.rmtree(folder / "templates")  # `prepare` brings it
    (folder / ".venv").symlink_to(sys.prefix)
    return _with_stack(cloud, folder)


def import_project(cloud: LocalCloud, folder: Path) -> Project:
    """A project that imports the package, from the tag that it names, into an environment that is called venv."""
    folder.mkdir()
    page = (ROOT / "docs" / "import.md").read_text()
    for name, text in re.findall(r"^cat > (\S+) <<'EOF'\n(.*?)^EOF$", page, re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text)
    shutil.copy(ROOT / f"Pulumi.{STACK}.yaml", folder)
    installed.environment(folder / "venv")
    return _with_stack(cloud, folder)


def _with_stack(cloud: LocalCloud, folder: Path) -> Project:
    """The project with its stack, whose settings are those that are shipped, and lead to the local cloud."""
    shipped = folder / f"Pulumi.{STACK}.yaml"
    config = {"gitlab-runner-aws:manager": LOCAL, **yaml.safe_load(shipped.read_text())["config"]}
    shipped.unlink()
    project = Project(cloud, folder, STACK)
    project.pulumi("stack", "init", STACK, "--secrets-provider", cloud.secrets_provider)
    project.configure(control.with_addresses(config, cloud))
    project.set_secret("gitlab-runner-aws:token", control.create_runner(cloud))
    return project


@pytest.fixture(params=[clone, import_project], ids=lambda layout: str(layout.__name__))
def project(request: pytest.FixtureRequest, cloud: LocalCloud, tmp_path: Path) -> Iterator[Project]:
    made: Project = request.param(cloud, tmp_path / "project")
    yield made
    made.pulumi("stack", "rm", "--yes", "--force", STACK)


def test_the_defaults_run_where_the_page_says_that_they_do(project: Project, tmp_path: Path) -> None:
    prepare_with(project)
    proposed(project.folder, "A new stack")
    before = notes(project.cloud)

    done = preview(project, **publish(tmp_path / "gitlab"), **NO_INDEX)

    assert done.returncode == 0, done.stdout + done.stderr
    out = project.folder / "preview" / STACK
    assert {path.name for path in out.iterdir()} >= {"note.md", "page.html", "junit.xml"}
    assert (out / "note.md").read_text() in notes(project.cloud)
    assert notes(project.cloud) != before
