"""What the manager's tool reads in a config.toml, whoever wrote it, and what it writes."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool.config import runners
from components.manager_tool.config.config_toml import dump, facts, heading, in_toml, parse
from components.manager_tool.host import StepError

WRITTEN = '''concurrent = 2 # not more

[[runners]]
name = "a"
limit = 1_000
environment = [
    "A=\\u00e9",  # a comment, with ] and "
    'B="[b]"',
]
pre_build_script = """
echo "a # no comment"
[[runners]]
token = "not this one"
"""

[runners.docker]
image = 'alpine'
"shm_size" = 0x10
services = [{ name = "mysql", alias = "db, too" }, { name = "redis" }]
sysctls = { "net.core" = "1" }

[[runners.machine.autoscaling]]
Periods = ["* * 9-17 * * mon-fri *"]
IdleScaleFactor = 1.5
[[runners.machine.autoscaling]]
Periods = []

[[ runners ]]
name = 'b' # a comment, too
token_obtained_at = 2026-01-01 00:00:00Z
machine.MachineName = 'local-%s'
[[runners.machine.autoscaling]]
Timezone = """it's "b\\""""
'''
ODD = "\x85 \u2028 \u2029 \x7f \x1b \t \\ \" ' \U0001f600"


def test_values_go_by_the_names_of_their_sections() -> None:
    found = facts(parse(WRITTEN))

    assert found["runners[a].environment"] == ["A=é", 'B="[b]"']
    assert found["runners[a].docker.services[1].name"] == "redis"
    assert found['runners[a].docker.sysctls."net.core"'] == "1"
    assert found["runners[a].machine.autoscaling[0].IdleScaleFactor"] == 1.5
    assert found["runners[b].machine.MachineName"] == "local-%s"
    assert isinstance(found["runners[b].token_obtained_at"], datetime)
    assert len(found) == 18


def test_sections_of_one_name_are_kept_apart() -> None:
    text = '[[runners]]\nname = "a"\nlimit = 1\n[[runners]]\nname = "a"\nlimit = 2\n[[runners]]\nlimit = 3\n'
    found = facts(parse(text))
    assert {path: found[path] for path in found if path.endswith("limit")} == {
        "runners[a].limit": 1,
        "runners[a, 2].limit": 2,
        "runners[?].limit": 3,
    }


@pytest.mark.parametrize("text", ["", "\n# only this\n", "[session_server]\n", "[[runners]]\n[runners.cache]\n"])
def test_a_file_that_sets_nothing_has_no_facts(text: str) -> None:
    assert facts(parse(text)) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("concurrent = 2\nstray\n[[runners]]\n", "line 2, column 6", id="a stray word"),
        pytest.param('name = "a', "end of document", id="cut off"),
        pytest.param('name = "a\x00b"', "line 1, column 10", id="a control character"),
        pytest.param("a = " + "[" * 50_000, "nested too deeply", id="depth"),
        pytest.param("a = " + "9" * 50_000, "can't be read as TOML", id="a number"),
        pytest.param(b"# caf\xe9\n", "not UTF-8 from byte 5 on", id="another encoding"),
        pytest.param("concurrent = 2\n".encode("utf-16"), "not UTF-8", id="UTF-16"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(text: str | bytes, said: str) -> None:
    with pytest.raises(StepError) as failure:
        parse(text)
    assert said in str(failure.value)


def test_a_byte_order_mark_is_passed_over_as_gitlab_runner_does() -> None:
    assert parse(b"\xef\xbb\xbfconcurrent = 2\n") == {"concurrent": 2}


@pytest.mark.parametrize("script", [ODD, f"a {ODD}\n[[runners]]\n\n # {ODD}\n", "a\r\nb", "\"\"\"\n'''\n\\", "\n", ""])
def test_what_is_written_is_read_as_it_was(script: str) -> None:
    content = {**parse(WRITTEN), "script": script, "list": [script], script: {"": [{script: script}]}}

    text = dump(content, "# first\n")

    assert text.startswith("# first\n")
    assert parse(text) == tomllib.loads(text) == content
    assert parse(f'x = "{in_toml(script)}"') == {"x": script}


def test_a_script_is_written_over_several_lines_as_a_person_would() -> None:
    assert 'pre_build_script = """\necho "a # no comment"\n[[runners]]\n' in dump(parse(WRITTEN)).replace('\\"', '"')


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("# Made by x\r\nconcurrent = 1\n", "# Made by x\n"),
        ("# Made by x\u2028\x85y\nconcurrent = 1\n", "# Made by x\u2028\x85y\n"),
        ("concurrent = 1\n# no heading\n", ""),
        ("", ""),
    ],
)
def test_a_first_line_that_is_a_comment_is_the_heading(text: str, first: str) -> None:
    assert heading(text) == first


LIVE = '[[runners]]\nname = "a"\nid = 7\ntoken = "glrt-x"\n[runners.machine]\nMachineName = "a-%s"\n'


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setattr(runners, "LIVE", path)
    return path


@pytest.mark.parametrize(
    "text",
    [
        LIVE,
        LIVE.replace('"', "'"),
        LIVE.replace("\n", " # a comment\n"),
        LIVE.replace("[[runners]]", "[[ runners ]]").replace("[runners.machine]", "[ runners . machine ]"),
        LIVE.replace("[runners.machine]\nM", "machine.M"),
        LIVE.replace("name", '"name"').replace("token", "'token'"),
        LIVE.replace("runners", "Runners").replace("token", "TOKEN").replace("MachineName", "machinename"),
        'runners = [{name = "a", id = 7, token = "glrt-x", machine = {MachineName = "a-%s"}}]\n',
    ],
)
def test_sections_are_found_however_they_are_written(live: Path, text: str) -> None:
    live.write_text(text)
    expected = [{"name": "a", "id": 7, "token": "glrt-x", "machine": {"MachineName": "a-%s"}}]
    assert runners.live_runners() == runners.readable_live_runners() == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(None, "is missing", id="missing"),
        pytest.param("", "has no [[runners]]", id="empty"),
        pytest.param("concurrent = 1\n[session_server]\nsession_timeout = 1800\n", "has no [[runners]]", id="none"),
        pytest.param("stray\n" + LIVE, "can't be read as TOML", id="broken"),
        pytest.param(LIVE.replace("[[runners]]", "[runners]"), "runners that is not a list of tables", id="a table"),
        pytest.param("runners = [1]\n", "runners[0] as something else than a table", id="numbers"),
        pytest.param(LIVE.replace('"glrt-x"', "5"), "runners[0].token that is not text", id="a token"),
        pytest.param(LIVE.replace('"a-%s"', "[]"), "runners[0].machine.MachineName that is not text", id="a name"),
        pytest.param(LIVE.replace("7", "true"), "runners[0].id that is not a number", id="an id"),
    ],
)
def test_a_live_file_that_says_nothing_is_never_one_that_says_there_is_nothing(
    live: Path, text: str | None, said: str
) -> None:
    if text is not None:
        live.write_text(text)

    with pytest.raises(StepError) as failure:
        runners.live_runners()

    assert str(failure.value).startswith(str(live))
    assert said in str(failure.value)
    assert runners.readable_live_runners() == []


@pytest.mark.parametrize("hostile", ['7\nexecutor = "shell"', "7 # x\n[[runners]]", '"', "", "[7"])
def test_a_value_in_toml_is_never_more_than_one_value(hostile: str) -> None:
    with pytest.raises(StepError):
        dict(runners.values({"id": hostile}))


def test_own_keys_are_kept_as_they_stand_in_the_file() -> None:
    times = "token_obtained_at = 2026-01-02T03:04:05Z\ntoken_expires_at = 0001-01-01 00:00:00Z\n"
    text = LIVE.replace("[runners.machine]", f"{times}[runners.machine]")
    (section,) = runners.sections(parse(text))

    own = runners.own_keys(section)

    assert own == {
        "id": "7",
        "token": '"glrt-x"',
        "token_obtained_at": "2026-01-02T03:04:05Z",
        "token_expires_at": "0001-01-01T00:00:00Z",
    }
    given: dict[str, Any] = dict(runners.values(own))
    assert given == {key: section[key] for key in own}
