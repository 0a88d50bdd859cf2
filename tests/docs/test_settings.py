"""Each stack file and each fragment of settings on the pages is one that the program takes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from config_render import Problem, problems_of
from config_render.base.problems import NAMESPACE
from config_render.files.schema import stack_schema
from config_render.files.stack_file import read_stack_file

from .blocks import PAGES, ROOT, Block, blocks

_FILE = re.compile(r"# (?P<name>[\w./-]+\.ya?ml)\b")
_INLINE = re.compile(r"`(?P<text>[a-zA-Z_]+: [\[{][^`]*[\]}])`")
TOKEN = "glrt-" + "a" * 20
ACCESS_TOKEN = "glpat-" + "a" * 20
BASE: dict[str, Any] = {
    "gitlab": {"url": "https://gitlab.example.com"},
    "manager": {"sshFrom": ["203.0.113.0/24"]},
    "network": {"zones": ["a", "b", "c"]},
    "pools": [{"name": "ci", "limit": 40}],
}
"""What a fragment is laid over."""


def file_of(block: Block) -> str | None:
    """The file that a block says it is, in a comment on its first line."""
    found = _FILE.match(block.text)
    return found["name"] if found else None


def is_stack(name: str | None) -> bool:
    return bool(name and re.fullmatch(r"(.*/)?Pulumi\.[\w-]+\.yaml", name))


CHECKED = [block for block in blocks("yaml") if block.not_run is None]
STACKS = [block for block in CHECKED if is_stack(file_of(block))]
FRAGMENTS = [block for block in CHECKED if file_of(block) is None]
INLINE = [
    pytest.param(found["text"], id=f"{page.relative_to(ROOT)}: {found['text']}")
    for page in PAGES
    for found in _INLINE.finditer(page.read_text())
    if found["text"].partition(":")[0] in BASE.keys() | {"identity", "cache", "createRunner"}
    and "…" not in found["text"]
]


def problems(settings: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with settings; secrets that they name are there."""
    names = re.findall(r"<secret:(\w+)>", str(settings))
    elsewhere = {"tokenParameter", "tokenSecret"} & settings.keys()
    by = {"accessToken": ACCESS_TOKEN} if "createRunner" in settings else {"token": TOKEN}
    return problems_of(settings, tokens={} if elsewhere else by, region="eu-central-1", secrets=names)[1]


def laid_over(fragment: Mapping[str, Any]) -> dict[str, Any]:
    """A fragment over what a stack needs besides; keys may have the namespace in front."""
    given = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in fragment.items()}
    tables = {key: {**BASE.get(key, {}), **value} for key, value in given.items() if isinstance(value, dict)}
    if isinstance(given.get("pools"), list):
        given["pools"] = [{"name": f"pool-{n}", "limit": 40, **pool} for n, pool in enumerate(given["pools"])]
    if "host" in tables.get("manager", {}):
        del tables["manager"]["sshFrom"]
    if "vpcId" in tables.get("network", {}) and tables["network"]["vpcId"] != "default":
        tables["network"].pop("zones")
    return {**BASE, **given, **tables}


@pytest.mark.parametrize("block", STACKS, ids=str)
def test_the_stack_file_is_taken(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.page.yaml"
    path.write_text(block.text)
    # Those that it may extend.
    for other in CHECKED:
        if other.page == block.page and (name := file_of(other)) and Path(name).name == name:
            (tmp_path / name).write_text(other.text)
    file = read_stack_file(path)

    assert [*file.problems, *problems(file.settings)] == []


@pytest.mark.parametrize("block", FRAGMENTS, ids=str)
def test_the_fragment_is_taken(block: Block) -> None:
    content = yaml.safe_load(block.text)

    assert problems(laid_over(content.get("config", content))) == []


@pytest.mark.parametrize("text", INLINE)
def test_settings_within_a_line_have_keys_and_values_that_there_are(text: str) -> None:
    schema = stack_schema()
    keys = {key.removeprefix(f"{NAMESPACE}:"): of for key, of in schema["properties"]["config"]["properties"].items()}
    validator = Draft202012Validator({"properties": keys, "$defs": schema["$defs"]})
    # What has to be there too stands elsewhere on the page.
    found = [e.message for e in validator.iter_errors(yaml.safe_load(text)) if e.validator != "required"]

    assert found == []


def test_other_yaml_is_yaml() -> None:
    others = [block for block in CHECKED if block not in STACKS and block not in FRAGMENTS]

    assert [str(block) for block in others if yaml.safe_load(block.text) is None] == []


def test_a_wrong_fragment_is_told() -> None:
    (found,) = problems(laid_over({"cache": {"expireDay": 7}}))

    assert "did you mean `expireDays`" in str(found)
