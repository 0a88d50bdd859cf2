"""Secrets are sealed for one manager and opened by it alone."""

import base64
from pathlib import Path

import pytest

from components.manager_tool import unsealing as tool
from components.manager_tool.host import StepError
from components.sealing import seal


def key_of_a_new_manager(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(tool, "SEALING_KEY", folder / "sealing.key")
    tool.show_key()
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize("text", ["glrt-0123456789abcdefghij", "", '\U0001f600\n"', "x" * 100_000])
def test_the_manager_opens_what_was_sealed_for_it(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = seal(key_of_a_new_manager(tmp_path, monkeypatch, capsys), text)
    assert tool.unseal(sealed) == text
    assert not text or text.encode() not in base64.b64decode(sealed)


def test_the_same_text_for_the_same_manager_is_no_change_and_another_text_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = key_of_a_new_manager(tmp_path, monkeypatch, capsys)
    assert key_of_a_new_manager(tmp_path, monkeypatch, capsys) == key
    assert seal(key, "a token") == seal(key, "a token")
    assert seal(key, "a token") != seal(key, "another")


def test_an_altered_text_or_another_manager_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for_another = seal(key_of_a_new_manager(other, monkeypatch, capsys), "a token")
    sealed = seal(key_of_a_new_manager(tmp_path, monkeypatch, capsys), "a token")
    content = bytearray(base64.b64decode(sealed))
    content[-1] ^= 1
    for wrong in (for_another, base64.b64encode(content).decode()):
        with pytest.raises(StepError, match="altered, or were sealed for another manager"):
            tool.unseal(wrong)
    tool.SEALING_KEY.unlink()
    with pytest.raises(StepError, match=r"pulumi up --replace '\*\*-registration-key'"):
        tool.unseal(sealed)
