"""The site as a whole, its links and its pictures."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import components

from .blocks import PAGES, ROOT

ALL = [*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))]
HOSTS = {
    *("about.gitlab.com", "docs.gitlab.com", "gitlab.com"),
    *("aws.amazon.com", "docs.aws.amazon.com", "checkip.amazonaws.com"),
    *("www.pulumi.com", "docs.getmoto.org", "github.com", "keepachangelog.com", "semver.org", "www.sphinx-doc.org"),
    *("docs.astral.sh", "developer.hashicorp.com", "pre-commit.com", "docs.renovatebot.com", "docs.sigstore.dev"),
}
"""Sites that pages link to. There is no network in tests: `make docs-links` asks each address, where there is one."""


def tokens(page: Path) -> list[Token]:
    """All that is on a page, down to the words of a line."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        found += [token, *(token.children or [])]
    return found


def links(page: Path) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens(page) if token.type == "link_open"]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitLab and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def kept() -> frozenset[Path]:
    """What the repository keeps, with its folders. What is generated is not there for who reads the pages in GitLab."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    files = {ROOT / name for name in names if (ROOT / name).is_file()}
    return frozenset(files | {folder for file in files for folder in file.parents})


def is_kept(target: Path) -> bool:
    return Path(os.path.normpath(target)) in kept()


def test_a_link_into_a_generated_folder_leads_nowhere() -> None:
    assert is_kept(ROOT / "docs" / "start.md")
    assert not is_kept(ROOT / "docs" / "reference" / "python.md")


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "worst case" in (tmp_path / "start.html").read_text()
    api = (tmp_path / "reference" / "python.html").read_text()
    assert [name for name in components.__all__ if f'id="gitlab_runner_aws.{name}"' not in api] == []
    # Classes, functions, their arguments, attributes and fields.
    assert api.count("<dt ") + api.count("<li><p><strong>") > 120


@pytest.mark.parametrize("page", ALL, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        address = urlsplit(link)
        if address.scheme:
            if address.scheme != "https" or address.hostname not in HOSTS:
                lost.append(link)
            continue
        target = page.parent / address.path if address.path else page
        if not is_kept(target) or (address.fragment and address.fragment not in anchors(target)):
            lost.append(link)

    assert lost == []


def test_pictures_say_in_words_what_they_show() -> None:
    pictures = [(page.name, token) for page in ALL for token in tokens(page) if token.type == "image"]

    assert pictures
    assert [(page, token.attrs["src"]) for page, token in pictures if len(token.content) < 20] == []
