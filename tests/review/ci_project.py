"""A stack of the local cloud as a project in GitLab, with a merge request and the CI component."""

import json
import shutil
import subprocess
import sys
from typing import Any

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from .ci_local import repository, run

NUMBER, IID, TOKEN = 7, 3, "glpat-of-the-project"


def prepare(project: Project, **inputs: Any) -> None:
    """Make the stack's folder a project in GitLab with a merge request.

    The folder has no environment of its own, so that the component is told where everything is;
    tests/engine/test_preview_defaults.py is for the inputs' defaults.
    """
    elsewhere = {"prepare": ["true"], "review": f"env PYTHONPATH={ROOT} {sys.executable} -m review"}
    prepare_with(project, **{**elsewhere, **inputs})


def included(stack: str, **inputs: Any) -> dict[str, Any]:
    """A pipeline that includes the component for a stack, with the defaults of all inputs but those."""
    return {"include": [{"local": "templates/preview.yml", "inputs": {"stacks": [stack], **inputs}}]}


def prepare_with(project: Project, **inputs: Any) -> None:
    """The same with the defaults of all inputs but those."""
    shutil.copytree(ROOT / "templates", project.folder / "templates")
    (project.folder / ".gitlab-ci.yml").write_text(json.dumps(included(project.stack, **inputs)))
    repository(project.folder, project.folder.parent / "origin.git")
    control.gitlab(project.cloud, "merge-requests", {"project": NUMBER, "iid": IID})
    control.gitlab(project.cloud, "access-tokens", {"token": TOKEN, "scopes": ["api"]})


def preview(project: Project, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the job of the merge request."""
    given = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_API_V4_URL": f"{project.cloud.addresses.gitlab}/api/v4",
        "CI_PROJECT_ID": str(NUMBER),
        "CI_MERGE_REQUEST_IID": str(IID),
        "GITLAB_NOTE_TOKEN": TOKEN,
        **variables,
    }
    return _run(project, "pulumi-preview", given)


def up(project: Project) -> "subprocess.CompletedProcess[str]":
    """Run the job of the default branch, as somebody does who starts it by hand."""
    return _run(project, "pulumi-up", {"CI_PIPELINE_SOURCE": "push"})


def _run(project: Project, job: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    name = f"{job}: [{project.stack}]"
    return run(project.folder, name, variables=variables, environment=project.cloud.environment())


def notes(cloud: LocalCloud) -> list[str]:
    """The notes of the merge request, the oldest first."""
    path = f"projects/{NUMBER}/merge_requests/{IID}/notes?sort=asc"
    found: list[dict[str, Any]] = control.gitlab_api(cloud, "GET", path, headers={"Private-Token": TOKEN})
    return [note["body"] for note in found]
