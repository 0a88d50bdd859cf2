"""Whatever goes wrong in the middle of an `up`: no token is lost, no file is half written, the next one finishes."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.stepped_host import SteppedHost, stepped

from .faults import FAULTS, VERIFY, Fault, cut, many_machines, suffer


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedHost]:
    with stepped(tmp_path_factory.mktemp("host")) as host:
        yield host


def test_a_first_up_that_is_cut_short_anywhere_goes_on_from_there(host: SteppedHost) -> None:
    cut(host, "SIGHUP", 10)


@pytest.mark.parametrize(("signal", "limit", "stride"), [("SIGHUP", 11, 2), ("SIGKILL", 12, 4)])
def test_a_change_that_is_cut_short_anywhere_leaves_a_runner_that_works(
    host: SteppedHost, signal: str, limit: int, stride: int
) -> None:
    host.up()
    cut(host, signal, limit, stride)


@pytest.mark.parametrize("number", range(len(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_a_fault_leaves_what_was_live_and_the_next_up_finishes(host: SteppedHost, number: int) -> None:
    host.up()
    fault: Fault = FAULTS[number]
    assert suffer(host, fault, 20 + number).seen != ""


def test_the_next_up_waits_for_a_step_that_openssh_lets_go_on_when_its_link_is_cut(tmp_path: Path) -> None:
    with stepped(tmp_path, hangs_up=False) as host:
        assert host.up()[0] == ""
        before = host.services(), host.managers()
        host.control("faults", {"path": VERIFY, "delay": 11})
        host.pool["limit"] = 9
        host.patience = 4.0
        assert host.up() == ("config", ""), "the link was not cut"
        host.patience = None
        assert "limit = 9" not in host.live()

        failed, printed = host.up()
        assert failed == ""
        assert "waiting for another step on this manager to end" in printed
        assert tomllib.loads(host.live())["runners"][0]["limit"] == 9
        assert (host.services(), host.managers()) == before


def test_very_many_machines_go_at_a_destroy(tmp_path: Path) -> None:
    with stepped(tmp_path) as host:
        assert host.up()[0] == ""
        many_machines(host, 1_000)
