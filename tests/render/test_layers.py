"""Files that several stacks share: how they are merged, where errors are told, and what may not be in them."""

from pathlib import Path
from typing import Any

import pytest

from config_render.__main__ import main
from config_render.files.stack_file import read_stack_file

SHARED = """\
config:
  gitlab-runner-aws:gitlab: {url: https://gitlab.example.com}
  gitlab-runner-aws:concurrent: 20
  gitlab-runner-aws:manager:
    sshFrom: [203.0.113.0/24, 198.51.100.0/24]
    rootSize: 30
  gitlab-runner-aws:pools:
    - name: small
      limit: 5
      docker: {image: "alpine:3.20"}
    - name: large
      limit: 0
"""
STACK = """\
config:
  aws:region: eu-central-1
  gitlab-runner-aws:extends: [shared.yaml]
  gitlab-runner-aws:concurrent: 10
  gitlab-runner-aws:manager: {sshFrom: [192.0.2.0/24]}
  gitlab-runner-aws:pools:
    - {name: extra, limit: 3, zones: [b]}
    - name: large
      limit: 2
      docker: {image: "alpine:3.21", memory: much}
"""


def written(folder: Path, stack: str, **shared: str) -> Path:
    for name, text in shared.items():
        (folder / f"{name}.yaml").write_text(text)
    (folder / "Pulumi.dev.yaml").write_text(stack)
    return folder / "Pulumi.dev.yaml"


def told(path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `check` tells, less the folder."""
    assert main(["check", str(path)]) == 2
    return capsys.readouterr().err.replace(f"{path.parent}/", "").splitlines()


def test_tables_are_merged_by_key_pools_by_name_and_all_else_is_replaced(tmp_path: Path) -> None:
    settings = read_stack_file(written(tmp_path, STACK, shared=SHARED)).settings

    assert settings == {
        "gitlab": {"url": "https://gitlab.example.com"},
        # The stack file says so itself, although it is what is taken if nobody says anything.
        "concurrent": 10,
        "manager": {"sshFrom": ["192.0.2.0/24"], "rootSize": 30},
        "pools": [
            {"name": "small", "limit": 5, "docker": {"image": "alpine:3.20"}},
            {"name": "large", "limit": 2, "docker": {"image": "alpine:3.21", "memory": "much"}},
            {"name": "extra", "limit": 3, "zones": ["b"]},
        ],
    }


def test_a_later_file_goes_over_an_earlier_one(tmp_path: Path) -> None:
    stack = "config:\n  gitlab-runner-aws:extends: [one.yaml, two.yaml]\n"
    one = "config:\n  gitlab-runner-aws:tags: {a: one, b: one}\n"
    two = "config:\n  gitlab-runner-aws:tags: {b: two}\n"

    settings = read_stack_file(written(tmp_path, stack, one=one, two=two)).settings

    assert settings == {"tags": {"a": "one", "b": "two"}}


def test_a_mistake_is_told_at_its_line_in_whichever_file_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = SHARED.replace("limit: 5", "limit: five").replace("rootSize: 30", "rootSize: 3")
    lines = told(written(tmp_path, STACK, shared=bad), capsys)

    assert lines == [
        "Pulumi.dev.yaml:7: gitlab-runner-aws:pools[2].zones[0] = b: is not in network.zones (a); add it there "
        "or leave it out here",
        "Pulumi.dev.yaml:10: gitlab-runner-aws:pools[1].docker.memory = much: is not a valid amount of memory; write "
        "it as 512m or 4g",
        "shared.yaml:6: gitlab-runner-aws:manager.rootSize = 3: must be at least 8",
        "shared.yaml:9: gitlab-runner-aws:pools[0].limit = five: must be a whole number",
        "4 errors",
    ]


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("shared.yaml", "extends = shared.yaml: must be a list of files, such as [shared.yaml]; pulumi config set "
         "--path 'gitlab-runner-aws:extends[0]' shared.yaml"),
        ("[absent.yaml]", "extends[0] = absent.yaml: can't be read (No such file or directory)"),
        ("[shared.yaml, shared.yaml]", "extends[1] = shared.yaml: is named twice; name each file once"),
        ("[/etc/shared.yaml]", "extends[0] = /etc/shared.yaml: is an absolute path; name it as seen from the stack "
         "file's folder"),
        ("[../shared.yaml]", "extends[0] = ../shared.yaml: is outside of the stack file's folder; keep what stacks "
         "share in it, or below it"),
        ("[link.yaml]", "extends[0] = link.yaml: is outside of the stack file's folder; keep what stacks share in it, "
         "or below it"),
        ("[7]", "extends[0]: must be a file's name, such as shared.yaml"),
        ("[empty.yaml]", "extends[0] = empty.yaml: holds no settings; write them under config:, as in a stack file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_extended_is_told(
    extends: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "shared.yaml").write_text(SHARED)
    (folder / "link.yaml").symlink_to(tmp_path / "shared.yaml")
    stack = STACK.replace("[shared.yaml]", extends)
    path = written(folder, stack, shared=SHARED, empty="concurrent: 3\n")

    assert f"Pulumi.dev.yaml:3: gitlab-runner-aws:{message}" in told(path, capsys)


def test_broken_yaml_is_told_at_its_line_in_the_file_that_is_extended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, STACK.replace("[shared.yaml]", "[broken.yaml]"), broken="config:\n  a: [1\n")

    message = "gitlab-runner-aws:extends[0] = broken.yaml: did not find expected ',' or ']'"
    assert f"broken.yaml:2: {message}" in told(path, capsys)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("gitlab-runner-aws:token: {secure: v1:x}", "gitlab-runner-aws:token: is in a shared file; set it in each "
         "stack: pulumi config set --secret gitlab-runner-aws:token"),
        ("gitlab-runner-aws:secrets: {key: {secure: v1:x}}", "gitlab-runner-aws:secrets: is in a shared file; set "
         "it in each stack: pulumi config set --secret gitlab-runner-aws:secrets"),
        ("gitlab-runner-aws:extends: [other.yaml]", "gitlab-runner-aws:extends: is in a shared file; name all "
         "files in the stack file"),
        ("aws:region: eu-central-1", "aws:region: is in a shared file, which holds settings of gitlab-runner-aws "
         "alone; set it in each stack file"),
    ],
)  # fmt: skip
def test_what_is_each_stacks_own_is_refused_in_a_shared_file(
    line: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = told(written(tmp_path, STACK, shared=f"{SHARED}  {line}\n"), capsys)

    assert f"shared.yaml:13: {message}" in lines


@pytest.mark.parametrize("above", [{"name": "small"}, ["small"], [{"name": 5}], [7], None])
def test_pools_of_any_shape_are_merged_and_left_to_the_models(above: Any, tmp_path: Path) -> None:
    stack = f"config:\n  gitlab-runner-aws:extends: [shared.yaml]\n  gitlab-runner-aws:pools: {above}\n"
    settings = read_stack_file(written(tmp_path, stack.replace("None", "null"), shared=SHARED)).settings

    below = [{"name": "small", "limit": 5, "docker": {"image": "alpine:3.20"}}, {"name": "large", "limit": 0}]
    assert settings["pools"] == ([*below, *above] if isinstance(above, list) else above)
