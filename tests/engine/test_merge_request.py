"""A merge request's life with the CI component: previews, one note that is updated, the policy's no, and up on main.

The jobs are those of templates/preview.yml, run by gitlab-ci-local; engine, program and state are the real ones.
"""

import json
import shutil
import subprocess
import sys
from typing import Any

from localcloud import control
from localcloud.cloud import ROOT

from ..review.ci_local import merged, proposed, repository, run
from .conftest import STACK, Deployment

PROJECT, IID, TOKEN = 7, 3, "glpat-of-the-project"
PREVIEW, UP = f"pulumi-preview: [{STACK}]", f"pulumi-up: [{STACK}]"


def prepare(deployment: Deployment) -> None:
    """Make the stack's folder a project in GitLab with a merge request."""
    folder = deployment.project.folder
    shutil.copytree(ROOT / "templates", folder / "templates")
    inputs = {
        "stacks": [STACK],
        "prepare": ["true"],
        "review": f"env PYTHONPATH={ROOT} {sys.executable} -m review",
        "policies": "manager-replacement,state-loss",
    }
    included = {"include": [{"local": "templates/preview.yml", "inputs": inputs}]}
    (folder / ".gitlab-ci.yml").write_text(json.dumps(included))
    repository(folder, folder.parent / "origin.git")
    control.gitlab(deployment.cloud, "merge-requests", {"project": PROJECT, "iid": IID})
    control.gitlab(deployment.cloud, "access-tokens", {"token": TOKEN, "scopes": ["api"]})


def job(deployment: Deployment, name: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run one job of the merge request's pipeline, or of the default branch's."""
    given = {
        "CI_PIPELINE_SOURCE": "merge_request_event" if name == PREVIEW else "push",
        "CI_API_V4_URL": f"{deployment.cloud.addresses.gitlab}/api/v4",
        "CI_PROJECT_ID": str(PROJECT),
        "CI_MERGE_REQUEST_IID": str(IID),
        "GITLAB_TOKEN": TOKEN,
        **variables,
    }
    return run(deployment.project.folder, name, variables=given, environment=deployment.cloud.environment())


def notes(deployment: Deployment) -> list[str]:
    path = f"projects/{PROJECT}/merge_requests/{IID}/notes?sort=asc"
    found: list[dict[str, Any]] = control.gitlab_api(deployment.cloud, "GET", path, headers={"Private-Token": TOKEN})
    return [note["body"] for note in found]


def test_a_change_is_previewed_noted_judged_and_put_in_place(deployment: Deployment) -> None:
    out = deployment.project.folder / "preview" / STACK
    prepare(deployment)

    proposed(deployment.project.folder, "A new stack")
    first = job(deployment, PREVIEW)
    assert first.returncode == 0, first.stdout + first.stderr
    (note,) = notes(deployment)
    assert "a new stack" in note
    assert note == (out / "note.md").read_text()
    assert {path.name for path in out.iterdir()} >= {
        *("note.md", "page.html", "terraform.json", "codequality.json", "metrics.txt", "junit.xml")
    }

    merged(deployment.project.folder, "A new stack")
    up = job(deployment, UP)
    assert up.returncode == 0, up.stdout + up.stderr
    assert "limit = 5" in deployment.live()

    deployment.pool["limit"] = 9
    deployment.configure()
    proposed(deployment.project.folder, "A higher limit")
    changed = job(deployment, PREVIEW)
    assert changed.returncode == 0, changed.stdout + changed.stderr
    (note,) = notes(deployment)
    assert "- limit = 5\n+ limit = 9" in note
    assert "| machines at the most | 6 | **10** |" in note
    assert 'machines_at_most{stack="local",at="after"} 10' in (out / "metrics.txt").read_text()
    assert "limit = 5" in deployment.live()

    deployment.config["gitlab-runner-aws:manager"]["instanceType"] = "t4g.small"
    deployment.configure()
    proposed(deployment.project.folder, "Another manager")
    without_token = {"GITLAB_TOKEN": ""}
    refused = job(deployment, PREVIEW, **without_token)
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert "manager-replacement: the manager is replaced, or goes; if it is meant, put the label" in said
    assert "no note is posted: GITLAB_TOKEN: not set, as in a merge request from a fork" in said
    assert ":no_entry:" in (out / "note.md").read_text()
    assert notes(deployment) == [note]

    for text in (*(done.stdout + done.stderr for done in (first, up, changed, refused)), *notes(deployment)):
        assert deployment.token not in text
        assert TOKEN not in text
