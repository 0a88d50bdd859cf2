"""The stand-in for journalctl refuses what the real one refuses, and shows what services said."""

import json
import time

import pytest

from .recorded import recording
from .services import Machine, script, unit

RECORDED = recording("journalctl_refusals")["calls"]


@pytest.fixture
def quick_service(machine: Machine) -> Machine:
    """A service that has said three lines, on both streams, and ended."""
    machine.service(unit("/bin/sh -c 'echo one; echo two >&2; echo one'"))
    return machine


def run_to_its_end(machine: Machine) -> None:
    machine.start()
    machine.until(lambda: machine.shown("ActiveState") == "inactive")


@pytest.mark.parametrize("call", RECORDED, ids=lambda call: " ".join(call["arguments"]))
def test_it_answers_as_the_real_one_does_without_a_journal(machine: Machine, call: dict[str, object]) -> None:
    machine.sh("mv /var/log/journal-stand-in /var/log/aside 2>/dev/null")
    arguments = " ".join(f"'{argument}'" for argument in call["arguments"])  # type: ignore[attr-defined]

    result = machine.booted.run(f"journalctl {arguments}")

    machine.sh("mv /var/log/aside /var/log/journal-stand-in 2>/dev/null")
    found = {"exit_code": result.returncode, "stdout": result.stdout.decode(), "stderr": result.stderr.decode()}
    assert {"arguments": call["arguments"], **found} == call


def test_options_of_the_real_one_that_are_not_known_here_are_refused(machine: Machine) -> None:
    assert machine.booted.run("journalctl --follow").returncode == 1


def test_each_line_is_an_entry_with_its_time_unit_and_process(quick_service: Machine) -> None:
    before = time.time()
    run_to_its_end(quick_service)

    entries = [json.loads(line) for line in quick_service.journal("-o", "json")]

    said = [entry for entry in entries if entry["_SYSTEMD_UNIT"] == f"{quick_service.name}.service"]
    assert [entry["MESSAGE"] for entry in said] == ["one", "two", "one"]
    assert {(entry["SYSLOG_IDENTIFIER"], entry["PRIORITY"], entry["_TRANSPORT"]) for entry in said} == {
        ("sh", "6", "stdout")
    }
    assert len({entry["_PID"] for entry in said}) == 1
    times = [int(entry["__REALTIME_TIMESTAMP"]) / 1e6 for entry in entries]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= time.time()


def test_a_second_run_adds_its_own_lines_alone(quick_service: Machine) -> None:
    run_to_its_end(quick_service)
    run_to_its_end(quick_service)

    assert quick_service.journal("-o", "cat").count("two") == 2


def test_lines_have_the_time_at_which_they_were_written(machine: Machine) -> None:
    machine.service(unit(script("date +%s.%N; sleep 1.5; date +%s.%N")))
    run_to_its_end(machine)

    (one, first), (two, second) = (
        (int(entry["__REALTIME_TIMESTAMP"]) / 1e6, float(entry["MESSAGE"]))
        for entry in map(json.loads, machine.journal("-o", "json"))
        if entry["_SYSTEMD_UNIT"] != "init.scope"
    )
    assert first <= one < second <= two


def test_systemds_own_remarks_are_among_a_units_entries(machine: Machine) -> None:
    machine.service(unit(script("exit 3")))
    machine.start()
    machine.until(lambda: machine.shown("ActiveState") == "failed")

    own = [json.loads(line) for line in machine.journal("-o", "json")]

    assert {(entry["SYSLOG_IDENTIFIER"], entry["UNIT"]) for entry in own} == {("systemd", f"{machine.name}.service")}
    assert [entry["MESSAGE"] for entry in own] == [
        f"Started {machine.name}.service - A test.",
        f"{machine.name}.service: Main process exited, code=exited, status=3",
        f"{machine.name}.service: Failed with result 'exit-code'.",
    ]


def test_a_cursor_continues_where_the_last_one_ended(machine: Machine) -> None:
    machine.service(unit(script('trap "echo later" HUP; echo first; while :; do sleep 0.01; done')))
    machine.start()
    machine.until(lambda: "first" in machine.journal("-o", "cat"))

    *_, last = machine.journal("-o", "cat", "-n", "0", "--show-cursor")
    cursor = last.removeprefix("-- cursor: ")
    assert machine.journal("-o", "cat", f"--after-cursor='{cursor}'") == []
    assert machine.journal("-o", "cat", "--show-cursor", f"--after-cursor='{cursor}'") == [last]

    machine.systemctl("kill", "-s", "HUP")
    machine.until(lambda: machine.journal("-o", "cat", f"--after-cursor='{cursor}'") == ["later"])
    (entry,) = map(json.loads, machine.journal("-o", "json", f"--after-cursor='{cursor}'"))
    assert machine.journal("-o", "cat", f"--after-cursor='{entry['__CURSOR']}'") == []


def test_a_number_of_lines_means_the_newest_and_after_a_cursor_the_oldest(quick_service: Machine) -> None:
    run_to_its_end(quick_service)
    shown = quick_service.journal("-o", "cat")
    first = json.loads(quick_service.journal("-o", "json")[0])["__CURSOR"]

    assert quick_service.journal("-o", "cat", "-n", "2") == shown[-2:]
    assert quick_service.journal("-o", "cat", "-n1", f"--after-cursor='{first}'") == shown[1:2]


def test_since_leaves_out_what_is_older(quick_service: Machine) -> None:
    run_to_its_end(quick_service)

    assert quick_service.journal("-o", "cat", "--since=-1h") == quick_service.journal("-o", "cat") != []
    assert quick_service.journal("-o", "cat", f"--since=@{time.time() + 60:.0f}") == []
    assert quick_service.booted.run("journalctl --since=-1h -n 5").returncode == 1


def test_several_units_are_shown_in_the_order_of_time(quick_service: Machine) -> None:
    run_to_its_end(quick_service)
    quick_service.sh("printf '[Service]\\nExecStart=/bin/echo other\\n' > /etc/systemd/system/other.service")
    quick_service.sh("systemctl start other")
    quick_service.until(lambda: "other" in quick_service.journal("-o", "cat", "-u", "other"))

    shown = quick_service.journal("-o", "cat", "-u", "other")

    assert [line for line in shown if line in ("one", "two", "other")] == ["one", "two", "one", "other"]
    assert "other" not in quick_service.journal("-o", "cat")


def test_people_see_time_host_and_program(quick_service: Machine) -> None:
    run_to_its_end(quick_service)
    node = quick_service.sh("uname -n").strip()

    *_, line, _ = quick_service.journal("-o", "short-iso")

    moment, host, program, text = line.split(" ", 3)
    assert abs(time.mktime(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S")) - time.time()) < 60
    assert (host, text) == (node, "one")
    assert program.startswith("sh[")


def test_json_hides_long_messages_and_spells_out_unprintable_ones(machine: Machine) -> None:
    machine.service(unit(script('printf "a\\\\033b\\\\n"; head -c 5000 /dev/zero | tr "\\\\0" x; echo "<3>bad"')))
    run_to_its_end(machine)

    entries = [json.loads(line) for line in machine.journal("-o", "json")]

    messages = [entry["MESSAGE"] for entry in entries if entry["_SYSTEMD_UNIT"] != "init.scope"]
    assert messages == [[97, 27, 98], None]
    long = [json.loads(line)["MESSAGE"] for line in machine.journal("-o", "json", "--all")]
    assert f"{'x' * 5000}<3>bad" in long


def test_a_line_may_begin_with_its_weight(machine: Machine) -> None:
    machine.service(unit(script('echo "<3>bad"')))
    run_to_its_end(machine)

    entries = [json.loads(line) for line in machine.journal("-o", "json")]

    assert ("3", "bad") in {(entry["PRIORITY"], entry["MESSAGE"]) for entry in entries}
