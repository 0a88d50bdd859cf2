"""`python -m review`: what it writes, and what a person reads after an error; the engine's own words beside it."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import engine
from localcloud.cloud import ROOT
from localcloud.gitlab_stand_in import GitLabStandIn
from review.__main__ import main

from ..contract.gitlab_client import Client
from .record import EVENTS

PAGE = (ROOT / "docs" / "merge-requests.md").read_text()


@pytest.fixture
def stack_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stack file; there is no GitLab around, and AWS is not asked."""
    for name in [name for name in os.environ if name.startswith("CI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("review.__main__.wanted_of", lambda changes: None)
    (tmp_path / "Pulumi.yaml").write_text("name: ci\n")
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text("config: {}\n")
    return str(file)


def call(command: str, file: str, case: str, *more: str) -> int:
    return main([command, file, "--events", str(EVENTS / f"{case}.jsonl"), *more])


@pytest.mark.parametrize(("case", "code"), [("limit", 0), ("first", 0), ("manager", 1), ("errors", 1)])
def test_a_job_writes_note_and_reports_whatever_its_end(
    stack_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, code: int
) -> None:
    out = tmp_path / "out" / "local"

    assert call("job", stack_file, case, "--folder", str(out)) == code
    assert {path.name for path in out.iterdir()} == {
        *("note.md", "terraform.json", "codequality.json", "metrics.txt", "junit.xml")
    }
    call("note", stack_file, case)
    said = capsys.readouterr()
    assert (out / "note.md").read_text() in said.out
    assert "no note is posted: CI_API_V4_URL and CI_PROJECT_ID: not set" in said.out


def test_what_a_policy_forbids_is_told_with_the_label(stack_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("policy", stack_file, "manager") == 1
    assert capsys.readouterr().err == (
        f"{stack_file}: manager-replacement: the manager is replaced, or goes; if it is meant, put the label "
        "allow-manager-replacement on the merge request and run the job again\n"
    )
    assert (
        call("policy", stack_file, "manager", "--labels", "bug, ok-manager-replacement", "--label-prefix", "ok-") == 0
    )
    assert call("policy", stack_file, "manager", "--policies", "state-loss") == 0


def test_the_labels_are_those_that_gitlab_gives_the_job(stack_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_MERGE_REQUEST_LABELS", "bug,allow-manager-replacement")

    assert call("policy", stack_file, "manager") == 0


def test_a_failed_preview_is_told(stack_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("policy", stack_file, "errors") == 1
    assert "the preview failed; its message is above" in capsys.readouterr().err


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch, stack_file: str) -> Iterator[GitLabStandIn]:
    """The job of a merge request, with its GitLab; the token stands in MY_TOKEN."""
    server = GitLabStandIn(access_tokens={"glpat-mine": frozenset({"api"}), "glpat-weak": frozenset({"read_api"})})
    server.start()
    Client(server).send("POST", "/-/stand-in/merge-requests", {"project": 1, "iid": 2})
    for name, value in (("API_V4_URL", f"{server.url}/api/v4"), ("PROJECT_ID", "1"), ("MERGE_REQUEST_IID", "2")):
        monkeypatch.setenv(f"CI_{name}", value)
    monkeypatch.setenv("MY_TOKEN", "glpat-mine")
    yield server
    server.close()


def test_a_note_is_posted_with_the_token_of_the_variable_that_is_named(
    stack_file: str, gitlab: GitLabStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [call("post", stack_file, case, "--token-variable", "MY_TOKEN") for case in ("first", "limit")] == [0, 0]
    assert capsys.readouterr().out == "the note of local is created\nthe note of local is updated\n"


def test_a_note_that_is_not_taken_fails_its_command_but_not_the_job(
    stack_file: str,
    gitlab: GitLabStandIn,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MY_TOKEN", "glpat-weak")

    assert call("post", stack_file, "limit", "--token-variable", "MY_TOKEN") == 1
    assert call("job", stack_file, "limit", "--folder", str(tmp_path), "--token-variable", "MY_TOKEN") == 0
    said = capsys.readouterr()
    assert said.err.count("no note is posted: MY_TOKEN: the token may not write notes on merge request !2") == 2
    assert "glpat" not in said.out + said.err


def test_a_path_of_its_own_stands_in_the_report(stack_file: str, tmp_path: Path) -> None:
    call("reports", stack_file, "errors", "--folder", str(tmp_path), "--path", "infra/Pulumi.local.yaml")
    issues = json.loads((tmp_path / "codequality.json").read_text())

    assert {issue["location"]["path"] for issue in issues} == {"infra/Pulumi.local.yaml"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["note", "settings.yaml", "--events", "x"], "is not a stack file; give one that is called Pulumi.STACK.yaml"),
        (["note", "Pulumi.local.yaml", "--events", "none"], "pulumi writes it with PULUMI_DEBUG_COMMANDS=true and"),
        (["note", "Pulumi.local.yaml", "--events", "numbers"], "numbers:1: is not an event"),
        (["policy", "Pulumi.local.yaml", "--events", "events", "--policies", "manager"], "policies: manager is none;"),
        (["note", "elsewhere/Pulumi.local.yaml", "--events", "x"], "elsewhere/Pulumi.yaml"),
        (["reports", "Pulumi.local.yaml", "--events", "events", "--folder", "events/no"], "can't be written"),
    ],
)
def test_a_mistaken_call_is_told_in_one_line(
    stack_file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(Path(stack_file).parent)
    Path("events").write_text("{}\n{}\n")
    Path("numbers").write_text("1\n2\n")

    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


LOCK = '{"pid": 1, "username": "me", "hostname": "here", "timestamp": "2026-01-01T00:00:00Z"}'


@pytest.mark.slow  # the engine starts six times
def test_what_the_engine_says_to_missing_variables_and_stacks_is_what_the_page_quotes(tmp_path: Path) -> None:
    program, state = tmp_path / "program", tmp_path / "state"
    program.mkdir()
    state.mkdir()
    (program / "Pulumi.yaml").write_text("name: ci\nruntime: python\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    own = {"PULUMI_HOME": str(tmp_path / "home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    backend, passphrase = {"PULUMI_BACKEND_URL": f"file://{state}"}, {"PULUMI_CONFIG_PASSPHRASE": "right"}

    def pulumi(command: str, *more: str, stack: str = "dev", **variables: str) -> str:
        done = subprocess.run(
            [str(engine.obtain()), *command.split(), "--stack", stack, "--non-interactive", *more],
            cwd=program,
            env={**inherited, **own, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    pulumi("stack init", **backend, **passphrase)
    pulumi("config set --secret key value", **backend, **passphrase)
    said = {
        "no stack named 'dev' found": pulumi("preview", PULUMI_BACKEND_URL=f"file://{tmp_path}", **passphrase),
        "incorrect passphrase": pulumi("preview", **backend, PULUMI_CONFIG_PASSPHRASE="wrong"),
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE": pulumi("preview", **backend),
        "PULUMI_ACCESS_TOKEN must be set": pulumi("preview", **passphrase),
    }
    locks = state / ".pulumi" / "locks" / "organization" / "ci" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "lock.json").write_text(LOCK)
    said["the stack is currently locked by 1 lock(s)"] = pulumi(
        "up", "--yes", "--skip-preview", **backend, **passphrase
    )

    for message, output in said.items():
        assert message in output
        assert f"| `{message}` |" in PAGE
