"""What the jobs of a tag's pipeline build, sign and publish; Sigstore and the package registry are stand-ins."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from ..checkout import copy_checkout
from ..released_tag import TAG
from .blocks import ROOT

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
VERSION = TAG.removeprefix("v")
TOKEN = "glcbt-64_secret"
GITLAB = {
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_PROJECT_ID": "42",
    "CI_JOB_TOKEN": TOKEN,
    "CI_COMMIT_TAG": TAG,
}
PROGRAMS = {
    "make": f'exec {shutil.which("make")} --no-print-directory -o .venv/.ready RUN="{sys.executable}" "$@"',
    "sigstore": 'shift; for file; do echo signed > "$file.sigstore.json"; done',
    "twine": '[ -n "$TWINE_PASSWORD" ]',
    "curl": 'grep -q "^JOB-TOKEN: $CI_JOB_TOKEN"',
}


@dataclass(frozen=True)
class Clone:
    """A clone of this repository, in which jobs run."""

    folder: Path

    @property
    def files(self) -> set[str]:
        return {path.name for path in (self.folder / "dist").iterdir()}

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call of a stand-in."""
        calls = (self.folder / "calls").read_text().splitlines()
        return [call.split() for call in calls]

    @cached_property
    def sbom(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "dist" / "sbom.cdx.json").read_text()))

    def run(self, job: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a job's script as GitLab Runner does: it ends at the first command that fails."""
        values = {**GITLAB, "VERSION": VERSION, **variables}
        values |= {
            name: Template(text).safe_substitute(values) for name, text in PIPELINE[job].get("variables", {}).items()
        }
        path = f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", "-eo", "pipefail", "-c", "\n".join(PIPELINE[job]["script"])]
        environment = {**os.environ, **values, "PATH": path}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )


def with_programs(folder: Path, programs: Mapping[str, str]) -> Clone:
    """A folder in which jobs find these programs first; each call of one is written down."""
    (folder / "programs").mkdir()
    for name, script in programs.items():
        path = folder / "programs" / name
        path.write_text(f'#!/bin/sh\necho {name} "$*" >> "{folder / "calls"}"\n{script}\n')
        path.chmod(0o755)
    return Clone(folder)


def clone(folder: Path) -> Clone:
    copy_checkout(folder)
    return with_programs(folder, PROGRAMS)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which the jobs of the version's tag have run on GitLab.com."""
    made = clone(tmp_path_factory.mktemp("released"))
    for job in ("build", "publish"):
        done = made.run(job, CI_SERVER_HOST="gitlab.com")
        assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_wheel_sdist_and_sbom_are_built_and_each_is_signed(released: Clone) -> None:
    built = {f"gitlab_runner_aws-{VERSION}-py3-none-any.whl", f"gitlab_runner_aws-{VERSION}.tar.gz", "sbom.cdx.json"}

    assert released.files == built | {f"{name}.sigstore.json" for name in built}


def test_the_sbom_names_each_requirement_with_its_version_and_hashes(released: Clone) -> None:
    text = (ROOT / "requirements.txt").read_text()
    pinned = {
        found[1].lower(): (found[2], {*re.findall("sha256:([0-9a-f]{64})", found[0])})
        for found in re.finditer(r"^([\w.-]+)==([^\s;]+).*\n(?: .*\n)*", text, re.MULTILINE)
    }
    named = {
        each["name"].lower(): (
            each["version"],
            {key["content"] for where in each["externalReferences"] for key in where["hashes"]},
        )
        for each in released.sbom["components"]
    }

    assert len(pinned) > 20
    assert named == pinned
    assert released.sbom["bomFormat"] == "CycloneDX"
    of = released.sbom["metadata"]["component"]
    assert (of["name"], of["version"]) == ("gitlab-runner-aws", VERSION)


def test_the_registry_gets_the_package_and_every_file_that_the_release_links_to(released: Clone) -> None:
    values = {**GITLAB, "VERSION": VERSION}
    linked = {Template(each["url"]).substitute(values) for each in PIPELINE["release"]["release"]["assets"]["links"]}
    uploaded = {call[-1] for call in released.calls if call[0] == "curl"}

    assert len(linked) == 3
    assert linked < uploaded
    assert {each.rpartition("/")[2] for each in uploaded} == released.files
    (twine,) = (call for call in released.calls if call[0] == "twine")
    assert {each.rpartition(".")[2] for each in twine[2:]} == {"whl", "gz"}


def test_the_jobs_token_is_in_no_argument(released: Clone) -> None:
    assert len(released.calls) > 5
    assert TOKEN not in (released.folder / "calls").read_text()


def test_elsewhere_than_on_gitlab_com_nothing_is_signed_and_another_tag_releases_nothing(
    released: Clone, tmp_path: Path
) -> None:
    # What `make release` would build once more is there.
    shutil.copytree(released.folder / "dist", tmp_path / "dist")
    made = with_programs(tmp_path, {**PROGRAMS, "make": ":"})

    assert made.run("build", CI_SERVER_HOST="gitlab.example.com").returncode == 0
    assert made.calls == [["make", "release"]]
    other = made.run("build", CI_SERVER_HOST="gitlab.com", CI_COMMIT_TAG="v99.0.0")
    assert other.returncode != 0
    assert "dist/gitlab_runner_aws-99.0.0.tar.gz" in other.stderr


def test_later_jobs_know_the_version_and_wait_for_the_files() -> None:
    assert PIPELINE["build"]["artifacts"]["reports"]["dotenv"] == "release.env"
    assert "build" in PIPELINE["publish"]["needs"]
    assert {*PIPELINE["release"]["needs"]} == {"build", "publish"}


@pytest.mark.parametrize("job", ["build", "publish"])
def test_the_programs_for_it_are_pinned(job: str) -> None:
    called = {word for line in PIPELINE[job]["script"] for word in re.findall(r"\b(?:sigstore|twine)(?= )", line)}
    (line,) = PIPELINE[job]["before_script"]
    locked = (ROOT / re.findall(r"-r (\S+)", line)[0]).read_text()

    assert called
    assert [name for name in called if not re.search(rf"^{name}==\S+ \\\n    --hash=", locked, re.MULTILINE)] == []
