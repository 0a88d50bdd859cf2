"""GitLab CI's jobs run on this machine: npm's gitlab-ci-local reads a pipeline, resolves what it includes, and runs it.

It checks a pipeline against GitLab's own JSON schema first.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .. import npm

_LISTED = Path(__file__).parent / "gitlab_ci_local"
# It wants rsync for copies of the repository and of artifacts; jobs without isolation, which work in the repository
# itself, use neither.
_NO_RSYNC = (
    '#!/bin/sh\n# A stand-in for rsync: makes the folder, copies nothing.\nfor last; do :; done; mkdir -p "$last"\n'
)


def git(folder: Path, *arguments: str) -> str:
    """Run git there as somebody."""
    somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    command = ["git", *somebody, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def repository(folder: Path, origin: Path) -> None:
    """Make a folder a repository, whose default branch is main, with all that is there in its first commit."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "init", "--quiet", "--bare", str(origin))
    git(folder, "remote", "add", "origin", str(origin))
    with (folder / ".gitignore").open("a") as ignored:
        ignored.write(".gitlab-ci-local\n.gitlab-ci-local-*\npreview/\n")
    merged(folder, "The first commit")
    git(folder, "remote", "set-head", "origin", "main")


def merged(folder: Path, message: str) -> None:
    """Bring all that is there to the default branch."""
    git(folder, "checkout", "--quiet", "-B", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    git(folder, "push", "--quiet", "--force", "origin", "main")


def proposed(folder: Path, message: str) -> None:
    """Put all that is there into a commit on a branch of a merge request."""
    git(folder, "checkout", "--quiet", "-B", "change")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def run(
    folder: Path, *arguments: str, variables: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run gitlab-ci-local in a repository; `variables` are GitLab's and the project's."""
    # GitLab's own beat its defaults only as arguments; the project's, among them the token, are better off in a file.
    # For a job with an image it takes the folder of that image's containers, with the shell executor too.
    own = {"CI_PROJECT_DIR": str(folder)}
    own |= {name: value for name, value in variables.items() if name.startswith("CI_")}
    others = {name: value for name, value in variables.items() if name not in own}
    (folder / ".gitlab-ci-local-variables.yml").write_text(json.dumps(others))
    programs = folder / ".gitlab-ci-local-programs"
    programs.mkdir(exist_ok=True)
    (programs / "rsync").write_text(_NO_RSYNC)
    (programs / "rsync").chmod(0o755)
    inherited = dict(os.environ if environment is None else environment)
    program = npm.installed(_LISTED) / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
    given = ["--ignore-predefined-vars", ",".join(own), *(f"--variable={name}={text}" for name, text in own.items())]
    return subprocess.run(
        [str(npm.NODE), str(program), "--force-shell-executor", "--no-shell-isolation", *given, *arguments],
        cwd=folder,
        env={**inherited, "PATH": f"{programs}{os.pathsep}{inherited['PATH']}", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
