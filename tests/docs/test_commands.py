"""Each page's shell commands, in the page's order, in one shell."""

from collections.abc import Iterator

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
SHORT = "README.md"
"""The page that deploys the same stack in a fresh clone; it ends there with the last block of `FIRST`."""
WITH_COMMANDS = [page for page in (str(page.relative_to(ROOT)) for page in PAGES) if commands_of(page)]
GOING_ON = sorted(
    (page for page in WITH_COMMANDS if not starts_anew(text_of(page))),
    key=lambda page: "pulumi destroy" in text_of(page),
)
"""Those that destroy the stack come last: before any other it would be deployed again."""
STARTING = [page for page in WITH_COMMANDS if starts_anew(text_of(page)) and page not in (FIRST, SHORT)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud.start(tmp_path_factory.mktemp("cloud"), hurried=True)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def clone(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A clone without a stack of its own, which the pages that start anew take one after the other."""
    return Workshop.create(cloud, tmp_path_factory.mktemp("pages") / "gitlab-runner-aws")


@pytest.fixture(scope="module")
def deployed(clone: Workshop) -> Workshop:
    """The clone with the stack of the first page."""
    clone.deploy(script_of(commands_of(FIRST)[:-1], clone.cloud), FIRST)
    return clone


@pytest.mark.parametrize("page", GOING_ON)
def test_the_commands_of_the_page_work_on_a_deployed_stack(page: str, deployed: Workshop) -> None:
    done = deployed.run(commands_of(page))

    assert done.returncode == 0, done.stdout


def test_the_shortest_way_works_in_a_fresh_clone_and_its_stack_ends_as_the_first_page_says(clone: Workshop) -> None:
    clone.start_anew()
    done = clone.shell(script_of(commands_of(SHORT), clone.cloud), SHORT)
    assert done.returncode == 0, done.stdout

    (*_, end) = commands_of(FIRST)
    ended = clone.shell(script_of([end], clone.cloud), FIRST)

    assert "pulumi destroy" in end.text
    assert ended.returncode == 0, ended.stdout
    # The stack of the pages before is destroyed too. A manager that a page has lost is left in GitLab, as it says.
    assert [each for each in control.leftovers(clone.cloud) if not each.startswith("runner manager")] == []


@pytest.mark.parametrize("page", STARTING)
def test_the_commands_of_the_page_work_in_a_fresh_clone(page: str, clone: Workshop) -> None:
    clone.start_anew()
    done = clone.shell(script_of(commands_of(page), clone.cloud), page)

    assert done.returncode == 0, done.stdout
