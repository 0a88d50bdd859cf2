"""The second copy of what makes a host a runner."""

import shutil
from pathlib import Path

import pytest

from components.manager_tool.config import snapshot
from components.manager_tool.contract.constants import END

LIVE = '[[runners]]\nname = "a"\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The runner's folder, as the tool leaves it, with a copy taken."""
    home = tmp_path / "home"
    for name, path in (
        ("HOME", home),
        ("LIVE", home / "config.toml"),
        ("DRIFTED", home / "drifted"),
        ("STAGED", home / "staged"),
        ("_TEMPLATE", home / "staged/config.toml"),
        ("_PASSING", {home / "staged/looks.json"}),
        ("COPY", tmp_path / "copy.json"),
    ):
        monkeypatch.setattr(snapshot, name, path)
    for file, text in (
        ("config.toml", LIVE),
        ("certs/gitlab.crt", "a certificate"),
        ("drifted/config-1.toml", "of before"),
        ("staged/config.toml", f"{LIVE}{END}\n"),
        ("staged/looks.json", '{"failed": 1}'),
        ("staged/runners.json", '{"a": {"keys": {}}}'),
    ):
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_text(text)
    snapshot.take()
    return home


def put_back(home: Path) -> list[str]:
    return [str(Path(path).relative_to(home)) for path in snapshot.restore()]


def test_what_is_whole_is_left_alone_and_what_changes_all_the_time_is_not_copied(home: Path) -> None:
    (home / "config.toml").write_text("edited by hand")
    (home / "staged/looks.json").unlink()
    (home / "drifted/config-1.toml").unlink()
    assert put_back(home) == []
    assert snapshot.COPY.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"[1]", None])
@pytest.mark.parametrize("name", ["staged/config.toml", "staged/runners.json"])
def test_what_is_damaged_is_put_back_though_a_copy_was_to_be_taken_of_it(
    home: Path, name: str, damage: bytes | None
) -> None:
    file = home / name
    before = file.read_bytes()
    file.unlink() if damage is None else file.write_bytes(damage)
    if damage != b"[1]":
        snapshot.take()
    assert put_back(home) == [name]
    assert file.read_bytes() == before
    assert put_back(home) == []


def test_a_runner_that_began_anew_without_its_file_gets_it_back(home: Path) -> None:
    shutil.rmtree(home)
    home.mkdir()
    (home / "config.toml").write_text("concurrent = 1\n")
    snapshot.take()
    assert put_back(home) == ["certs/gitlab.crt", "config.toml", "staged/config.toml", "staged/runners.json"]
    assert (home / "config.toml").read_text() == LIVE


def test_what_a_step_removes_stays_removed(home: Path) -> None:
    (home / "certs/gitlab.crt").unlink()
    snapshot.take()
    assert put_back(home) == []


def test_a_damaged_copy_changes_nothing(home: Path) -> None:
    for text in ("{", "[]", '{"/etc/passwd": "x"}', f'{{"{home}/staged/more.json": 1}}'):
        snapshot.COPY.write_text(text)
        assert put_back(home) == []


def test_with_the_end_of_the_life_nothing_is_kept(home: Path) -> None:
    snapshot.forget()
    shutil.rmtree(home)
    assert put_back(home) == []
