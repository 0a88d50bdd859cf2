"""The stand-in for systemd treats timers and oneshot services as systemd.timer(5) and systemd.service(5) say."""

import time

import pytest

from .services import Machine, script, unit


def oneshot(command: str, *settings: str) -> str:
    return unit(command, "Type=oneshot", *settings)


def timer(*settings: str) -> str:
    lines = "\n".join(settings)
    return f"[Unit]\nDescription=A timer\n[Timer]\n{lines}\nAccuracySec=1us\n[Install]\nWantedBy=timers.target\n"


def test_starting_a_oneshot_service_waits_for_its_end(machine: Machine) -> None:
    machine.service(
        oneshot(script("sleep 0.3; echo done")).replace("[Install]", "ExecStart=/bin/echo second\n[Install]")
    )

    assert machine.systemctl("start") == (0, "")

    assert machine.log() == ["done", "second"]
    assert machine.systemctl("is-active") == (3, "inactive")
    assert machine.systemctl("start") == (0, "")
    assert len(machine.log()) == 4, "it runs each time"


def test_what_a_service_wants_is_started_with_it_though_it_is_disabled(machine: Machine) -> None:
    machine.service(oneshot("/bin/true"))
    machine.service(timer("OnActiveSec=1h"), suffix=".timer")
    wanting = Machine(machine.booted, f"{machine.name}-wanting")
    wanting.service(
        unit(script("sleep 1000")).replace("[Service]", f"Wants={machine.name}.timer absent.timer\n[Service]")
    )

    assert wanting.systemctl("start") == (0, "")

    assert machine.sh(
        f"systemctl is-active {machine.name}.timer; systemctl is-enabled {machine.name}.timer"
    ).split() == [
        "active",
        "disabled",
    ]
    assert wanting.systemctl("stop") == (0, "")


def test_a_oneshot_service_that_runs_is_activating(machine: Machine) -> None:
    machine.service(oneshot(script("sleep 1")))
    machine.sh(f"systemctl start {machine.name} >/dev/null 2>&1 &")
    machine.until(lambda: machine.systemctl("is-active") == (3, "activating"))

    assert machine.systemctl("start") == (0, ""), "it waits for the run that is on already"
    assert machine.shown("NRestarts,MainPID") == "0\n0"


def test_a_oneshot_service_that_fails_fails_its_start(machine: Machine) -> None:
    machine.service(oneshot("/bin/false").replace("[Install]", "ExecStart=/bin/echo never\n[Install]"))

    code, text = machine.systemctl("start")

    assert code == 1
    assert f"Job for {machine.name}.service failed because the control process exited with error code." in text
    assert machine.log() == []
    assert machine.systemctl("is-active") == (3, "failed")


def test_a_oneshot_service_that_takes_too_long_is_ended(machine: Machine) -> None:
    machine.service(oneshot("/bin/sleep 1000", "TimeoutStartSec=100ms"))

    code, text = machine.systemctl("start")

    assert (code, machine.shown("Result")) == (1, "timeout")
    assert "a timeout was exceeded" in text


@pytest.mark.parametrize(
    "text",
    [
        unit("/bin/true").replace("[Install]", "ExecStart=/bin/true\n[Install]"),
        oneshot("/bin/true", "Restart=always"),
    ],
)
def test_services_that_systemd_would_not_load_are_not_started(machine: Machine, text: str) -> None:
    machine.service(text)

    code, answer = machine.systemctl("start")

    assert (code, answer.endswith("has a bad unit file setting.")) == (1, True)


class Ticking:
    """A timer and its service, which says `tick`."""

    def __init__(self, machine: Machine, *settings: str, service: str = "echo tick") -> None:
        self.machine, self.timer = machine, f"{machine.name}.timer"
        machine.service(oneshot(script(service)))
        machine.service(timer(*settings), ".timer")

    def systemctl(self, verb: str) -> tuple[int, str]:
        result = self.machine.booted.run(f"systemctl {verb} {self.timer} 2>&1")
        return result.returncode, result.stdout.decode().strip()

    def ticks(self) -> int:
        return self.machine.log().count("tick")


def test_a_timer_starts_its_service_again_and_again_until_it_is_stopped(machine: Machine) -> None:
    ticking = Ticking(machine, "OnActiveSec=0", "OnUnitActiveSec=300ms")
    started = time.monotonic()
    assert ticking.systemctl("start") == (0, "")
    assert ticking.systemctl("show -p ActiveState,SubState --value")[1].split() == ["active", "waiting"]
    machine.until(lambda: ticking.ticks() >= 3)
    assert time.monotonic() - started > 0.5

    assert ticking.systemctl("stop") == (0, "")

    assert ticking.systemctl("is-active") == (3, "inactive")
    machine.until(lambda: machine.shown("ActiveState") == "inactive")
    seen = ticking.ticks()
    time.sleep(0.5)
    assert ticking.ticks() == seen


def test_a_time_since_boot_that_has_passed_is_now(machine: Machine) -> None:
    ticking = Ticking(machine, "OnBootSec=1ms")

    ticking.systemctl("start")

    machine.until(lambda: ticking.ticks() == 1)
    assert time.strftime("%Y-%m-%d") in ticking.systemctl("show -p LastTriggerUSec")[1]
    time.sleep(0.3)
    assert ticking.ticks() == 1, "a host boots once"


def test_a_time_since_boot_that_is_to_come_is_waited_for(machine: Machine) -> None:
    ticking = Ticking(machine, "OnBootSec=1h")

    ticking.systemctl("start")
    time.sleep(0.3)

    assert ticking.ticks() == 0


def test_without_a_first_run_there_is_nothing_to_count_from(machine: Machine) -> None:
    ticking = Ticking(machine, "OnUnitActiveSec=50ms")
    ticking.systemctl("start")
    time.sleep(0.3)
    assert ticking.ticks() == 0, "the trap of a timer with OnUnitActiveSec= alone"

    machine.systemctl("start")

    machine.until(lambda: ticking.ticks() >= 3)


def test_a_timer_never_starts_what_runs_still(machine: Machine) -> None:
    slow = f"echo tick; while ! test -e /srv/{machine.name}; do sleep 0.01; done"
    ticking = Ticking(machine, "OnActiveSec=0", "OnUnitActiveSec=50ms", service=slow)
    ticking.systemctl("start")
    machine.until(lambda: ticking.ticks() == 1)
    time.sleep(0.4)
    assert ticking.ticks() == 1

    machine.sh(f"touch /srv/{machine.name}")

    machine.until(lambda: ticking.ticks() >= 2)


def test_counting_from_the_end_of_a_run(machine: Machine) -> None:
    ticking = Ticking(machine, "OnActiveSec=0", "OnUnitInactiveSec=500ms", service="echo tick; sleep 0.5")
    ticking.systemctl("start")
    machine.until(lambda: ticking.ticks() == 1)
    started = time.monotonic()

    machine.until(lambda: ticking.ticks() == 2)

    assert time.monotonic() - started > 0.8


def test_a_calendar_names_times_of_the_day(machine: Machine) -> None:
    ticking = Ticking(machine, "OnCalendar=*:*:0/1")
    ticking.systemctl("start")

    machine.until(lambda: ticking.ticks() >= 2)

    never = Ticking(machine, "OnCalendar=Mon..Fri 03:00")
    never.systemctl("stop")
    assert never.systemctl("start")[0] == 1, "what is unknown here is refused"


def test_a_timer_may_name_another_unit(machine: Machine) -> None:
    ticking = Ticking(machine, "OnActiveSec=0", f"Unit={machine.name}-other.service")
    assert ticking.systemctl("start") == (
        5,
        f"Failed to start {ticking.timer}: Unit {machine.name}-other.service not found.",
    )
    machine.service(oneshot(f"/bin/touch /srv/{machine.name}"), "-other.service")

    ticking.systemctl("start")

    machine.until(lambda: machine.sh(f"ls /srv/{machine.name} 2>/dev/null") != "")
    assert ticking.ticks() == 0


def test_enabling_a_timer_links_it_to_its_own_target(machine: Machine) -> None:
    ticking = Ticking(machine, "OnActiveSec=0")
    link = f"/etc/systemd/system/timers.target.wants/{ticking.timer}"

    assert ticking.systemctl("enable --now")[1].startswith(f"Created symlink {link} ")

    assert ticking.systemctl("is-enabled") == (0, "enabled")
    machine.until(lambda: ticking.ticks() == 1)
    assert ticking.systemctl("disable --now") == (0, f"Removed {link}.")
    assert ticking.systemctl("is-active") == (3, "inactive")
    assert machine.systemctl("is-enabled") == (1, "disabled")


@pytest.mark.parametrize("settings", [["Persistent=true"], ["OnActiveSec=soon"]])
def test_a_timer_without_a_time_is_not_started(machine: Machine, settings: list[str]) -> None:
    assert Ticking(machine, *settings).systemctl("start")[0] == 1
