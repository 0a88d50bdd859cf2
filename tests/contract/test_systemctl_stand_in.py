"""The stand-in for systemctl treats services as systemctl(1) and systemd.service(5) say; there is no recording."""

import asyncio
import time

import pytest

from .services import SLEEP, Machine, script, unit


def test_unknown_verbs_and_options_are_refused(machine: Machine) -> None:
    machine.service(SLEEP)

    assert machine.systemctl("mask") == (1, "Unknown command verb mask.")
    assert machine.systemctl("start", "--no-block")[0] == 1
    assert machine.sh("systemctl start 2>&1; echo $?") == "Too few arguments.\n1\n"


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        *(("start", 5), ("stop", 5), ("restart", 5), ("reload", 5), ("kill", 1), ("enable", 1), ("disable", 1)),
        *(("is-enabled", 1), ("is-active", 3), ("status", 4), ("show", 0)),
    ],
)
def test_each_verb_has_its_own_exit_code_for_a_unit_that_does_not_exist(machine: Machine, verb: str, code: int) -> None:
    assert machine.systemctl(verb)[0] == code


def test_a_started_service_runs_until_it_is_stopped(machine: Machine) -> None:
    machine.service(SLEEP)
    assert machine.systemctl("is-active") == (3, "inactive")
    assert machine.systemctl("status")[0] == 3

    main = machine.start()

    assert machine.systemctl("is-active") == (0, "active")
    assert machine.systemctl("is-active", "--quiet") == (0, "")
    assert machine.systemctl("status")[0] == 0
    assert machine.sh(f"cat /proc/{main}/cmdline") == "/bin/sleep\x001000\x00"
    assert machine.systemctl("stop") == (0, "")
    assert machine.systemctl("is-active", "--quiet") == (3, "")
    assert machine.sh(f"ls -d /proc/{main}") == ""
    assert machine.shown("MainPID") == "0"


def test_starting_twice_starts_one_process_and_restarting_another(machine: Machine) -> None:
    machine.service(SLEEP)

    first, second = machine.start(), machine.start()
    assert machine.systemctl("restart") == (0, "")

    assert first == second != int(machine.shown("MainPID"))
    assert machine.shown("ActiveState,SubState").split() == ["active", "running"]


def test_a_service_sees_its_own_environment_and_not_the_callers(machine: Machine) -> None:
    machine.sh(f"echo 'FROM_FILE=\"a b\"' > /etc/{machine.name}")
    settings = (
        'Environment=ONE=1 "TWO=2 3"',
        "Environment=ONE=overridden",
        f"EnvironmentFile=/etc/{machine.name}",
        "EnvironmentFile=-/etc/not-there",
        "WorkingDirectory=/srv",
    )
    machine.service(unit("/usr/bin/env", *settings))

    machine.booted.run(f"CALLERS=1 systemctl start {machine.name}")
    machine.until(lambda: machine.shown("ActiveState") == "inactive")

    variables = dict(line.split("=", 1) for line in machine.log())
    assert variables.keys() == {"PATH", "LANG", "ONE", "TWO", "FROM_FILE"}, "systemd sets no HOME either"
    assert (variables["ONE"], variables["TWO"], variables["FROM_FILE"]) == ("overridden", "2 3", "a b")


def test_drop_ins_come_after_the_unit_and_an_empty_value_resets(machine: Machine) -> None:
    machine.service(unit("/bin/echo unit", "KillSignal=SIGINT"))
    machine.service("[Service]\nKillSignal=SIGQUIT\nWorkingDirectory=/srv\n", ".service.d/10-first.conf")
    machine.service("[Service]\nExecStart=\nExecStart=/bin/pwd\n", ".service.d/20-second.conf")
    assert machine.sh("systemctl daemon-reload; echo $?") == "0\n"

    machine.start()
    machine.until(lambda: machine.log() == ["/srv"])

    assert machine.shown("KillSignal") == "3"


def test_stopping_sends_the_units_signal_and_waits_for_the_end(machine: Machine) -> None:
    machine.service(
        unit(script('trap "sleep 0.3; echo finished; exit 0" QUIT; echo ready; while :; do sleep 0.01; done'))
    )
    machine.service("[Service]\nKillSignal=SIGQUIT\nTimeoutStopSec=infinity\n", ".service.d/stop.conf")
    machine.start()
    machine.until(lambda: machine.log() == ["ready"])

    assert machine.systemctl("stop") == (0, "")

    assert machine.log()[-1] == "finished"
    assert machine.shown("Result") == "success"


def test_a_service_that_does_not_end_in_time_is_killed(machine: Machine) -> None:
    machine.service(unit(script('trap "" TERM; echo ready; while :; do sleep 0.01; done'), "TimeoutStopSec=200ms"))
    machine.start()
    machine.until(lambda: machine.log() == ["ready"])

    assert machine.systemctl("stop") == (0, "")

    assert machine.systemctl("is-active") == (3, "failed")
    assert machine.shown("Result") == "timeout"


def test_a_stop_goes_on_when_its_caller_gives_up(machine: Machine) -> None:
    finish = f"while ! test -e /srv/{machine.name}; do sleep 0.01; done; exit 0"
    machine.service(unit(script(f'trap "{finish}" TERM; echo ready; while :; do sleep 0.01; done')))
    machine.start()
    machine.until(lambda: machine.log() == ["ready"])

    caller = machine.sh(f"systemctl stop {machine.name} >/dev/null 2>&1 & echo $!")
    machine.until(lambda: machine.shown("ActiveState") == "deactivating")
    machine.sh(f"kill -KILL {caller}")

    assert machine.shown("ActiveState") == "deactivating"
    machine.sh(f"touch /srv/{machine.name}")
    machine.until(lambda: machine.shown("ActiveState") == "inactive")


def test_restart_always_starts_a_killed_service_again(machine: Machine) -> None:
    machine.service(unit("/bin/sleep 1000", "Restart=always", "RestartSec=50ms"))
    main = machine.start()

    machine.sh(f"kill -KILL {main}")
    machine.until(lambda: machine.shown("NRestarts") == "1" and machine.shown("ActiveState") == "active")

    assert int(machine.shown("MainPID")) != main
    assert machine.systemctl("stop") == (0, "")
    assert machine.systemctl("is-active") == (3, "inactive")


def test_a_service_that_waits_for_its_restart_can_be_stopped(machine: Machine) -> None:
    machine.service(unit("/bin/false", "Restart=always", "RestartSec=120"))
    machine.start()
    machine.until(lambda: machine.shown("SubState") == "auto-restart")

    assert machine.systemctl("is-active") == (3, "activating")
    assert machine.systemctl("stop") == (0, "")

    assert machine.shown("ActiveState") == "failed"


@pytest.mark.parametrize(
    ("policy", "ends", "result"),
    [("", True, "oom-kill"), ("OOMPolicy=kill", True, "oom-kill"), ("OOMPolicy=continue", False, "success")],
)
def test_the_oom_policy_says_what_becomes_of_the_rest(machine: Machine, policy: str, ends: bool, result: str) -> None:
    machine.service(unit(script('trap "echo asked; exit 0" TERM; echo ready; while :; do sleep 0.01; done'), policy))
    machine.start()
    machine.until(lambda: machine.log() == ["ready"])

    machine.lack_memory()

    machine.until(lambda: any("killed by the OOM killer" in line for line in machine.journal()))
    if ends:
        machine.until(lambda: machine.shown("ActiveState") == "failed")
        assert ("asked" in machine.log()) == (policy == "")
    assert machine.systemctl("is-active")[0] == (3 if ends else 0)
    assert machine.shown("Result") == result


def test_restart_always_starts_a_service_again_that_lack_of_memory_has_ended(machine: Machine) -> None:
    machine.service(unit("/bin/sleep 1000", "Restart=always", "RestartSec=50ms"))
    main = machine.start()

    machine.lack_memory()

    machine.until(lambda: machine.shown("NRestarts") == "1" and machine.shown("ActiveState") == "active")
    assert int(machine.shown("MainPID")) != main


def test_a_failed_service_says_how(machine: Machine) -> None:
    machine.service(unit(script("exit 3")))

    machine.start()

    machine.until(lambda: machine.systemctl("is-active") == (3, "failed"))
    assert machine.shown("Result") == "exit-code"


def test_a_program_that_is_not_there_fails_after_the_start(machine: Machine) -> None:
    machine.service(unit("/usr/local/bin/not-there"))

    assert machine.systemctl("start") == (0, ""), "Type=simple does not wait for the program"

    machine.until(lambda: machine.systemctl("is-active") == (3, "failed"))
    assert "not-there" in machine.log()[0]


def test_a_condition_that_does_not_hold_skips_the_start(machine: Machine) -> None:
    machine.sh(f"touch /srv/{machine.name}")
    machine.service(SLEEP.replace("[Unit]", f"[Unit]\nConditionFileIsExecutable=/srv/{machine.name}"))

    assert machine.systemctl("start") == (0, "")

    assert machine.systemctl("is-active") == (3, "inactive")


def test_kill_reaches_all_processes_of_the_service_unless_told_otherwise(machine: Machine) -> None:
    child = '(trap "echo child" HUP; echo ready; while :; do sleep 0.01; done)'
    machine.service(unit(script(f'trap "echo main" HUP; {child} & while :; do sleep 0.01; done')))
    machine.start()
    machine.until(lambda: machine.log() == ["ready"])

    assert machine.systemctl("kill", "-s HUP", "--kill-whom=main") == (0, "")
    machine.until(lambda: machine.log() == ["ready", "main"])
    assert machine.systemctl("kill", "-s", "SIGHUP") == (0, "")
    machine.until(lambda: sorted(machine.log()) == ["child", "main", "main", "ready"])

    assert machine.systemctl("kill", "-s", "NOPE")[0] == 1


def test_kill_mode_decides_who_gets_the_signal_of_a_stop(machine: Machine) -> None:
    child = '(trap "echo child" TERM; while :; do sleep 0.01; done)'
    body = f'trap "sleep 0.1; exit 0" TERM; {child} & echo ready; while :; do sleep 0.01; done'
    for mode, expected in (("control-group", ["child"]), ("mixed", [])):
        machine.sh(f"rm -f /var/log/journal-stand-in/{machine.name}.log")
        machine.service(unit(script(body), f"KillMode={mode}"))
        main = machine.start()
        machine.until(lambda: machine.log() == ["ready"])
        time.sleep(0.05)
        machine.systemctl("stop")
        assert machine.log()[1:] == expected
        assert machine.sh(f"ps -o pid= -s {main}") == "", "none is left over"


def test_reload_runs_the_units_command_with_the_main_process(machine: Machine) -> None:
    machine.service(SLEEP)
    main = machine.start()
    assert machine.systemctl("reload")[0] == 1

    machine.service(unit("/bin/sleep 1000", f"ExecReload=/bin/sh -c 'echo $MAINPID > /srv/{machine.name}'"))

    assert machine.systemctl("reload") == (0, "")
    assert machine.sh(f"cat /srv/{machine.name}") == f"{main}\n"


def test_enabling_links_the_unit_and_now_starts_it(machine: Machine) -> None:
    machine.service(SLEEP)
    link = f"/etc/systemd/system/multi-user.target.wants/{machine.name}.service"
    assert machine.systemctl("is-enabled") == (1, "disabled")

    assert machine.systemctl("enable")[1].startswith(f"Created symlink {link} ")
    assert machine.systemctl("is-enabled") == (0, "enabled")
    assert machine.systemctl("is-active")[0] == 3
    assert machine.systemctl("enable", "--now") == (0, "")
    assert machine.systemctl("is-active")[0] == 0

    assert machine.systemctl("disable", "--now") == (0, f"Removed {link}.")
    assert machine.systemctl("is-active")[0] == 3
    assert machine.systemctl("is-enabled") == (1, "disabled")


def test_show_prints_what_programs_ask_for(machine: Machine) -> None:
    machine.service(SLEEP)
    main = machine.start()

    assert machine.systemctl("show", "-p", "MainPID,NoSuchProperty")[1] == f"MainPID={main}"
    assert machine.systemctl("show", "-p", "MainPID", "-p", "Result")[1] == f"MainPID={main}\nResult=success"
    shown = dict(line.split("=", 1) for line in machine.systemctl("show")[1].splitlines())
    started = time.strptime(shown["ExecMainStartTimestamp"].rpartition(" ")[0], "%a %Y-%m-%d %H:%M:%S")
    assert abs(time.mktime(started) - time.time()) < 60
    assert shown["LoadState"] == "loaded"


@pytest.mark.parametrize("setting", ["Type=notify", "User=nobody"])
def test_settings_that_would_run_differently_are_refused(machine: Machine, setting: str) -> None:
    machine.service(unit("/bin/sleep 1000", setting))

    code, text = machine.systemctl("start")

    assert code == 1
    assert setting in text


def test_a_service_started_over_ssh_outlives_the_connection_and_stays_traced(machine: Machine) -> None:
    mark = f"/bin/echo {machine.name}"
    machine.service(unit(script(f"sleep 0.3; {mark}; exec sleep 1000"), "KillSignal=SIGINT"))

    async def start() -> None:
        async with machine.booted.connect() as connection:
            await connection.run(f"systemctl start {machine.name}", check=True)

    asyncio.run(asyncio.wait_for(start(), 5))
    exec_log = machine.booted.host.exec_log
    assert exec_log
    machine.until(lambda: f'["/bin/echo", "{machine.name}"]' in exec_log.read_text())

    assert machine.systemctl("is-active") == (0, "active")
    assert machine.systemctl("stop") == (0, "")
    assert machine.systemctl("is-active") == (3, "inactive")
