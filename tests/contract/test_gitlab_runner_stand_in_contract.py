"""The stand-in for gitlab-runner against what the real one was recorded to send, print and return."""

import hashlib
import hmac
import json
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .prepared_gitlab import (
    RECORDINGS,
    TOKEN,
    PreparedGitLab,
    one_runner,
    prepared,
    program_with_identity,
    register,
    valid,
)
from .stand_in_programs import RUNNER_VERSION, Program, plain

RECORDED = json.loads((RECORDINGS / "runner_gitlab_http.json").read_text())


@pytest.fixture
def gitlab() -> Iterator[PreparedGitLab]:
    with prepared() as server:
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return program_with_identity(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_each_recorded_command_sends_prints_and_returns_the_same(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    for recorded in RECORDED["commands"]:
        exchanges = recorded["http"]
        gitlab.requests.clear()
        gitlab.answers = [(e["response"]["status"], e["response"]["body"]) for e in exchanges]

        result = program.run(*_here(recorded["command"], gitlab, config))

        assert result.returncode == recorded["exit"], recorded["command"]
        assert gitlab.requests == [_of_this_version(e["request"]) for e in exchanges]
        expected = [line.strip() for line in _expected_lines(recorded, gitlab, config)]
        assert [line.strip() for line in plain(result.stderr).splitlines()] == expected
        assert result.stdout == ""
    assert tomllib.loads(config.read_text()).get("runners") is None


def _here(command: str, gitlab: PreparedGitLab, config: Path) -> list[str]:
    text = command.replace("/etc/gitlab-runner/config.toml", str(config))
    return shlex.split(text.replace("http://127.0.0.1:8929/", gitlab.url))[1:]


def _of_this_version(request: dict[str, Any]) -> dict[str, Any]:
    """The recording is of 17.5.3 built by hand; the stand-in says who it is in the same form."""
    major, minor, _ = RUNNER_VERSION.split(".")
    agent = request["headers"]["User-Agent"].replace("17.5.3 (HEAD", f"{RUNNER_VERSION} ({major}-{minor}-stable")
    body = dict(request["body"])
    if "info" in body:
        body["info"] = {**body["info"], "version": RUNNER_VERSION, "revision": "stand-in"}
    return {**request, "headers": {**request["headers"], "User-Agent": agent}, "body": body}


def _expected_lines(recorded: dict[str, Any], gitlab: PreparedGitLab, config: Path) -> list[str]:
    # Of the crash, the first two lines say it all: the rest are addresses.
    lines = recorded["output"][:2] if recorded["exit"] == 2 else recorded["output"]
    text = "\n".join(lines).replace("http://127.0.0.1:8929/", gitlab.url)
    return text.replace("/etc/gitlab-runner/config.toml", str(config)).splitlines()


def test_registration_writes_a_private_file_with_the_runner_and_its_machine_left_empty(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    gitlab.answers = [valid()]
    register(program, config, gitlab.url, "--token", TOKEN, "--name", "m1", "--limit=3", "--docker-privileged")

    written = tomllib.loads(config.read_text())
    [runner] = written["runners"]
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert written["concurrent"] == 1
    assert (runner["id"], runner["token"], runner["limit"]) == (7, TOKEN, 3)
    assert runner["token_expires_at"].year == 1
    assert (runner["machine"]["MachineDriver"], runner["machine"]["MachineName"]) == ("", "")
    assert (runner["docker"]["volumes"], runner["docker"]["privileged"]) == (["/cache"], True)


def test_the_environment_serves_as_well_as_flags(gitlab: PreparedGitLab, program: Program, config: Path) -> None:
    gitlab.answers = [valid()]
    environment = {
        "CONFIG_FILE": str(config),
        "CI_SERVER_URL": gitlab.url,
        "CI_SERVER_TOKEN": TOKEN,
        "REGISTER_NON_INTERACTIVE": "true",
        "RUNNER_NAME": "from-environment",
        "RUNNER_EXECUTOR": "docker",
        "DOCKER_IMAGE": "alpine",
    }
    result = program.run("register", environment=environment)

    assert result.returncode == 0
    [runner] = tomllib.loads(config.read_text())["runners"]
    assert (runner["name"], runner["docker"]["image"]) == ("from-environment", "alpine")
    assert "machine" not in runner


def test_a_template_fills_what_the_flags_leave_empty(
    gitlab: PreparedGitLab, program: Program, config: Path, tmp_path: Path
) -> None:
    template = tmp_path / "template.toml"
    template.write_text(
        '[[runners]]\ntoken = "dropped"\nlimit = 9\n[runners.docker]\nimage = "ruby"\nprivileged = true\n'
        '[runners.machine]\nMachineDriver = "amazonec2"\n'
    )
    gitlab.answers = [valid()]
    register(program, config, gitlab.url, "--token", TOKEN, "--template-config", str(template))

    [runner] = tomllib.loads(config.read_text())["runners"]
    assert (runner["token"], runner["limit"]) == (TOKEN, 9)
    assert (runner["docker"]["image"], runner["docker"]["privileged"]) == ("alpine", True)
    assert runner["machine"]["MachineDriver"] == "amazonec2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--token", TOKEN, "--locked=false"), "FATAL: Runner configuration other than name and executor"),
        (("--token", TOKEN, "--tag-list", "a"), "FATAL: Runner configuration other than name and executor"),
        (("--token", TOKEN, "--tags", "a"), "FATAL: flag provided but not defined: -tags"),
        (("--token", TOKEN, "--limit", "many"), 'FATAL: invalid value "many" for flag -limit'),
        (("--token", TOKEN, "--template-config", "/missing"), "FATAL: Could not handle configuration merging"),
        ((), "PANIC: The registration-token needs to be entered"),
    ],
)
def test_a_wrong_registration_is_refused_before_any_call(
    gitlab: PreparedGitLab, program: Program, config: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = register(program, config, gitlab.url, *arguments)

    assert result.returncode == 1
    assert message in result.stderr
    assert gitlab.requests == []
    assert not config.exists()


def test_reserved_options_are_ignored_with_the_older_token_flag(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    gitlab.answers = [valid()]
    result = register(program, config, gitlab.url, "--registration-token", TOKEN, "--tag-list", "a")

    assert result.returncode == 0
    assert "WARNING: Runner configuration other than name" in result.stderr
    assert gitlab.requests[0]["path"] == "/api/v4/runners/verify"


@pytest.mark.parametrize(
    ("executor", "image", "message"),
    [("cloud", "alpine", "Invalid executor specified"), ("docker", "", "The docker-image needs to be entered")],
)
def test_a_runner_that_was_registered_in_vain_is_removed_again(
    gitlab: PreparedGitLab, program: Program, config: Path, executor: str, image: str, message: str
) -> None:
    gitlab.answers = [(201, {"id": 1, "token": "legacyauthtoken12345", "token_expires_at": None}), (204, None)]
    more = ("--registration-token", "regtoken", "--executor", executor, "--docker-image", image)
    result = register(program, config, gitlab.url, *more)

    assert result.returncode == 1
    assert f"PANIC: {message}" in result.stderr
    assert [r["method"] for r in gitlab.requests] == ["POST", "DELETE"]
    assert not config.exists()


def test_verification_fails_for_one_dead_runner_and_drops_it_on_request(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    one_runner(config, gitlab.url)
    gitlab.answers = [(403, {"message": "403 Forbidden"})] * 2
    failed = program.run("verify", "--config", str(config))
    kept = config.read_text()
    dropped = program.run("verify", "--config", str(config), "--delete")

    assert (failed.returncode, dropped.returncode) == (1, 0)
    assert "FATAL: Failed to verify runners" in failed.stderr
    assert "[[runners]]" in kept
    assert "runners" not in tomllib.loads(config.read_text())


def test_a_gitlab_that_does_not_answer_counts_as_verified(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    one_runner(config, "http://127.0.0.1:9/")

    result = program.run("verify", "--config", str(config))

    assert result.returncode == 0
    assert "ERROR: Verifying runner... client error" in result.stderr
    assert TOKEN not in result.stderr
    register_there = register(program, config, "http://127.0.0.1:9/", "--token", TOKEN)
    assert "PANIC: Failed to verify the runner." in register_there.stderr


@pytest.mark.parametrize(("name", "code"), [("m1", 0), ("other", 1)])
def test_one_runner_is_verified_by_its_name(
    gitlab: PreparedGitLab, program: Program, config: Path, name: str, code: int
) -> None:
    one_runner(config, gitlab.url)
    gitlab.answers = [valid()]

    assert program.run("verify", "--config", str(config), "--name", name).returncode == code
    assert len(gitlab.requests) == 1 - code


def test_a_runner_stays_in_the_file_when_gitlab_does_not_let_it_go(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    one_runner(config, gitlab.url)
    gitlab.answers = [(403, {"message": "403 Forbidden"})]
    before = config.read_text()

    result = program.run("unregister", "--config", str(config), "--all-runners")

    assert result.returncode == 1
    assert "ERROR: Unregistering runner from GitLab forbidden" in result.stderr
    assert config.read_text() == before


def test_a_person_resets_the_token_by_the_runners_number(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    one_runner(config, gitlab.url, more="id = 7\n")
    gitlab.answers = [(201, {"token": "glrt-newnewnewnewnewnew12", "token_expires_at": "2027-01-02T03:04:05.678Z"})]

    result = program.run("reset-token", "--config", str(config), "--name", "m1", "--pat", "glpat-x")

    assert result.returncode == 0
    assert gitlab.requests[0]["path"] == "/api/v4/runners/7/reset_authentication_token"
    assert gitlab.requests[0]["headers"]["Private-Token"] == "glpat-x"
    [runner] = tomllib.loads(config.read_text())["runners"]
    assert runner["token"] == "glrt-newnewnewnewnewnew12"
    assert runner["token_expires_at"].year == 2027


def test_the_identity_is_made_of_the_machines_and_kept(gitlab: PreparedGitLab, program: Program, config: Path) -> None:
    identity = config.with_name(".runner_system_id")
    identity.write_text("not an identity")
    one_runner(config, gitlab.url)
    gitlab.answers = [valid(), valid()]
    for _ in range(2):
        program.run("verify", "--config", str(config))

    made = identity.read_text()
    machine = next((p for p in ("/var/lib/dbus/machine-id", "/etc/machine-id") if os.path.exists(p)), None)
    key = Path(machine).read_text().strip().encode() if machine else b""
    expected = "s_" + hmac.new(key, b"gitlab-runner", hashlib.sha256).hexdigest()[:12]
    assert made == expected if key else re.fullmatch(r"r_[0-9a-zA-Z]{12}", made)
    assert [request["body"]["system_id"] for request in gitlab.requests] == [made, made]


def test_an_unknown_command_is_no_help_topic(program: Program) -> None:
    assert program.run("regsiter").returncode == 3
