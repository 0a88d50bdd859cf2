"""What the watch measures and ships, and how it is run."""

import errno
import json
import os
import time
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from components.manager_tool import host
from components.manager_tool.aws.api import AwsError
from components.manager_tool.config import snapshot
from components.manager_tool.contract.constants import TARGET
from components.manager_tool.contract.documents import BreakerPlan, WatchSettings
from components.manager_tool.executors.docker_machine import breaker, reaper
from components.manager_tool.host import StepError
from components.manager_tool.maintenance import journal_shipping, metrics, watch, watch_state
from components.manager_tool.maintenance.journal_shipping import Destination, Event, batches, ship
from components.manager_tool.maintenance.look import Pass
from components.manager_tool.maintenance.metrics import Measured
from components.manager_tool.programs import watch_units

MEASURED = Measured({"machine": 3, "key pair": 1}, 2, {"machine": 0}, 1, 7, 1, True, 1_795_526_070.5, 0.25, 2, 3)


def test_prometheus_reads_what_was_measured() -> None:
    text = metrics.prometheus(MEASURED)
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert values == {
        'gitlab_runner_aws_removed_total{kind="machine"}': "3",
        'gitlab_runner_aws_removed_total{kind="key_pair"}': "1",
        "gitlab_runner_aws_removal_failures_total": "2",
        'gitlab_runner_aws_orphans{kind="machine"}': "0",
        "gitlab_runner_aws_machines_in_error": "1",
        "gitlab_runner_aws_creation_failures_total": "7",
        "gitlab_runner_aws_pools_paused": "1",
        "gitlab_runner_aws_config_drifted": "1",
        "gitlab_runner_aws_programs_replaced": "2",
        "gitlab_runner_aws_instances_unused": "3",
        "gitlab_runner_aws_last_pass_timestamp_seconds": "1795526070.5",
        "gitlab_runner_aws_last_pass_duration_seconds": "0.25",
    }
    kinds = [line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE")]
    assert all((kind == "counter") == name.endswith("_total") for name, kind in kinds)


def test_the_collector_may_read_the_file_though_the_tool_keeps_its_own_to_itself(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        path = tmp_path / "new" / "ours.prom"
        metrics.write_for_prometheus(path, MEASURED)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(former)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o644, 0o755)
    assert [file.name for file in path.parent.iterdir()] == ["ours.prom"]


def test_memory_counts_as_used_where_no_program_could_get_it() -> None:
    text = "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     250 kB\nHugePages_Total:       0\n"
    assert metrics.memory_used_percent(text) == 75.0


def line(cursor: str, message: Any = "x", microseconds: int = 1_000) -> str:
    return json.dumps({"__CURSOR": cursor, "__REALTIME_TIMESTAMP": str(microseconds), "MESSAGE": message})


class Logs:
    """CloudWatch Logs, which keeps what it is given and knows no stream at first."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str]] = []
        self.calls: list[str] = []
        self.streams: set[str] = set()
        self.broken_after = 1_000

    def json(self, service: str, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(action)
        if len(self.calls) > self.broken_after:
            raise AwsError("NoAnswer", "it did not answer")
        if action == "CreateLogStream":
            self.streams.add(parameters["logStreamName"])
        elif parameters["logStreamName"] not in self.streams:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        else:
            self.events += [(event["timestamp"], event["message"]) for event in parameters["logEvents"]]
        return {}


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with what journalctl prints; its arguments end up in the file `asked` beside it."""
    program = tmp_path / "journalctl"
    program.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\ncat {tmp_path}/lines || exit 1\n')
    program.chmod(0o755)
    monkeypatch.setitem(host.ENVIRONMENT, "PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "lines"


def shipped(logs: Logs, folder: Path, *hidden: str) -> int:
    return ship(Destination(logs, "group", "i-1/journal"), folder / "cursor", hidden)  # type: ignore[arg-type]


def test_the_journal_is_shipped_from_where_the_last_pass_ended(journal: Path) -> None:
    logs, folder = Logs(), journal.parent
    journal.write_text("\n".join([line("c1", "one"), line("c2", list(b"\xfftwo"), 2_000_999), line("c3", None)]))
    assert shipped(logs, folder) == 3
    assert logs.events == [(1, "one"), (2000, "\ufffdtwo"), (2000, " ")]
    journal.write_text("")
    assert shipped(logs, folder) == 0
    first, second = (folder / "asked").read_text().splitlines()
    assert first == "-u gitlab-runner -u gitlab-runner-aws-watch -o json --no-pager --since -1h"
    assert second == "-u gitlab-runner -u gitlab-runner-aws-watch -o json --no-pager --after-cursor c3"
    assert logs.calls == ["PutLogEvents", "CreateLogStream", "PutLogEvents"]


def test_no_line_shows_a_secret(journal: Path) -> None:
    logs = Logs()
    journal.write_text(line("c1", "token glrt-secret-long and glrt-secret"))
    shipped(logs, journal.parent, "glrt-secret-long", "glrt-secret")
    assert logs.events == [(1, "token <hidden> and <hidden>")]


def test_what_cloudwatch_has_not_got_is_shipped_again(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_shipping, "MOST_EVENTS", 1)
    logs = Logs()
    journal.write_text("\n".join(line(f"c{number}", f"m{number}") for number in range(3)))
    logs.broken_after = 4
    with pytest.raises(AwsError, match="did not answer"):
        shipped(logs, journal.parent)
    assert (journal.parent / "cursor").read_text() == "c1"


def test_nothing_is_shipped_where_it_can_not_be_kept_how_far_it_came(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    logs = Logs()
    journal.write_text(line("c1", "one"))
    (journal.parent / "cursor").write_text("c0")
    monkeypatch.setattr(journal_shipping, "write", full)
    with pytest.raises(OSError, match="No space left"):
        shipped(logs, journal.parent)
    assert logs.calls == []


def test_a_journal_that_cannot_be_read_is_told(journal: Path) -> None:
    with pytest.raises(StepError, match=r"`journalctl -u gitlab-runner .*` ended with 1"):
        shipped(Logs(), journal.parent)


def test_a_call_holds_no_more_than_cloudwatch_takes() -> None:
    small = Event("c", 0, "x")
    assert [len(batch) for batch in batches([small] * 25_000)] == [10_000, 10_000, 5_000]
    big = Event("c", 0, "x" * (256 * 1024))
    assert [len(batch) for batch in batches([big] * 7)] == [3, 3, 1]
    day = 24 * 60 * 60 * 1000
    assert [len(batch) for batch in batches([small, small._replace(milliseconds=day), small])] == [1, 2]
    assert list(batches([])) == []
    (back,) = batches([small._replace(milliseconds=5), small])
    assert [event.milliseconds for event in back] == [5, 5]


def test_a_message_that_is_too_long_is_cut_between_characters() -> None:
    cut = journal_shipping.event(json.loads(line("c", "ä" * 200_000)), ()).message
    assert len(cut.encode()) == 256 * 1024
    odd = journal_shipping.event(json.loads(line("c", "x" + "ä" * 200_000)), ()).message
    assert len(odd.encode()) == 256 * 1024 - 1


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that are run; the tool's files lie in a folder of the test."""
    ran: list[str] = []
    monkeypatch.setattr(watch_units, "run", lambda *command: ran.append(" ".join(command)))
    monkeypatch.setattr(watch_units, "SERVICE", tmp_path / "gitlab-runner-aws-watch.service")
    monkeypatch.setattr(watch_units, "TIMER", tmp_path / "gitlab-runner-aws-watch.timer")
    monkeypatch.setattr(watch, "WATCH_SETTINGS", tmp_path / "watch.json")
    return ran


def test_the_timer_follows_the_settings(units: list[str], tmp_path: Path) -> None:
    breaker: BreakerPlan = {"enabled": False, "drift": "warn"}
    watch.stage({"enabled": True, "intervalSeconds": 90, "breaker": breaker})
    assert "OnUnitActiveSec=90\n" in (tmp_path / "gitlab-runner-aws-watch.timer").read_text()
    assert f"ExecStart={TARGET} watch\n" in (tmp_path / "gitlab-runner-aws-watch.service").read_text()
    timer = "gitlab-runner-aws-watch.timer"
    assert units == ["systemctl daemon-reload", f"systemctl enable {timer}", f"systemctl restart {timer}"]

    units.clear()
    watch.stage({"enabled": False, "breaker": breaker})
    assert units == [f"systemctl disable --now {timer}", "systemctl daemon-reload"]
    assert [path.name for path in tmp_path.iterdir()] == ["watch.json"]
    units.clear()
    watch.stage({"enabled": False, "breaker": breaker})
    assert units == []


def test_the_name_of_before_a_rename_is_kept_though_no_look_was_made_under_it(
    units: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_state, "STATE", tmp_path / "state.json")
    monkeypatch.setattr(watch_state, "_OF_0_2", tmp_path / "watch-state.json")
    told: WatchSettings = {"enabled": True, "intervalSeconds": 90, "breaker": {"enabled": False, "drift": "warn"}}
    for name in ("project/a/runner", "project/a/runner", "project/b/runner", "project/c/runner"):
        watch.stage({**told, "deployment": name})
    assert {*watch_state.read().deployments} == {"project/a/runner", "project/b/runner"}

    watch_state.STATE.unlink()
    (tmp_path / "watch.json").write_text("{")
    watch.stage({**told, "deployment": "project/d/runner"})
    assert json.loads((tmp_path / "watch.json").read_text())["deployment"] == "project/d/runner"


@pytest.fixture
def looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the watch's files in a folder of the test; return where its settings go."""
    for module, name, path in (
        (snapshot, "COPY", "copy.json"),
        (snapshot, "HOME", "home"),
        (watch, "DEPLOYMENT", "deployment"),
        (watch, "WATCH", "lock"),
        (watch_state, "WATCH_SETTINGS", "watch.json"),
        (watch_state, "STATE", "state.json"),
        (watch_state, "_OF_0_2", "watch-state.json"),
    ):
        monkeypatch.setattr(module, name, tmp_path / path)
    return tmp_path / "watch.json"


def read_only(look: Pass) -> None:
    raise OSError(errno.EROFS, "Read-only file system", "/proc/1/one.json")


def full(look: Pass) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/proc/other.json")


def wrong(look: Pass) -> None:
    print(look.settings["fleet"])


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            [read_only, read_only],
            "watch: nothing can be written below /proc: Read-only file system; see the kernel's messages (dmesg), and "
            "mount it for writing again\n",
        ),
        (
            [full, full],
            "watch: nothing can be written below /proc: No space left on device; make room; `df -h` and `df -i` say "
            "whether bytes or inodes are used up\n",
        ),
        (
            [wrong],
            "watch: {0} says nothing of fleet: another release wrote it; run `pulumi up`\n",
        ),
    ],
)
def test_what_several_parts_meet_is_told_once_and_the_others_go_on(
    broken: list[Any], told: str, capsys: pytest.CaptureFixture[str], looking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("_break", "_tend", "_reap", "_ship", "_tell"):
        monkeypatch.setattr(watch, name, lambda look: done.append("done"))
    for name, part in zip(("_break", "_reap"), broken, strict=False):
        monkeypatch.setattr(watch, name, part)
    looking.write_text('{"dryRun": false, "of a later release": [1]}')
    assert watch.watch() == 1
    assert capsys.readouterr().err == told.format(looking)
    assert len(done) == 5 - len(broken)


@pytest.mark.parametrize(
    ("text", "told", "kept"),
    [
        ('{"failed": 3, "of a later release": {"a": 1}}', "", 3),
        ('{"failed": "three", "in_error": ["a"], "removed": {"machine": 2, "moon": 1}}', "", 0),
        ('{"failed": 3, "templates": {"a": {"b": 1}}, "in_error": {"a": null}}', "", 3),
        ('{"failed": 3', "state.json is damaged", 0),
        ("[]", "state.json is damaged (it holds no table)", 0),
        ("\xff\xfe\x00", "state.json is damaged", 0),
        ("[" * 100_000, "state.json is damaged", 0),
    ],
)
def test_what_another_release_or_a_broken_disk_left_of_the_state_stops_no_look(
    text: str, told: str, kept: int, capsys: pytest.CaptureFixture[str], looking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_break", "_tend", "_reap", "_ship", "_tell"):
        monkeypatch.setattr(watch, name, lambda look: None)
    looking.write_text('{"dryRun": false}')
    watch_state.STATE.write_text(text, encoding="latin-1")
    assert watch.watch() == 0
    assert told in capsys.readouterr().out
    state = watch_state.read()
    assert (state.failed, state.in_error, {*state.removed}) == (kept, {}, {*reaper.KINDS})
    assert watch.watch() == 0
    assert capsys.readouterr().out == ""


def test_an_earlier_release_does_not_meet_what_it_cannot_read(looking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_break", "_tend", "_reap", "_ship", "_tell"):
        monkeypatch.setattr(watch, name, lambda look: None)
    looking.write_text('{"dryRun": false}')
    former = looking.with_name("watch-state.json")
    former.write_text('{"in_error": ["a"], "failed": 4}')
    assert watch.watch() == 0
    assert watch_state.read().failed == 4
    assert former.read_text() == '{"in_error": ["a"], "failed": 4}'


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AwsError("NoCredentials", "none"), "watch: AWS: NoCredentials: none"),
        (HTTPException("\x1b[2J"), "watch: broken: HTTPException('\\x1b[2J')"),
        (KeyError("token"), "watch: broken: KeyError('token')"),
        (RecursionError("too deep"), "watch: broken: RecursionError('too deep')"),
    ],
)
def test_a_part_that_fails_keeps_no_other_from_being_done(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str], looking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(look: Pass) -> None:
        raise error

    done: list[str] = []
    for part in ("_break", "_tend"):
        monkeypatch.setattr(watch, part, lambda look: None)
    monkeypatch.setattr(watch, "_reap", broken)
    monkeypatch.setattr(watch, "_ship", lambda look: done.append("ship"))
    monkeypatch.setattr(watch, "_tell", lambda look: done.append("tell"))
    assert watch.watch() == 0
    looking.write_text('{"dryRun": false}')
    assert watch.watch() == 1
    assert done == ["ship", "tell"]
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("interval", "answers", "looks"),
    [
        pytest.param(60, [True, True, False, True], 3, id="as long as machines fail"),
        pytest.param(60, [False, True], 1, id="not at all where none do"),
        pytest.param(62, [True] * 99, 13, id="until the next pass"),
        pytest.param(3600, [True] * 99, 61, id="no longer than systemd lets it"),
    ],
)
def test_while_machines_fail_the_breaker_looks_every_few_seconds(
    interval: int, answers: list[bool], looks: int, looking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, seen = [time.time()], list[float]()

    def run(settings: Any, now: float, apply_again: Any) -> bool:
        seen.append(now)
        return answers[len(seen) - 1]

    for part in ("_tend", "_reap", "_ship", "_tell"):
        monkeypatch.setattr(watch, part, lambda look: None)
    monkeypatch.setattr(breaker, "run", run)
    monkeypatch.setattr(time, "time", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.insert(0, clock[0] + seconds))
    settings = {"dryRun": False, "intervalSeconds": interval, "breaker": {}}
    looking.write_text(json.dumps(settings))

    assert watch.watch() == 0

    assert len(seen) == looks
    assert {round(later - former) for former, later in pairwise(seen)} <= {5}


def test_the_administrators_variables_reach_the_tool_and_its_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "VARIABLES", tmp_path / "variables")
    monkeypatch.setattr(host, "ENVIRONMENT", {"PATH": os.environ["PATH"]})
    host.take_variables()
    for name in ("PROXY_OF_TEST", "QUOTED_OF_TEST"):
        monkeypatch.setenv(name, "")
    text = '# a comment = none\n\nPROXY_OF_TEST=http://proxy?a=b\nQUOTED_OF_TEST="two words"\n#OFF=1\n'
    (tmp_path / "variables").write_text(text)
    host.take_variables()
    assert os.environ["PROXY_OF_TEST"] == "http://proxy?a=b"
    assert host.run("printenv", "QUOTED_OF_TEST")[1] == "two words"
    assert "OFF" not in host.ENVIRONMENT


def test_bytes_that_are_no_text_keep_no_output_from_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "ENVIRONMENT", {"PATH": os.environ["PATH"]})
    assert host.run("printf", r"a\377b") == (0, "a\ufffdb")
