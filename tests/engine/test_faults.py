"""Whatever goes wrong in the middle of an `up`: no token is lost, no file is half written, the next one finishes."""

from collections.abc import Iterator

import pytest

from tests.contract.stepped_host import SteppedHost, stepped

from .faults import FAULTS, Fault, cut, suffer


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
