"""What `make up`, `make job` and `make status` put on the screen."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import __main__ as commands
from localcloud.cloud import ROOT
from localcloud.one_job import readable
from tests import needs

OWN = (ROOT / "Pulumi.local.yaml").read_text()


def run(folder: Path, command: str) -> str:
    done = started(folder, command, ROOT / "Pulumi.local.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def started(folder: Path, command: str, file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # As `make` calls it, but for folder and file: a person's own local cloud may run in this checkout.
    program = f"from localcloud import __main__ as m; from pathlib import Path; m.FOLDER = Path({str(folder)!r})"
    given = [command, *arguments]
    chosen = f"{program}; m.FILE = Path({str(file)!r}); import sys; sys.argv[1:] = {given!r}; sys.exit(m.main())"
    # Whose plugins `make up` takes.
    environment = {**os.environ, "PULUMI_HOME": str(folder.parent / "no-plugins")}
    return subprocess.run(
        [sys.executable, "-c", chosen],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


class Here:
    """The commands in the tests' own process, for what they refuse before anything is run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def refused(self, folder: Path, file: Path, *arguments: str) -> str:
        """Return what a command says that must fail."""
        self._monkeypatch.setattr(commands, "FOLDER", folder)
        self._monkeypatch.setattr(commands, "FILE", file)
        self._monkeypatch.setattr(sys, "argv", ["localcloud", *arguments])
        self._capsys.readouterr()
        assert commands.main() == 1
        return self._capsys.readouterr().err


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(ROOT)
    return Here(monkeypatch, capsys)


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


def with_own_file(folder: Path, command: str, text: str) -> str:
    """Return what a command says that must fail, of a person's stack file with this text."""
    file = folder.parent / "Pulumi.local.yaml"
    file.write_text(text)
    done = started(folder, command, file)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, ": can't be read (No such file or directory)"),
        ("", ":1: holds no settings; "),
        ("- a\n", ":1: holds no settings; "),
        ("config:\n  aws:region: [\n", ":2: "),
        (OWN.replace("limit: 5", "limt: 5"), ":18: gitlab-runner-aws:pools[0].limt: unknown; did you mean `limit`?"),
        (OWN.replace("concurrent: 10", "concurrent: ten"), ":5: gitlab-runner-aws:concurrent = ten: must be a whole"),
    ],
)
def test_up_starts_nothing_for_a_file_that_can_not_be_used(
    here: Here, tmp_path: Path, text: str | None, told: str
) -> None:
    file = tmp_path / "Pulumi.local.yaml"
    if text is not None:
        file.write_text(text)
    assert f"Pulumi.local.yaml{told}" in here.refused(tmp_path / "cloud", file, "up")
    assert not (tmp_path / "cloud").exists()


@pytest.mark.parametrize("command", ["up", "preview", "report"])
def test_each_command_names_the_persons_own_lines(up: tuple[Path, str], command: str) -> None:
    folder, _ = up
    copies = {path: path.read_bytes() for path in (folder / "project").iterdir()}

    said = with_own_file(folder, command, "config:\n  a: [\n")
    assert "Pulumi.local.yaml:2: did not find expected node content" in said
    assert copies == {path: path.read_bytes() for path in (folder / "project").iterdir()}
    # This is what the program alone can find out: it asks AWS.
    said = with_own_file(folder, command, OWN.replace("zones: [a]", "vpcId: vpc-1\n    subnetIds: [subnet-1]"))
    assert "Pulumi.local.yaml:9: gitlab-runner-aws:network.subnetIds[0] = subnet-1: can't be found in AWS" in said


def test_lines_of_files_that_the_persons_own_extends_are_named(up: tuple[Path, str]) -> None:
    folder, _ = up
    text = OWN.replace("config:", "config:\n  gitlab-runner-aws:extends: [shared/types.yaml]", 1)
    (folder.parent / "shared").mkdir()
    shared = folder.parent / "shared" / "types.yaml"
    shared.write_text("config:\n  gitlab-runner-aws:pools:\n    - name: local\n\n      zones: [a, b]\n")
    said = with_own_file(folder, "preview", text.replace("m5.large", "x9.large").replace("zones: [a]", "zones: [a, b]"))
    assert "Pulumi.local.yaml:18: gitlab-runner-aws:pools[0].instanceTypes[0] = x9.large: is not offered" in said

    shared.write_text("config:\n  gitlab-runner-aws:pools:\n    - name: local\n\n      instanceTypes: [x9.large]\n")
    said = with_own_file(folder, "preview", text.replace("      instanceTypes: [m5.large]\n", ""))
    assert "shared/types.yaml:5: gitlab-runner-aws:pools[0].instanceTypes[0] = x9.large: is not offered" in said


PROJECT = f"""\
name: acme-ci
runtime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}
"""
PROGRAM = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from components import AutoscalingRunner, AutoscalingRunnerArgs, read_stack

stack = read_stack()
args = AutoscalingRunnerArgs(
    settings=stack.settings, region=stack.region, token=stack.token, secrets=stack.secrets, existing=stack.existing
)
AutoscalingRunner("builds", args)
"""
SETTINGS = """\
config:
  aws:region: eu-central-1
  gitlab-runner-aws:gitlab: {url: https://gitlab.example.com}
  gitlab-runner-aws:tokenParameter: /ci/runner-token
  gitlab-runner-aws:secrets: {registry: {secure: v1:of-another-key}}
  gitlab-runner-aws:manager: {sshFrom: [203.0.113.7/32]}
  gitlab-runner-aws:pools:
    - {name: ci, limit: 2, environment: ["REGISTRY=<secret:registry>"], machine: {MaxGrowthRate: 1}}
"""


def test_a_project_of_ones_own_is_deployed_into_the_local_cloud_and_destroyed(
    up: tuple[Path, str], tmp_path: Path
) -> None:
    cloud, _ = up
    folder = tmp_path / "acme-ci"
    folder.mkdir()
    for name, text in (("Pulumi.yaml", PROJECT), ("__main__.py", PROGRAM), ("Pulumi.prod.yaml", SETTINGS)):
        (folder / name).write_text(text)

    done = started(cloud, "project", ROOT / "Pulumi.local.yaml", str(folder), "prod")
    assert done.returncode == 0, done.stdout + done.stderr
    commands = done.stdout.partition(f"Next, in {folder}:")[2].partition("At the end: ")[0].splitlines()
    assert [each.strip() for each in commands if each.strip()] == [
        f". {cloud / 'pulumi.env'}",
        "pulumi config set --secret --path gitlab-runner-aws:secrets.registry --stack local",
        "pulumi up --stack local",
    ]
    said = shell(folder, "\n".join(commands))
    assert "builds-registration-life" in said
    shell(folder, f". {cloud / 'pulumi.env'}; pulumi preview --stack local --expect-no-changes")
    shell(folder, f". {cloud / 'pulumi.env'}; pulumi destroy --yes --stack local")


def shell(folder: Path, commands: str) -> str:
    """Type commands; answers to questions are a word, and yes."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "AWS_"))}
    environment["PULUMI_SKIP_CONFIRMATIONS"] = "true"
    done = subprocess.run(
        ["bash", "-ec", commands],
        cwd=folder,
        env=environment,
        input="word\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "has no Pulumi.yaml; name the folder of a Pulumi project"),
        ({"Pulumi.yaml": PROJECT, "Pulumi.local.yaml": SETTINGS}, "is not from here and would be replaced; rename it"),
        ({"Pulumi.yaml": PROJECT}, "Pulumi.dev.yaml: can't be read"),
    ],
)
def test_a_project_that_can_not_be_led_there_is_left_as_it_is(
    up: tuple[Path, str], here: Here, tmp_path: Path, files: dict[str, str], told: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert told in here.refused(up[0], ROOT / "Pulumi.local.yaml", "project", str(tmp_path))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files
