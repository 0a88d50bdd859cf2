"""How many jobs the stand-in for gitlab-runner runs at once, against what the real one was recorded to run."""

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from .pretended_fleet import PretendedFleet, entry, pretended
from .recorded import recording
from .running_gitlab_runner import Runner, runner_in, until

Case = dict[str, Any]
CASES: list[Case] = recording("runner_job_counting")["cases"]
CHECK_INTERVAL = 1
"""As recorded, in seconds."""
# In these the number of jobs does not depend on how fast GitLab answers.
WITH_PROCESSES = ("one token, limit 3 each", "two tokens: a b limit 4, c d limit 2", "own tokens, limit 3 each")


def settings(recorded: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in recorded.items() if key != "token" and value is not None}


def pretend(case: Case, fleet: PretendedFleet) -> None:
    fleet.change(check_interval=CHECK_INTERVAL)
    fleet.jobs.waiting, fleet.machines.slow = 99, True
    fleet.start()


def creations(case: Case, fleet: PretendedFleet) -> dict[str, int]:
    """How many machines are being made, by entry."""
    found = {each["name"]: len(fleet.machines.asked_of(each)) for each in fleet.config["runners"]}
    return {name: count for name, count in found.items() if count}


def test_as_many_jobs_run_and_machines_are_made_as_recorded() -> None:
    found = {}
    with ExitStack() as stack:
        fleets = []
        for case in CASES:
            entries = [
                entry(name, each["token"], **{"request_concurrency": 0, **settings(each)})
                for name, each in case["entries"].items()
            ]
            fleets.append(stack.enter_context(pretended(case["concurrent"], *entries)))
            pretend(case, fleets[-1])
        # Each entry is offered twice.
        time.sleep(1.9 * CHECK_INTERVAL)
        for case, fleet in zip(CASES, fleets, strict=True):
            found[case["case"]] = (fleet.workers.jobs(), creations(case, fleet))

    assert found == {case["case"]: (case["jobs_at_once"], case["machines_being_created_by_entry"]) for case in CASES}


def start(case: Case, runner: Runner) -> None:
    """Give GitLab more jobs than may ever run, and start the process with a docker-machine that is slow."""
    (runner.folder / "slow").touch()
    for letter in {each["token"] for each in case["entries"].values()}:
        runner.control("POST", "runners", {"token": f"glrt-{letter * 20}"})
    for _ in range(case["jobs_at_once"] + 9):
        runner.control("POST", "jobs", {"seconds": 60})
    entries = "".join(
        f'[[runners]]\nname = "{name}"\nurl = "{runner.gitlab.url}"\ntoken = "glrt-{each["token"] * 20}"\n'
        f'executor = "docker+machine"\nlimit = {each["limit"]}\n'
        f'[runners.machine]\nMachineDriver = "none"\nMachineName = "{name}-%s"\nIdleCount = 0\n'
        for name, each in case["entries"].items()
    )
    runner.write_text(f"concurrent = {case['concurrent']}\ncheck_interval = {CHECK_INTERVAL}\n{entries}")
    runner.start()


def made(runner: Runner) -> int:
    return [call[1] for call in runner.machine_calls()].count("create")


def test_as_many_jobs_run_in_whole_processes_with_a_config_file(tmp_path: Path) -> None:
    cases = [case for case in CASES if case["case"] in WITH_PROCESSES]
    with ExitStack() as stack:
        runners = []
        for number, case in enumerate(cases):
            (tmp_path / str(number)).mkdir()
            runners.append(stack.enter_context(runner_in(tmp_path / str(number))))
            start(case, runners[-1])
        with suppress(AssertionError):
            until(lambda: all(made(each) >= case["jobs_at_once"] for case, each in zip(cases, runners, strict=True)))
        time.sleep(1.2 * CHECK_INTERVAL)
        found = {
            case["case"]: (each.job_states().count("running"), made(each))
            for case, each in zip(cases, runners, strict=True)
        }

    assert found == {case["case"]: (case["jobs_at_once"], case["jobs_at_once"]) for case in cases}
