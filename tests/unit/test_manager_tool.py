"""How the tool on the manager joins config.toml with its secrets."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool import host
from components.manager_tool.deployment import activation as tool

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


class OneToken:
    """Every section gets the same keys."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def own_keys(self, section: dict[str, Any], placeholder: str) -> dict[str, str]:
        self.asked.append((section["name"], placeholder))
        return {"id": "7", "token": '"glrt-given"'}


def join(template: str, **secrets: str) -> str:
    return tool.joined(template, secrets, OneToken())


def test_a_token_takes_the_place_of_its_placeholder_and_the_rest_stays() -> None:
    tokens = OneToken()
    template = TEMPLATE.replace("<secret:token>", "<secret:blue>", 1)
    runners = tomllib.loads(tool.joined(template, {}, tokens))["runners"]
    assert tokens.asked == [("a", "blue"), ("b", "token")]
    assert [(r["name"], r["id"], r["token"]) for r in runners] == [("a", 7, "glrt-given"), ("b", 7, "glrt-given")]
    assert runners[0]["docker"]["image"] == "alpine"


@pytest.mark.parametrize("secret", ["AKIA", 'a"b\\c', "a\nb\r\x7f", "\U0001f600", "<secret:token>"])
def test_further_secrets_come_into_their_places_whatever_is_in_them(secret: str) -> None:
    options = (
        'MachineOptions = [\n    "amazonec2-access-key=<secret:keyId>",\n]\nscript = """\na\n<secret:keyId>\n"""\n'
    )
    text = join(f"{TEMPLATE}\n[runners.machine]\n{options}", keyId=secret)
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
    tool.check(
        path, [{"name": "a", "token": "glrt-rotated"}, {"name": "b"}], {"token": "glrt-given", "key": 'a"b', "none": ""}
    )
    assert {"glrt-rotated", "glrt-given", 'a"b', 'a\\"b'} == {*seen}
