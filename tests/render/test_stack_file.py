"""Reading stack files: values as the engine reads them, lines, and files that mean harm."""

import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from config_render.base.input_file import UnreadableFileError
from config_render.files.layers import Place
from config_render.files.stack_file import read_stack_file
from config_render.files.yaml_file import read_yaml


def content(folder: Path, text: str) -> Any:
    return read_yaml(written(folder, text))[0]


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("0x1F", 31), ("0o17", 15), ("017", 15), ("1_000", 1000), ("1:30", "1:30"),
        ("08", 8.0), ("-0b11", -3), ("a_b", "a_b"), ("0", 0), ("12ab", "12ab"),
        ("0.5", 0.5), ("1e3", 1000.0), (".5", 0.5), ("true", True), ("False", False), ("yes", "yes"), ("on", "on"),
        ("null", None), ("~", None), ("", None), ("2026-11-24", "2026-11-24"), ("'5'", "5"), ('"true"', "true"),
        ("|\n  a\n  b\n", "a\nb\n"), ("[a, 1]", ["a", 1]), ("{a: 1}", {"a": 1}), ("5: 6", {"5": 6}),
        ("9" * 40, float("9" * 40)), ("&x [1]", [1]), ("[&x {a: 1}, *x]", [{"a": 1}, {"a": 1}]),
        ("a: &x {b: 1}\nc: {<<: *x, d: 2}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
        ("a: {b: 1, <<: {b: 2}}", {"a": {"b": 1}}), ("'<<': 1", {"<<": 1}),
    ],
)  # fmt: skip
def test_values_are_those_that_the_engine_reads(text: str, value: Any, tmp_path: Path) -> None:
    found = content(tmp_path, text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", ":3: has the key a twice in one table; keep one"),
        ("a: [1, 2\n", ":1: did not find expected ',' or ']'"),
        ("? [a]\n: 1\n", ":1: has a table or a list as a key; a key must be a text"),
        ("{*x : 1}", ":1: names the anchor x, which is not there"),
        ("&x [*x]", ":1: names the anchor x, which is not there"),
        ("a: 1\n---\nb: 2\n", ":2: holds a second document (---); put all settings into one"),
        ("a: {<<: 1}", ":1: merges (<<) what is not a table"),
        ("[" * 51 + "]" * 51, ":1: is nested deeper than 50 levels"),
        ("[" * 1_000_000, ":1: is nested deeper than 50 levels"),
        ("a: \x07", ": unacceptable character #x0007: control characters are not allowed"),
    ],
)
def test_what_is_no_settings_file_is_told_with_its_line(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        content(tmp_path, text)

    assert str(caught.value) == f"{tmp_path / 'file.yaml'}{reason}"


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "absent.yaml", "can't be read (No such file or directory)"),
        (tmp_path, "can't be read (Is a directory)"),
        (written(tmp_path, b"a: \xff"), "is not UTF-8 text"),
    ):
        with pytest.raises(UnreadableFileError) as caught:
            read_yaml(path)
        assert str(caught.value) == f"{path}: {reason}"
    with pytest.raises(UnreadableFileError, match="holds no table of settings"):
        read_stack_file(written(tmp_path, "[]"))


def test_a_bomb_of_aliases_is_refused_at_once_and_takes_no_memory(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    merged = "a0: &a0 {a: 1}\n" + "".join(
        f"a{n}: &a{n} {{k: [*a{n - 1}, *a{n - 1}], <<: *a{n - 1}}}\n" for n in range(1, 60)
    )
    for text in (bomb, merged):
        tracemalloc.start()
        started = time.monotonic()
        with pytest.raises(UnreadableFileError, match="grows far beyond its length by aliases"):
            content(tmp_path, text)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert time.monotonic() - started < 2
        assert peak < 20e6


STACK = """\
encryptionsalt: v1:x
config:
  aws:region: eu-central-1
  other:thing: 1
  gitlab-runner-aws:token: {secure: v1:y}
  gitlab-runner-aws:secrets:
    key: {secure: v1:z}
    open: in-the-clear
  gitlab-runner-aws:pools:
    - name: ci
      machine:
        IdleCount: 1
"""


def test_a_stack_file_gives_settings_without_secrets_and_the_lines_of_their_paths(tmp_path: Path) -> None:
    file = read_stack_file(written(tmp_path, STACK))

    assert file.settings == {"pools": [{"name": "ci", "machine": {"IdleCount": 1}}]}
    assert (file.region, file.secrets, file.is_stack) == ("eu-central-1", ["key", "open"], True)
    assert [str(problem) for problem in file.problems] == [
        "gitlab-runner-aws:secrets.open: stands there in clear text; make a new one and set it with --secret"
    ]
    path = "gitlab-runner-aws:pools[0].machine"
    paths = ("aws:region", f"{path}.IdleCount", f"{path}.absent", "gitlab-runner-aws:x")
    assert [file.place_of(p) for p in paths] == [Place(3), Place(12), Place(11), None]


def test_what_is_wrong_in_an_entry_of_a_list_is_told_at_the_line_where_that_entry_begins(tmp_path: Path) -> None:
    pools = "  - name: a\n    limit: 1\n\n  # The next.\n  - name: b\n    zones: [a, b]\n  - {name: c}\n"
    text = f"pools:\n{pools}concurrent: 3\n"
    file = read_stack_file(written(tmp_path, text))
    places = [file.place_of(f"gitlab-runner-aws:pools[{number}].image") for number in range(3)]
    assert places == [Place(2), Place(6), Place(8)]
    assert file.place_of("gitlab-runner-aws:pools[1].zones[1]") == Place(7)
    assert read_yaml(tmp_path / "file.yaml")[1][()] == 1


def test_settings_alone_are_read_too_and_a_token_in_the_clear_is_told_without_showing_it(tmp_path: Path) -> None:
    file = read_stack_file(written(tmp_path, "aws:region: us-east-1\ntoken: glrt-abc\nconcurrent: 3\n"))

    assert (file.settings, file.region, file.is_stack) == ({"concurrent": 3}, "us-east-1", False)
    assert "glrt-abc" not in repr(file)
    assert [problem.path for problem in file.problems] == ["gitlab-runner-aws:token"]
