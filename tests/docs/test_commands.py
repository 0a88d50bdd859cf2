"""Each page's shell commands, in the page's order, in one shell."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import control
from localcloud.cloud import LocalCloud

from .blocks import PAGES, ROOT, Block, blocks
from .workshop import Workshop, script_of, starts_anew


def commands_of(page: str) -> list[Block]:
    return [block for block in blocks("sh") if block.page == page and block.not_run is None]


def text_of(page: str) -> str:
    return "".join(block.text for block in commands_of(page))


FIRST = "docs/start.md"
"""The page whose stack the others continue from: all of its commands but the last block, which destroys it."""
WITH_COMMANDS = [page for page in (str(page.relative_to(ROOT)) for page in PAGES) if commands_of(page)]
GOING_ON = [page for page in WITH_COMMANDS if not starts_anew(text_of(page))]
STARTING = [page for page in WITH_COMMANDS if starts_anew(text_of(page)) and page != FIRST]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud.start(tmp_path_factory.mktemp("cloud"), hurried=True)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def workshop(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop.create(cloud, tmp_path_factory.mktemp("pages") / "gitlab-runner-aws")
    made.deploy(script_of(commands_of(FIRST)[:-1], cloud), FIRST)
    return made


@pytest.mark.parametrize("page", GOING_ON)
def test_the_commands_of_the_page_work_on_a_deployed_stack(page: str, workshop: Workshop) -> None:
    done = workshop.run(commands_of(page))

    assert done.returncode == 0, done.stdout


def test_the_first_stack_ends_as_its_page_says(workshop: Workshop) -> None:
    (*_, end) = commands_of(FIRST)
    done = workshop.run([end])

    assert "pulumi destroy" in end.text
    assert done.returncode == 0, done.stdout
    # A manager that a page has lost is left in GitLab, as that page says.
    assert [each for each in control.leftovers(workshop.cloud) if not each.startswith("runner manager")] == []


@pytest.mark.parametrize("page", STARTING)
def test_the_commands_of_the_page_work_in_a_fresh_clone(page: str, cloud: LocalCloud, tmp_path: Path) -> None:
    workshop = Workshop.create(cloud, tmp_path / "gitlab-runner-aws")
    done = workshop.shell(script_of(commands_of(page), cloud), page)
    workshop.shell("pulumi destroy --skip-preview")

    assert done.returncode == 0, done.stdout
