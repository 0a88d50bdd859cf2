"""Every version of this repository that a page or an example names is a tag that its pipeline releases."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ..released_tag import SITE, TAG
from .blocks import ROOT

_NAMED = re.compile(r"gitlab-runner-aws(?:\.git)?(?:/[a-z]+)?@([^\s\"'`,;}]*)")


def places() -> list[tuple[str, str]]:
    """Files, and what stands after the @ in them."""
    listed = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.md",
        "*.txt",
        "*.toml",
        "*.yml",
        "*.in",
    ]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [(name, found) for name in names for found in _NAMED.findall((ROOT / name).read_text())]


PLACES = places()


def test_pages_and_examples_name_versions() -> None:
    assert {"docs/merge-requests.md", "docs/import.md"} <= {name for name, _ in PLACES}
    assert len([name for name, _ in PLACES if name.startswith("examples/projects/")]) == 5


@pytest.mark.parametrize(("name", "version"), PLACES)
def test_a_version_is_this_ones_tag(name: str, version: str) -> None:
    # GitLab takes what stands there as the name of a release or a git ref, and adds nothing.
    rules = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())["workflow"]["rules"]
    released = [rule["if"].partition("=~ ")[2].strip("/") for rule in rules if "$CI_COMMIT_TAG" in rule["if"]]

    assert [re.search(pattern, version) is not None for pattern in released] == [True], name
    assert version == TAG


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "projects").glob("*/requirements.txt")), ids=str)
def test_an_example_asks_no_index_for_this_package(path: Path) -> None:
    # Whoever takes the name there would run in every pipeline that installs the example.
    (ours,) = (line for line in path.read_text().splitlines() if line.startswith("gitlab-runner-aws"))

    assert ours.startswith(f"gitlab-runner-aws @ git+{SITE}/")
