"""What is installed is declared where it is used, and pinned with hashes."""

import ast
import re
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hatch_build
from localcloud.cloud import ROOT

_ENTRY = re.compile(r"^([\w.-]+)==([^\s;\\]+)[^\n]*((?:\n {4}--hash=sha256:[0-9a-f]{64} *\\?)*)", re.MULTILINE)


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {canonicalize_name(Requirement(each).name) for each in project["dependencies"]}


def imported() -> set[str]:
    """The distributions of which the modules in the wheel import something."""
    found = set()
    for path in (path for folder in hatch_build.HOMES for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add((node.module or "").partition(".")[0])
    outside = found - {*sys.stdlib_module_names} - {*hatch_build.HOMES}
    homes = metadata.packages_distributions()
    return {canonicalize_name(homes[name][0]) for name in outside if name in homes}


def test_whatever_is_imported_is_declared_and_the_other_way_round() -> None:
    by_others = {"pydantic-core"}  # each pydantic needs one version of it alone
    assert imported() - by_others == declared()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-release"])
def test_all_is_pinned_with_hashes_to_what_was_written_by_hand(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()
    # One distribution may have two versions, for two versions of Python.
    entries = [(canonicalize_name(found[1]), found[2], found[3]) for found in _ENTRY.finditer(text)]
    pinned = {name: version for name, version, _ in entries}
    lines = [line for line in (ROOT / f"{name}.in").read_text().splitlines() if not line.startswith("-r")]
    by_hand = {canonicalize_name(each.name): each for each in map(Requirement, lines)}

    assert {each for each in by_hand if not by_hand[each].specifier.contains(pinned[each])} == set()
    assert [name for name, _, hashes in entries if not hashes] == []
    assert len(entries) == len(re.findall("^[a-z]", text, re.MULTILINE | re.IGNORECASE))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-release.txt"])
def test_which_index_it_came_from_is_everybodys_own_affair(name: str) -> None:
    # Companies have mirrors: pip's own configuration says which.
    assert not re.search(r"https?:|--(extra-)?index|--find-links| -c /", (ROOT / name).read_text())
