"""How the tool on the manager joins config.toml with its secrets."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from components.manager_tool import config as tool
from components.manager_tool import host

TEMPLATE = """concurrent = 2

[[runners]]
name = "a"
limit = 1
url = "https://gitlab.example.com/"
token = "<secret:token>"
executor = "docker+machine"

[runners.docker]
image = "alpine"

[[runners]]
name = "b"
url = "https://gitlab.example.com/"
token = "<secret:token>"
executor = "docker+machine"
"""
LIVE = Path("config.toml")
REGISTERED = {"id": "7", "token": '"glrt-given"', "token_obtained_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def registrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were registered; the tool's files lie in a folder of the test."""
    names: list[str] = []

    def register(section: dict[str, str], token: str) -> dict[str, str]:
        names.append(json.loads(section["name"]))
        return {**REGISTERED, "token": json.dumps(token)}

    monkeypatch.setattr(tool, "register", register)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("components.manager_tool.runners.LIVE", LIVE)
    monkeypatch.setattr(tool, "APPLIED", tmp_path / "applied.json")
    return names


def join_and_keep(token: str) -> str:
    text, applied = tool.joined(TEMPLATE, {"token": token})
    LIVE.write_text(text)
    tool.APPLIED.write_text(json.dumps(applied))
    return text


def test_one_token_is_registered_once_and_serves_all_sections(registrations: list[str]) -> None:
    runners = tomllib.loads(join_and_keep("glrt-given"))["runners"]
    assert registrations == ["a"]
    assert [(r["name"], r["id"], r["token"]) for r in runners] == [("a", 7, "glrt-given"), ("b", 7, "glrt-given")]
    assert runners[0]["docker"]["image"] == "alpine"


def test_a_second_join_registers_nothing_and_gives_the_same_text(registrations: list[str]) -> None:
    first = join_and_keep("glrt-given")
    assert join_and_keep("glrt-given") == first
    assert registrations == ["a"]


def test_a_token_that_gitlab_runner_rotated_is_carried_over(registrations: list[str]) -> None:
    LIVE.write_text(join_and_keep("glrt-given").replace("glrt-given", "glrt-rotated"))
    assert [r["token"] for r in tomllib.loads(join_and_keep("glrt-given"))["runners"]] == ["glrt-rotated"] * 2


def test_a_token_changed_in_the_settings_wins_over_the_live_one(registrations: list[str]) -> None:
    join_and_keep("glrt-given")
    assert "glrt-given" not in join_and_keep("glrt-changed")
    assert registrations == ["a", "a"]


@pytest.mark.parametrize("secret", ["AKIA", 'a"b\\c', "a\nb\r\x7f", "\U0001f600", "<secret:token>"])
def test_further_secrets_come_into_their_places_whatever_is_in_them(secret: str, registrations: list[str]) -> None:
    options = (
        'MachineOptions = [\n    "amazonec2-access-key=<secret:keyId>",\n]\nscript = """\na\n<secret:keyId>\n"""\n'
    )
    text, _ = tool.joined(f"{TEMPLATE}\n[runners.machine]\n{options}", {"token": "glrt-given", "keyId": secret})
    machine = tomllib.loads(text)["runners"][1]["machine"]
    assert machine == {"MachineOptions": [f"amazonec2-access-key={secret}"], "script": f"a\n{secret}\n"}


def test_a_new_file_is_never_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "private" / "config.toml"
    host.write(path, "x")
    host.write(path, "y")
    assert path.read_text() == "y"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["config.toml"]


def test_output_of_a_program_never_shows_a_secret() -> None:
    with pytest.raises(host.StepError) as failure:
        host.run("sh", "-c", 'echo "token $TOKEN"; exit 3', hidden=["glrt-given"], TOKEN="glrt-given")
    assert "ended with 3" in str(failure.value)
    assert "<hidden>" in str(failure.value)
    assert "glrt-given" not in str(failure.value)


def test_a_secret_is_hidden_as_it_is_and_as_it_stands_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def run(*command: str, check: bool = True, hidden: Sequence[str] = ()) -> tuple[int, str]:
        seen.extend(hidden)
        return 0, "Version:      19.3.0"

    monkeypatch.setattr(tool, "run", run)
    path = tmp_path / "config.toml"
    path.write_text('[[runners]]\nname = "a"\ntoken = "glrt-rotated"\n')
    tool.check(path, {"token": "glrt-given", "key": 'a"b', "none": ""})
    assert {"glrt-rotated", "glrt-given", 'a"b', 'a\\"b'} == {*seen}
