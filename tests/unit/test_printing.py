"""Lines that Pulumi's command provider can read, whatever is printed, and whoever has gone meanwhile."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.manager_tool import host
from components.manager_tool.printing import LONGEST, CutLines, lines_cut

ROOT = Path(__file__).parents[2]
MOST_BYTES = 65_535


@pytest.mark.parametrize(
    "parts",
    [
        ["x" * 100_000],
        ["x" * 70_000 + "\n", "short\n"],
        ["x" * 1000] * 100,
        ["\U0001f600" * 40_000, "\n", "\U0001f600" * 40_000],
        ["short\n" + "x" * 70_000 + "\nlast"],
        ["x\x85\u2028" * 40_000 + "\n"],
    ],
)
def test_no_line_is_longer_than_the_provider_can_read(parts: list[str]) -> None:
    stream = io.StringIO()
    lines = CutLines(stream)
    for part in parts:
        lines.write(part)
    shown, given = stream.getvalue().split("\n"), "".join(parts).split("\n")
    assert max(len(line.encode()) for line in shown) <= MOST_BYTES
    assert [line[:LONGEST] for line in shown] == [line[:LONGEST] for line in given]
    assert [line.endswith(" ... (cut)") for line in shown] == [len(line) > LONGEST for line in given]


def test_both_streams_are_cut_and_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    with lines_cut():
        print("x" * 100_000)
        print("y" * 100_000, file=sys.stderr)
    print("z" * 100_000)
    shown = capsys.readouterr()
    assert len(shown.err) < MOST_BYTES
    assert [len(line) < MOST_BYTES for line in shown.out.splitlines()] == [True, False]


def test_each_line_of_a_warning_can_be_told_from_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    host.warn("one\ntwo")
    assert capsys.readouterr().out == "warning: one\nwarning: two\n"


def test_a_step_goes_on_when_its_reader_has_gone(tmp_path: Path) -> None:
    """OpenSSH ends no command whose connection is cut; what it prints then fails."""
    done = tmp_path / "done"
    program = (
        "import sys\nfrom components.manager_tool.printing import lines_cut\n"
        "with lines_cut():\n sys.stdin.read()\n"
        " for stream in (sys.stdout, sys.stderr): print('x' * 100, file=stream, flush=True)\n"
        f" open({str(done)!r}, 'w').close()\n"
    )
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.close(ours)
        process.communicate()
    assert done.exists()
