"""What `make up`, `make job` and `make status` put on the screen."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import ROOT
from localcloud.one_job import readable
from tests import needs


def run(folder: Path, command: str) -> str:
    # As `make` calls it, but for the folder: a person's own local cloud may run in this checkout.
    program = f"from localcloud import __main__ as m; from pathlib import Path; m.FOLDER = Path({str(folder)!r})"
    started = [sys.executable, "-c", f"{program}; import sys; sys.argv[1:] = [{command!r}]; sys.exit(m.main())"]
    # Whose plugins `make up` takes.
    environment = {**os.environ, "PULUMI_HOME": str(folder.parent / "no-plugins")}
    done = subprocess.run(
        started, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("local") / "cloud"
    yield folder, run(folder, "up")
    run(folder, "down")


def test_up_shows_nothing_that_nobody_reads(up: tuple[Path, str]) -> None:
    _, said = up

    assert re.search(r"[0-9a-f]{65}", said) is None
    assert "runner-registration-runners created" in said
    assert '{"' not in said, "ids for the program alone are shown"
    assert "make job" in said


@needs.JOBS
def test_job_shows_the_way_of_one(up: tuple[Path, str]) -> None:
    folder, _ = up
    said = run(folder, "job")

    steps = re.findall(r"^\[ *[\d.]+ s\] (\w+(?: on)?)  ", said, re.MULTILINE)
    assert steps == ["queued", "taken", "ran on", "result"]
    assert re.search(r"ran on     runner-\S+-local-\S+: i-[0-9a-f]+, m5.large in eu-central-1a$", said, re.MULTILINE)
    assert "    Running on runner-" in said
    assert "    Job succeeded " in said
    assert re.search(r"job \d+: success$", said, re.MULTILINE)


def test_a_log_of_the_real_gitlab_runner_is_shown_as_gitlab_shows_it() -> None:
    # Recorded with gitlab-runner 19.3.0.
    recorded = (
        "2026-11-26T17:59:43.743987Z 00O \x1b[0KRunning with gitlab-runner 19.3.0 (HEAD)\x1b[0;m\n"
        "2026-11-26T17:59:49.041349Z 00O \x1b[32;1mJob succeeded\x1b[0;m\n"
    )

    assert readable(recorded) == "Running with gitlab-runner 19.3.0 (HEAD)\nJob succeeded\n"


def test_status_is_for_people(up: tuple[Path, str]) -> None:
    folder, _ = up
    said = run(folder, "status")

    assert "BEGIN CERTIFICATE" not in said
    assert {line.split("  ")[0] for line in said.splitlines()} == {
        *("local cloud", "AWS", "GitLab", "downloads", "manager", "registered", "jobs", "real")
    }
    assert max(map(len, said.splitlines())) < 160


def test_every_command_is_a_target_of_make() -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert targets
    assert {"up", "job", "preview", "report", "down", "stop", "shell", "status"} <= {*targets[1].split()}
