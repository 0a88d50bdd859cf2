"""How the stand-in for gitlab-runner checks and rewrites its config file, and installs its service."""

import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .prepared_gitlab import (
    RECORDINGS,
    TOKEN,
    PreparedGitLab,
    one_runner,
    prepared,
    program_with_identity,
)
from .stand_in_programs import Program, plain

KEYS = json.loads((RECORDINGS / "config_toml_keys.json").read_text())


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


def test_rewriting_loses_comments_and_unknown_keys_and_nothing_else(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    one_runner(config, gitlab.url, more='unknown = 1 # a comment\nlabels = { a-key = "v" }\n[runners.machine]\n')
    with config.open("a") as file:
        file.write(
            'MachineOptions = ["a=\\"q\\"", "é\\\\", "\\u007f"]\n'
            '[[runners.machine.autoscaling]]\nPeriods = ["* * * * * * *"]\n'
        )
    gitlab.answers = [(201, {"token": TOKEN, "token_expires_at": None})]
    before = tomllib.loads(config.read_text())["runners"][0]

    program.run("reset-token", "--config", str(config), "--name", "m1")

    after = tomllib.loads(config.read_text())["runners"][0]
    del before["unknown"]
    assert "a comment" not in config.read_text()
    kept = {key: after["machine"][key] for key in before["machine"]}
    assert kept["MachineOptions"] == before["machine"]["MachineOptions"]
    assert kept["autoscaling"][0]["Periods"] == before["machine"]["autoscaling"][0]["Periods"]
    assert {key: after[key] for key in before if key != "machine"} == {
        key: value for key, value in before.items() if key != "machine"
    }


def test_rewriting_adds_what_the_real_encoder_never_leaves_out(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    """Seen with the real 19.3.0 over 908 files; what differs in more than a zero or an empty text is listed here."""
    one_runner(
        config,
        gitlab.url,
        more='unhealthy_interval = "90m"\n[runners.docker]\nimage = "alpine"\npull_policy = "always"\n'
        '[runners.monitoring]\n[[runners.monitoring.job_queuing_durations]]\nperiods = ["* * * * * * *"]\n'
        "[runners.experimental.boot_verify]\nenabled = true\nacquire_min_backoff = 1500000000\n"
        "[machine.shutdown_drain]\nenabled = true\n",
    )
    gitlab.answers = [(201, {"token": TOKEN, "token_expires_at": None})]

    assert program.run("reset-token", "--config", str(config), "--name", "m1").returncode == 0

    after = tomllib.loads(config.read_text())
    (runner,) = after["runners"]
    assert runner["docker"]["pull_policy"] == ["always"]
    assert runner["unhealthy_interval"] == "1h30m0s"
    assert runner["monitoring"]["job_queuing_durations"][0]["threshold"] == "0s"
    assert runner["experimental"]["boot_verify"] == {
        "enabled": True,
        "timeout": "0s",
        "acquire_min_backoff": "1.5s",
        "acquire_max_backoff": "0s",
    }
    assert after["machine"]["shutdown_drain"]["retry_backoff"] == "0s"
    assert after["connection_max_age"] == "15m0s"


def test_a_token_that_gitlab_does_not_exchange_leaves_the_others_exchanged(
    gitlab: PreparedGitLab, program: Program, config: Path
) -> None:
    one_runner(config, gitlab.url)
    with config.open("a") as file:
        file.write(f'\n[[runners]]\nname = "m2"\nurl = "{gitlab.url}"\ntoken = "glrt-twotwotwotwo"\n')
    gitlab.answers = [(403, {}), (201, {"token": "glrt-newnewnew", "token_expires_at": None})]

    result = program.run("reset-token", "--config", str(config), "--all-runners")

    assert result.returncode == 0
    assert "Failed to reset runner authentication token" in plain(result.stderr)
    assert [each["token"] for each in tomllib.loads(config.read_text())["runners"]] == [TOKEN, "glrt-newnewnew"]


def test_lint_takes_every_key_of_the_recording(program: Program, config: Path) -> None:
    config.write_text(_everything())

    result = program.run("lint", "--config", str(config))

    assert (result.returncode, plain(result.stderr).strip()) == (0, "Configuration file is valid.")


_EXAMPLES = {
    "string": '"x"',
    "int": "1",
    "bool": "true",
    "float64": "1.5",
    "time.Duration": '"1m30s"',
    "time.Time": "2026-01-01T00:00:00Z",
    "int64": "1",
    "StringOrArray": '["x"]',
    "DockerPullPolicy": '"always"',
    "S3AuthType": '"iam"',
}


def _example(go_type: str) -> str:
    go_type = go_type.lstrip("*")
    if go_type.startswith("[]"):
        return f"[{_example(go_type[2:])}]"
    if go_type.startswith("map[string]"):
        return "{ key = " + _example(go_type[len("map[string]") :]) + " }"
    if go_type in ("Labels", "DockerSysCtls", "AutoscalerSettingsMap"):
        return '{ key = "x" }'
    return _EXAMPLES[go_type]


def _everything() -> str:
    special = {"Periods": '["* * 9-17 * * mon-fri *"]', "periods": '["* * * * * * *"]', "labels": '{ key = "x" }'}
    special |= {"Timezone": '"Europe/Berlin"', "timezone": '""', "MachineOptionsWithName": '["name=%s"]'}
    arrays = {
        key["subsection"] for keys in KEYS["sections"].values() for key in keys if key["kind"].startswith("array")
    }
    lines = []
    for section, keys in KEYS["sections"].items():
        if section != "global":
            lines += (
                ["[[runners]]"] if section == "runners" else [f"[[{section}]]" if section in arrays else f"[{section}]"]
            )
        for key in keys:
            if key["kind"] == "value":
                lines.append(f"{key['key']} = {special.get(key['key']) or _example(key['go_type'])}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("concurrent = ", "FATAL: decoding config: toml: "),
        ('concurrent = "4"', 'decoding config: toml: (last key "concurrent"): incompatible types'),
        ("concurrent = 0", "concurrent must be at least 1"),
        ("concurent = 4", "1 unknown key(s) found in"),
        ("[[runners]]\n[runners.machine]\nIdleCoutn = 1", "  unknown key: runners.machine.IdleCoutn"),
        ("[[runners]]\n[runners.machine]\nIdleScaleFactor = 1", 'last key "runners.machine.IdleScaleFactor"'),
        ("[[runners]]\n[runners.docker]\nvolumes = [1]", 'last key "runners.docker.volumes"'),
        ("[runners]", 'last key "runners"'),
        ("[[runners]]\n[[runners.machine.autoscaling]]\nPeriods = ['* * 25 * * * *']", "syntax error in hour field"),
        ("[[runners]]\n[[runners.machine.autoscaling]]\nPeriods = ['* *']", "missing or extra fields"),
        ("[[runners]]\n[[runners.machine.autoscaling]]\nTimezone = 'Mars/Olympus'", "unknown time zone Mars/Olympus"),
        ("[[runners]]\n[runners.machine]\nMachineOptionsWithName = ['a']", "must contain %s"),
        ("[[runners]]\nlabels = { 'a b' = 'x' }", "invalid label 'a b'"),
        (
            "[[runners]]\n[[runners]]\n[runners.referees.metrics]\nquery_interval = 10",
            "config schema validation failed: - at '/runners/1/referees/metrics/queries': got null, want array",
        ),
    ],
)
def test_lint_refuses(program: Program, config: Path, text: str, message: str) -> None:
    config.write_text(text)

    result = program.run("lint", "--config", str(config))

    assert result.returncode == 1
    assert message in result.stderr


def test_lint_needs_the_file_and_makes_no_identity(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    result = program.run("lint", "--config", str(folder / "config.toml"))

    assert result.returncode == 1
    assert f"FATAL: config file not found: {folder}/config.toml" in result.stderr
    assert list(folder.iterdir()) == []


@pytest.fixture
def units(program: Program, tmp_path: Path) -> Path:
    """A folder for units, and a systemctl that only writes down what it is told."""
    control = program.path.with_name("systemctl")
    control.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/systemctl.log\n')
    control.chmod(0o755)
    folder = tmp_path / "units"
    folder.mkdir()
    return folder


def service(program: Program, units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that would otherwise write to the folder of this very machine's units."""
    code = (
        "import pathlib, sys; sys.argv = sys.argv[1:]; sys.path.insert(0, sys.argv[0])\n"
        "from host_programs.gitlab_runner_stand_in import program, service\n"
        f"service.UNITS = pathlib.Path({str(units)!r}); program.main()"
    )
    command = [sys.executable, "-c", code, str(program.path), *arguments]
    environment = program.environment()
    return subprocess.run(command, env=environment, cwd=program.folder, capture_output=True, text=True, check=False)


def test_installing_writes_and_enables_the_unit_once(program: Program, units: Path, config: Path) -> None:
    arguments = ("install", "--user", "ci", "--working-directory", "/home/ci", "--config", str(config))
    first, second = service(program, units, *arguments), service(program, units, *arguments)

    unit = (units / "gitlab-runner.service").read_text()
    start = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    expected = [str(program.path), "run", "--config", str(config), "--working-directory", "/home/ci"]
    assert (first.returncode, second.returncode) == (0, 1)
    assert shlex.split(start.removeprefix("ExecStart=")) == [*expected, "--service", "gitlab-runner", "--user", "ci"]
    assert "Restart=always\nRestartSec=120\n" in unit
    assert "Init already exists" in second.stderr
    assert tomllib.loads(config.read_text())["concurrent"] == 1
    log = (program.folder / "systemctl.log").read_text().splitlines()
    assert log == ["enable gitlab-runner.service", "daemon-reload"]


def test_uninstalling_takes_the_unit_away(program: Program, units: Path, config: Path) -> None:
    service(program, units, "install", "--user", "ci", "--config", str(config))
    first, second = service(program, units, "uninstall"), service(program, units, "uninstall")

    assert (first.returncode, second.returncode) == (0, 1)
    assert list(units.iterdir()) == []
