"""The repository as it is after the release: what installs from its tag gets this checkout."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from localcloud.cloud import ROOT

from .checkout import copy_checkout
from .review.ci_local import git

SITE = "https://gitlab.example.com"
"""Where pages and example projects have the repository."""
REPOSITORY = "platform/gitlab-runner-aws"
TAG = f"v{tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}"
"""What .gitlab-ci.yml releases this version under."""
NO_INDEX: Mapping[str, str] = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "false",  # pip takes it for the value of build isolation
}
"""For pip, where all that is needed is in the environment already."""


def publish(folder: Path, site: str = SITE) -> Mapping[str, str]:
    """Make the checkout a tagged repository below `folder`; returns the environment in which git finds it at `site`."""
    repository = folder / REPOSITORY
    copy_checkout(repository)
    git(repository, "init", "--quiet", "--initial-branch", "main")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "The release")
    git(repository, "tag", TAG)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{folder.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": f"{site}/",
    }
