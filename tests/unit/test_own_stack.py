"""The person's own stack file in the local cloud: its lines are kept, errors are reported before anything starts."""

from pathlib import Path
from typing import Any

import pytest

from config_render.base.input_file import UnreadableFileError
from config_render.files.checked_file import UnusableError
from config_render.files.yaml_file import read_yaml
from localcloud.cloud import ROOT
from localcloud.own_stack import read_own
from localcloud.stack_file import SettingsFile

OWN = (ROOT / "Pulumi.local.yaml").read_text()
NAME = "Pulumi.local.yaml"
FILES = [*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("examples/stacks/*.yaml")]
STRANGE = """\
# All that YAML has.


config:
  a: &anchor
    text: |
      several
      lines
    'quoted ": key': "tab\\tbell\\ad\\u0085\\u2028\\U0001F600 é"
    ? explicit
    : [1, -0x1F, 1.5, 1e300, .inf, true, no, ~, 2026-01-01, 12:30:00]

  b:
    - - nested
      -
        {flow: {of: [tables,
          over], lines: ''}}
    - {}
    - []
  c: {<<: *anchor, own: *anchor}
"""


def written(path: Path, **more: Any) -> tuple[Any, dict[Any, int], dict[Any, int]]:
    """Return what is read of a copy, its lines, and those of the original."""
    content, lines = read_yaml(path)
    copy = path.with_name("copy.yaml")
    copy.write_text(SettingsFile(path.name, content["config"], lines).with_config({**content["config"], **more}))
    return *read_yaml(copy), lines


@pytest.mark.parametrize("text", [*(path.read_text() for path in FILES), STRANGE], ids=lambda text: text[:40])
def test_a_copy_has_each_value_on_its_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(text)
    content, lines, own = written(path)

    assert content["config"] == read_yaml(path)[0]["config"]
    assert {at: line for at, line in own.items() if at[:1] == ("config",) and at[-1] != "None"}.items() <= lines.items()


def test_what_a_copy_has_more_is_told_at_the_table_around_it(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text("\n\nconfig:\n  a: 1\n\n  b:\n    c: 2\n")
    content, lines, _ = written(path, b={"c": 2, "more": [3, {"x": 4}]}, z="new")

    assert content["config"] == {"a": 1, "b": {"c": 2, "more": [3, {"x": 4}]}, "z": "new"}
    assert lines["config", "z"] == lines["config",] == 3
    assert lines["config", "b", "more"] == lines["config", "b", "more", 1, "x"] == lines["config", "b"] == 6
    assert lines["config", "b", "c"] == 7


UNREADABLE = {
    "": 1,
    "\n# nothing\n": 1,
    "- a\n": 1,
    "text\n": 1,
    "# none\nconfig:\n": 2,
    "# a list\nconfig: [1]\n": 2,
    "config:\n  a: 1\n  b: [\n": 3,
    "config:\n  a: 1\n  b: [": 3,
    "config:\n  a: 'text\n  b: 1\n": 3,
    "config:\n\ta: 1\n": 2,
    "config:\n  a: 1\n  a: 2\n": 3,
    "config: {}\n---\nconfig: {}\n": 2,
}


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_no_settings_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(text)

    with pytest.raises(UnreadableFileError, match=rf"^{path}:{UNREADABLE[text]}: [^\n]+$"):
        read_own(path, ())


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=rf"^{tmp_path / NAME}: can't be read \(No such file or directory\)$"):
        read_own(tmp_path / NAME, ())


MISTAKES = [
    ("aws:region: eu-central-1", "aws:region: nowhere  # here", "aws:region = nowhere: "),
    ("aws:concurrent: 10", "aws:concurrent: ten  # here", "gitlab-runner-aws:concurrent = ten: must be"),
    ("gitlab-runner-aws:check_interval:", "a:b:c: 1  # here\n  x:y:", "a:b:c: is not the name of a setting"),
    ("aws:manager:", "aws:manager:\n    dockerMachine: 1  # here", "manager.dockerMachine = 1: must be a table"),
    ("user: root", "gitlabRunner:\n      url: 5  # here", "manager.gitlabRunner.url = 5: must be text"),
    ("aws:cache:", "aws:gitlab:\n    urk: x  # here\n  gitlab-runner-aws:cache:", "gitlab.urk: unknown"),
    ("aws:cache:", "aws:gitlab: 5  # here\n  gitlab-runner-aws:cache:", "aws:gitlab = 5: must be a table"),
    ("  gitlab-runner-aws:cache:", "  gitlab-runner-aws:token: {secure: x}  # here\n  x:y:", "token: is encrypted"),
    ("    - name: local", "    - name: 5  # here", "pools[0].name = 5: must be text"),
    ("limit: 5", "limt: 5  # here", "pools[0].limt: unknown; did you mean `limit`?"),
    ("      machine:", "      machine: 5  # here\n      extra:", "pools[0].machine = 5: must be a table"),
    ("IdleCount: 1", "MachineOptions: {}  # here", "pools[0].machine.MachineOptions: must be a list"),
    ("MaxBuilds: 100", "MachineOptions:\n        - 5  # here", "machine.MachineOptions[0]: must be text"),
    ("Timezone: UTC", "Timezone: Mars/X  # here", "machine.autoscaling[0].Timezone = Mars/X: is not a valid time zone"),
]


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES)
def test_a_mistake_is_told_at_its_own_line(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    text = OWN.replace(right, wrong, 1)
    path = tmp_path / NAME
    path.write_text(text)
    line = text.partition("# here")[0].count("\n") + 1

    with pytest.raises(UnusableError) as raised:
        read_own(path, ())
    rows = str(raised.value).splitlines()
    assert any(row.startswith(f"{path}:{line}: ") and told in row for row in rows), rows


def test_a_mistake_in_a_file_that_is_extended_is_told_there(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(OWN.replace("config:", "config:\n  gitlab-runner-aws:extends: [shared/pools.yaml]"))
    (tmp_path / "shared").mkdir()
    shared = tmp_path / "shared" / "pools.yaml"
    shared.write_text("config:\n  gitlab-runner-aws:pools:\n    - name: local\n      limt: 5\n")

    with pytest.raises(UnusableError, match=rf"^{shared}:4: gitlab-runner-aws:pools\[0\].limt: unknown"):
        read_own(path, ())
    shared.write_text("config: [\n")
    with pytest.raises(UnusableError, match=rf"^{shared}:1: gitlab-runner-aws:extends\[0\] = shared/pools.yaml: did "):
        read_own(path, ())


def test_secrets_that_the_local_cloud_keeps_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(OWN.replace("limit: 5", 'limit: 5\n      environment: ["A=<secret:KEPT>"]'))

    assert read_own(path, {"KEPT"}).file.config == read_yaml(path)[0]["config"]
    with pytest.raises(UnusableError, match="KEPT"):
        read_own(path, ())
