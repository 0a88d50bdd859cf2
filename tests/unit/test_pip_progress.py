"""What `make` says while pip works."""

import subprocess
import sys
from pathlib import Path

from localcloud.cloud import ROOT
from localcloud.pip_progress import progress


def test_a_line_is_said_every_few_seconds() -> None:
    lines = [f"Collecting package-{number}\n" for number in range(8)]
    lines += ["  Downloading package.whl\n", "Installing collected packages: a, b, c\n", "Successfully installed\n"]
    said = [*progress(lines, 8, iter(range(100)).__next__)]

    assert said == [
        "[  3.0 s] 3 of 8 packages found, now package-2 ...",
        "[  6.0 s] 6 of 8 packages found, now package-5 ...",
        "[ 10.0 s] unpacking 3 packages ...",
    ]


def test_what_pip_said_is_shown_where_it_fails(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("nobody-has-this-one==1\n")
    command = [sys.executable, str(ROOT / "localcloud" / "pip_progress.py"), str(tmp_path / "requirements.txt")]
    done = subprocess.run(
        command, env={"PIP_NO_INDEX": "1"}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )

    assert done.returncode != 0
    assert "nobody-has-this-one" in done.stderr


def test_make_shows_it() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\n$(READY):")[2].partition("\n\n")[0]

    assert "pip_progress.py requirements-dev.txt" in recipe
    assert "--quiet" not in recipe
