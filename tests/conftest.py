"""Which tests are run, and in which order: the slow ones first, so that no worker is left alone with them in the end.

Those against real programs are run by name alone, and those that need a stand-in while there is one.

A test that says `pytest.mark.needs_stand_in("gitlab-runner", because="...")` is left out where LOCALCLOUD_REAL has the
real gitlab-runner; which ones these were, and why, stands at the end of the run.
"""

import gc
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud import real_programs
from localcloud.real_programs import RealProgram

# At its import, jsonschema makes 38 parsers with this package, a second's work, for formats that no schema here has.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

TESTS = Path(__file__).parent
_REAL = TESTS / "real"
LONG = (
    *("docs/test_commands.py", "engine/test_faults.py", "engine/test_damage.py", "engine/test_changes.py"),
    *("scanners/test_scan.py", "engine/test_moving_over.py", "engine/test_spot_outage.py", "engine/test_watch.py"),
    *("engine/test_import_examples.py", "engine/test_renamed_stack.py", "engine/test_deployment.py"),
    *("engine/test_promises.py", "engine/test_mishaps.py", "engine/test_local_commands.py", "engine/test_variants.py"),
    *("engine/test_tokens.py", "host/test_upgrade.py", "plugin/test_languages.py"),
)
"""Files that take minutes. One that began last would end alone, however many workers there are."""
SLOW = ("engine", "host", "contract", "scanners", "docs", "plugin")
"""Folders of whole deployments, hosts and pages, the slowest first."""
_LEFT_OUT = "left out for real programs"
_left_out: list[str] = []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The tests in tests/real need programs that not every machine has."""
    named = [Path(str(argument).partition("::")[0]).absolute() for argument in config.args]
    if collection_path == _REAL and not any(path == _REAL or _REAL in path.parents for path in named):
        return True
    return None


def _real() -> Mapping[str, RealProgram]:
    try:
        return real_programs.find()
    except real_programs.RealProgramError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header() -> list[str]:
    real = {name: program.version for name, program in _real().items()}
    return [f"real programs: {real_programs.listed(real)}"] if real else []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    real = _real()
    reasons = {item: _reason(item, real) for item in items}
    left_out = [item for item, reason in reasons.items() if reason]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        _left_out.extend(f"{item.nodeid}: {reasons[item]}" for item in left_out)
        items[:] = [item for item in items if not reasons[item]]
    items.sort(key=_place)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the garbage collector what is collected and stays; else tests of logic take a quarter more time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _place(item: pytest.Item) -> int:
    folder = item.path.parent.name
    file = f"{folder}/{item.path.name}"
    if file in LONG:
        return LONG.index(file)
    return len(LONG) + (SLOW.index(folder) if folder in SLOW else len(SLOW))


def _reason(item: pytest.Item, real: Mapping[str, RealProgram]) -> str:
    for mark in item.iter_markers("needs_stand_in"):
        if not {*mark.args} <= {*real_programs.NAMES}:
            raise pytest.UsageError(f"{item.nodeid}: needs_stand_in{mark.args} names no program")
        for name in sorted({*mark.args} & real.keys()):
            return f"needs the stand-in for {name}, {mark.kwargs['because']}"
    return ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    worker: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker[_LEFT_OUT] = _left_out


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist left out; each of them has collected all tests."""
    told = getattr(node, "workeroutput", {}).get(_LEFT_OUT, [])
    _left_out.extend(line for line in told if line not in _left_out)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _left_out:
        terminalreporter.section(_LEFT_OUT)
        terminalreporter.write_line("\n".join(_left_out))
        terminalreporter.write_line(f"{len(_left_out)} left out")
