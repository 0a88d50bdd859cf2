"""What the tool takes for a change by hand in config.toml, and what for gitlab-runner's own doing."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool import host
from components.manager_tool.config import drift, runners
from components.manager_tool.config.config_toml import parse
from components.manager_tool.config.machine_names import by_section
from components.manager_tool.config.runners import sections
from components.manager_tool.deployment import activation as tool
from localcloud.cloud import ROOT

from ..contract.prepared_gitlab import prepared, program_with_identity

SECRETS = {"token": "glrt-goodgoodgoodgood1234", "awsAccessKey": "AKIA1", "awsSecretKey": 'se/"cret', "hook": "s3cr3t"}
REGISTERED = {"id": "7", "token": json.dumps(SECRETS["token"]), "token_obtained_at": "2026-01-01T00:00:00Z"}
FIRST = "runners[gitlab-aws-autoscaler]"
ALIAS = "runners[second].docker.services[0].alias"
REGION, KEY = '"amazonec2-region=eu-central-1"', '"amazonec2-secret-key=se/\\"cret"'
EXTRA = '''
[[runners]]
name = "second"
url = "https://gitlab.example.com"
token = "<secret:token>"
executor = "docker+machine"
limit = 3
pre_build_script = """
echo "hello" # to all
curl -H 'X-Hook: <secret:hook>' http://hook
"""
environment = [
    "HOOK=<secret:hook>",
    "LEVEL=1",
]

[runners.docker]
image = "alpine:3.21"
wait_for_services_timeout = 0
services = [
    { name = "mysql:8", alias = "db" },
]

[runners.feature_flags]
FF_USE_FASTZIP = true

[runners.machine]
MachineDriver = "amazonec2"
MachineName = "second-%s"
MachineOptions = [
    "amazonec2-region=eu-central-1",
    "amazonec2-secret-key=<secret:awsSecretKey>",
]
'''


class Registered:
    """Every section belongs to one runner."""

    def own_keys(self, section: dict[str, Any], pool: str) -> dict[str, str]:
        return dict(REGISTERED)


@pytest.fixture
def template(capsys: pytest.CaptureFixture[str]) -> str:
    from config_render.__main__ import main

    assert main(["render", str(ROOT / "examples/guide.yaml"), "--facts", str(ROOT / "examples/guide.facts.yaml")]) == 0
    return capsys.readouterr().out + EXTRA


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str) -> Path:
    """A config.toml as the tool has put it in place; all the tool's files lie in a folder of the test."""
    path = tmp_path / "config.toml"
    monkeypatch.setattr(runners, "LIVE", path)
    for name, place in (("LIVE", path), ("WRITTEN", tmp_path / "written.json"), ("DRIFTED", tmp_path / "drifted")):
        monkeypatch.setattr(drift, name, place)
    text = tool.joined(template, SECRETS, Registered())
    host.write(path, text)
    drift.remember(drift.written(text.encode(), template, SECRETS))
    return path


def edit(path: Path, old: str, new: str) -> None:
    assert path.read_text().count(old) >= 1
    path.write_text(path.read_text().replace(old, new))


ODD = """
[machine.shutdown_drain]
enabled = true

[[runners]]
name = "odd"
url = "https://gitlab.example.com"
token = "<secret:token>"
executor = "docker+machine"
unhealthy_interval = "90m"

[runners.docker]
image = "alpine:3.21"
pull_policy = "if-not-present"

[runners.monitoring]
[[runners.monitoring.job_queuing_durations]]
periods = ["* * * * * * *"]

[runners.experimental.boot_verify]
enabled = true
acquire_min_backoff = 1500000000

[runners.machine]
MachineDriver = "amazonec2"
MachineName = "odd-%s"
"""


def rewritten(live: Path, template: str, folder: Path, *, strict: bool = True) -> None:
    """Have the stand-in for gitlab-runner, which writes what the real one does, exchange the tokens of a file."""
    with prepared() as gitlab:
        program = program_with_identity(folder)
        moved = template.replace("https://gitlab.example.com", gitlab.url)
        live.write_text(tool.joined(moved, SECRETS, Registered()))
        drift.remember(drift.written(live.read_bytes(), moved, SECRETS, strict=strict))
        before = live.read_text()
        gitlab.answers = [(201, {"token": f"glrt-rotated{n}00000000", "token_expires_at": None}) for n in range(9)]
        assert program.run("reset-token", "--all-runners", "--config", str(live)).returncode == 0
    assert live.read_text() != before
    assert "session_timeout" in live.read_text()


def test_what_gitlab_runner_itself_writes_is_no_drift(live: Path, template: str, tmp_path: Path) -> None:
    """It writes the file anew when it changes a token: other layout, no comments, defaults that nobody gave."""
    rewritten(live, template + ODD, tmp_path)
    assert 'pull_policy = ["if-not-present"]' in live.read_text()
    assert not drift.drifted()

    edit(live, "limit = 3", "limit = 4")
    assert drift.drifted()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('pull_policy = ["if-not-present"]', 'pull_policy = ["always"]'),
        ('pull_policy = ["if-not-present"]', 'pull_policy = ["if-not-present", "always"]'),
        ('acquire_min_backoff = "1.5s"', 'acquire_min_backoff = "15s"'),
        ('timeout = "0s"', 'timeout = "1s"'),
        ('unhealthy_interval = "1h30m0s"\n', ""),
    ],
)
def test_a_change_by_hand_of_what_gitlab_runner_writes_in_its_own_way_is_drift(
    live: Path, template: str, tmp_path: Path, old: str, new: str
) -> None:
    rewritten(live, template + ODD, tmp_path)
    edit(live, old, new)
    assert drift.drifted()


@pytest.mark.parametrize("strict", [True, False])
def test_a_key_that_gitlab_runner_does_not_know_and_so_drops_is_no_drift(
    live: Path, template: str, tmp_path: Path, strict: bool
) -> None:
    """Only versions before 19.3 take a file with such a key, as they have no lint: `strict` says which it was."""
    rewritten(live, template.replace("limit = 3", "limit = 3\nof_a_newer_version = 1"), tmp_path, strict=strict)
    assert drift.drifted() == strict


def test_a_key_that_somebody_took_out_is_drift_as_long_as_gitlab_runner_has_not_written_the_file(
    live: Path, template: str
) -> None:
    drift.remember(drift.written(live.read_bytes(), template, SECRETS, strict=False))
    edit(live, "limit = 3\n", "")
    assert drift.drifted()


def test_machines_of_a_section_that_is_missing_from_the_live_file_alone_are_still_wanted(
    live: Path, template: str
) -> None:
    """gitlab-runner writes in place: on a full disk a part of the file is left, which may be whole TOML."""
    text = live.read_text()
    machines = [*by_section(sections(parse(text)))]
    drift.remember(drift.written(text.encode(), template, SECRETS, machines=machines))
    first, second = (template for _, template in machines)
    assert drift.wanted_machines() == {first, second}

    for left in (
        text[: text.index('[[runners]]\nname = "second"')],
        text[: text.index('executor = "docker+machine"\nlimit = 3')],
    ):
        live.write_text(left)
        assert drift.wanted_machines() == {first, second}
    live.write_text(text.replace("second-%s", "third-%s"))
    assert drift.wanted_machines() == {first, second.replace("second", "third")}
    live.write_text("")
    with pytest.raises(host.StepError, match=r"has no \[\[runners\]\]"):
        drift.wanted_machines()


def test_an_empty_file_was_changed_by_hand_and_holds_nothing_to_lose(live: Path, template: str) -> None:
    live.write_bytes(b"")
    assert drift.drifted()
    assert drift.lost(template, SECRETS) == []
    live.unlink()
    assert not drift.drifted()


@pytest.mark.parametrize("broken", [b"a stray word\n", b"# caf\xe9\n", b'[[runners]]\nname = "a'])
def test_a_file_that_can_not_be_read_was_changed_by_hand_and_is_kept_as_it_is(
    live: Path, template: str, capsys: pytest.CaptureFixture[str], broken: bytes
) -> None:
    live.write_bytes(broken)

    lost = drift.lost(template, SECRETS)

    assert drift.drifted()
    assert lost
    with pytest.raises(host.StepError, match="was changed by hand"):
        drift.refuse(lost)
    drift.keep(lost, "warn")
    (kept,) = live.parent.glob("config.toml.before-*")
    assert kept.read_bytes() == broken
    assert capsys.readouterr().out.startswith(
        f"warning: {live} was changed by hand; it is replaced, and kept as {kept}"
    )
    drift.replacing(drift.written(b"new", template, SECRETS))
    assert not drift.drifted(), "a step that was killed before it replaced the file"


def test_nothing_is_drift_on_a_manager_that_remembers_nothing(live: Path) -> None:
    drift.WRITTEN.unlink()
    edit(live, "limit = 3", "limit = 4")
    assert not drift.drifted()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit = 3", "limit = 3 # three"),
        ("limit = 3\n", "\n\n  limit   =   0x3\n"),
        ('image = "alpine:3.21"', "image = 'alpine:3.21'"),
        ('"LEVEL=1",\n]', '"LEVEL=1"]'),
        ("wait_for_services_timeout = 0\n", ""),
    ],
)
def test_another_layout_of_the_same_is_no_drift(live: Path, old: str, new: str) -> None:
    edit(live, old, new)
    assert not drift.drifted()


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("limit = 3", "limit = 4", ["-runners[second].limit = 3", "+runners[second].limit = 4"]),
        ("limit = 3\n", "", ["-runners[second].limit = 3"]),
        ("limit = 3\n", "limit = 3\nrequest_concurrency = 2\n", ["+runners[second].request_concurrency = 2"]),
        ('alias = "db"', 'alias = "dx"', [f'-{ALIAS} = "db"', f'+{ALIAS} = "dx"']),
        ('    "amazonec2-vpc-id=vpc-xxxxx",\n', "", [f"-{FIRST}.machine.MachineOptions = <hidden>"]),
        ('"LEVEL=1",\n', "", ["-runners[second].environment = <hidden>"]),
        (
            f"{REGION},\n    {KEY}",
            f"{KEY},\n    {REGION}",
            ["+runners[second].machine.MachineOptions: in another order"],
        ),
        (
            "s3cr3t",
            "other",
            [
                "-runners[second].environment = <hidden>",
                "+runners[second].environment = <hidden>",
                "-runners[second].pre_build_script = <hidden>",
                "+runners[second].pre_build_script = <hidden>",
            ],
        ),
        (
            'AccessKey = "AKIA1"',
            'AccessKey = "AKIA2"',
            [
                "-runners[gitlab-aws-autoscaler].cache.s3.AccessKey = <hidden>",
                "+runners[gitlab-aws-autoscaler].cache.s3.AccessKey = <hidden>",
            ],
        ),
    ],
)
def test_a_change_by_hand_is_shown_without_secrets(
    live: Path, template: str, old: str, new: str, shown: list[str]
) -> None:
    edit(live, old, new)
    assert drift.drifted()
    assert drift.lost(template, SECRETS) == shown


def test_an_option_that_was_put_in_by_hand_is_shown_without_its_secret(live: Path, template: str) -> None:
    plain = template.replace('    "amazonec2-secret-key=<secret:awsSecretKey>",\n', "")
    text = tool.joined(plain, SECRETS, Registered())
    live.write_text(text)
    drift.remember(drift.written(text.encode(), plain, SECRETS))
    edit(
        live,
        'second-%s"\nMachineOptions = [',
        'second-%s"\nMachineOptions = [\n"amazonec2-secret-key=x",\n"a-b=c",\n"amazonec2-ami=ami-1",',
    )
    assert drift.lost(plain, SECRETS) == [
        '+runners[second].machine.MachineOptions = "amazonec2-secret-key=<hidden>"',
        "+runners[second].machine.MachineOptions = <hidden>",
        '+runners[second].machine.MachineOptions = "amazonec2-ami=ami-1"',
    ]


def test_a_change_by_hand_that_the_settings_now_have_too_is_no_loss(live: Path, template: str) -> None:
    edit(live, "limit = 3", "limit = 4")
    assert drift.lost(template.replace("limit = 3", "limit = 4"), SECRETS) == []


@pytest.mark.parametrize("was_edited", [False, True])
@pytest.mark.parametrize("live_is_new", [False, True])
def test_a_step_that_was_killed_while_it_put_a_file_in_place_left_no_drift(
    live: Path, template: str, live_is_new: bool, was_edited: bool
) -> None:
    changed = template.replace("limit = 3", "limit = 5")
    text = tool.joined(changed, SECRETS, Registered())
    if was_edited:
        edit(live, "limit = 3", "limit = 4")
    drift.replacing(drift.written(text.encode(), changed, SECRETS))
    if live_is_new:
        live.write_text(text)
    assert not drift.drifted()


def test_what_is_replaced_is_kept_where_root_alone_can_read_it(
    live: Path, template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(live, "limit = 3", "limit = 4")
    lost = drift.lost(template, SECRETS)
    drift.keep(lost, "warn")
    (kept,) = drift.DRIFTED.iterdir()
    _, *changed, empty = kept.read_text()[: -len(template)].splitlines()
    assert (kept.read_text()[-len(template) :], changed, empty) == (template, [f"#   {line}" for line in lost], "")
    assert tomllib.loads(kept.read_text()) == tomllib.loads(template)
    assert kept.stat().st_mode & 0o777 == 0o600
    warned = capsys.readouterr().out
    told = [f"{live} was changed by hand; it is replaced, and kept as {kept}", *lost]
    assert warned.splitlines() == [f"warning: {line}" for line in told]
    drift.keep(lost, "overwrite")
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith(f"{live} was changed by hand; it is replaced"), "no warning of what was asked for"


SECRET_EDIT = """
clone_url = "https://user:S3CRET@gitlab.example.com"
environment = ["TOKEN=S3CRET"]
pre_get_sources_script = \"\"\"
curl -H 'S3CRET: 1' http://hook
\"\"\"
tls-key-file = "S3CRET"
unknown = "S3CRET"

[runners.docker]
hostname = "S3CRET"
services = [{ name = "mysql:9", command = ["--password", "S3CRET"], environment = ["A=S3CRET"] }]
extra_hosts = ["S3CRET:10.0.0.1"]

[runners.docker.tmpfs]
"/x" = "S3CRET"

[runners.cache.azure]
AccountKey = "S3CRET"

[runners.machine]
MachineOptions = ["amazonec2-secret-key=S3CRET", "amazonec2-region=eu-central-1", "S3CRET"]
MachineOptionsWithName = ["S3CRET=%s"]

[[runners]]
name = "third"
token = "S3CRET"
limit = 12

[runners.ssh]
password = "S3CRET"
user = "S3CRET"
"""


@pytest.mark.parametrize("policy", ["warn", "overwrite", "fail"])
def test_no_secret_that_somebody_put_in_by_hand_is_told_or_kept(
    live: Path, template: str, policy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    live.write_text(live.read_text().partition("pre_build_script")[0] + SECRET_EDIT)
    lost = drift.lost(template, SECRETS)
    assert f"+{FIRST.replace('gitlab-aws-autoscaler', 'third')}.limit = 12" in lost
    assert "+runners[second].clone_url = <hidden>" in lost
    drift.keep(lost, policy)
    (kept,) = drift.DRIFTED.iterdir()
    with pytest.raises(host.StepError) as refused:
        drift.refuse(lost)
    for text in ("\n".join(lost), kept.read_text(), capsys.readouterr().out, str(refused.value)):
        assert [secret for secret in ("S3CRET", *SECRETS.values()) if secret in text] == []


def test_no_control_character_of_a_name_reaches_a_terminal(live: Path, template: str) -> None:
    edit(live, 'name = "second"', 'name = "\\u001b[2Jsecond"')
    assert any("second" in line for line in drift.lost(template, SECRETS))
    assert not any("\x1b" in line for line in drift.lost(template, SECRETS))


def test_what_was_there_before_the_first_one_stays_as_it_is_beside_it(
    live: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drift.WRITTEN.unlink()
    by_hand = live.read_text().replace("limit = 3", "limit = 4")
    live.write_text(by_hand)
    drift.keep([], "overwrite")
    (kept,) = live.parent.glob("config.toml.before-*")
    assert kept.read_text() == by_hand
    assert kept.stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == f"warning: {live} was there before; it is replaced, and kept as {kept}\n"

    live.write_text("concurrent = 1\n")  # as gitlab-runner makes it when it first starts
    drift.keep([], "overwrite")
    live.unlink()
    drift.keep([], "overwrite")
    assert capsys.readouterr().out == ""


def test_a_refusal_says_what_was_changed_and_how_to_go_on(live: Path, template: str) -> None:
    edit(live, "limit = 3", "limit = 4")
    refused: Callable[[], None] = lambda: drift.refuse(drift.lost(template, SECRETS))  # noqa: E731
    with pytest.raises(
        host.StepError, match=r"(?s)\+runners\[second\]\.limit = 4.*manager\.drift to warn or overwrite"
    ):
        refused()


def test_what_is_remembered_holds_no_secret(live: Path) -> None:
    text = drift.WRITTEN.read_text()
    assert [secret for secret in SECRETS.values() if json.dumps(secret)[1:-1] in text] == []
