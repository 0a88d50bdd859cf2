"""A config.toml of two megabytes, with a thousand runners."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .stepped_host import LIVE, SteppedHost, copied, stepped

SECTIONS = 1000


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedHost]:
    with stepped(tmp_path_factory.mktemp("host")) as host:
        yield host


def with_many_sections(host: SteppedHost, limit: int) -> str:
    """As the renderer would write them; together two megabytes."""
    options = "".join(f'    "amazonec2-tags=number,{n:030}",\n' for n in range(32))
    return "".join(
        f'\n[[runners]]\nname = "r{number}"\nlimit = {limit}\nurl = "{host.gitlab.url}"\ntoken = "<secret:token>"\n'
        f'executor = "docker+machine"\n\n[runners.docker]\nimage = "alpine"\n\n[runners.machine]\n'
        f'MachineDriver = "amazonec2"\nMachineName = "r{number}-%s"\nMachineOptions = [\n{options}]\n'
        for number in range(SECTIONS)
    )


def test_a_thousand_runners_are_live_within_seconds_whether_or_not_they_were_edited_by_hand(host: SteppedHost) -> None:
    host.sections = with_many_sections(host, 1)
    assert host.up()[0] == ""
    assert int(host.shell(f"stat -c %s {LIVE}")) > 2_000_000
    copied(host, Path(__file__).with_name("own_time.py"), "/root/own_time.py")

    assert own_seconds_to(host, 3, edited_by_hand=False) < 5.0
    host.shell(f"sed -i 's/^limit = 3$/limit = 5/' {LIVE}")
    assert own_seconds_to(host, 4, edited_by_hand=True) < 6.0


def own_seconds_to(host: SteppedHost, limit: int, *, edited_by_hand: bool) -> float:
    """Have another limit live; the processor time of the tool itself.

    What gitlab-runner takes to read the file, each time that it checks it, is its own affair.
    """
    host.sections = with_many_sections(host, limit)
    failed, printed = host.up(lambda command: command.replace("sudo -n", "python3 /root/own_time.py"))
    assert failed == ""
    assert ("and 1900 more lines" in printed) == edited_by_hand
    assert tomllib.loads(host.live())["runners"][-1]["limit"] == limit
    return float(printed.rpartition("own time: ")[2])
