"""Each Python program on the pages runs, against the SDK's mocks of the engine."""

import sys
from collections.abc import Iterator

import pulumi
import pytest

import components
import config_render
import planning
import review
from tests.unit.conftest import FOUND, Deploy, deploy

from .blocks import Block, blocks

__all__ = ["deploy"]
PROGRAMS = [block for block in blocks("python") if block.not_run is None]
_INSTALLED = {
    "gitlab_runner_aws": components,
    "gitlab_runner_aws.planning": planning,
    "gitlab_runner_aws.config_render": config_render,
    "gitlab_runner_aws.review": review,
}
"""Under which names the wheel has this project's folders."""
_CONFIG = {"aws:region": "eu-central-1", "gitlab-runner-aws:token": f"glrt-{'a' * 20}"}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The names and the stack's settings that a program finds."""
    for name, module in _INSTALLED.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(FOUND, "aws:index/getRegion:getRegion", lambda _: {"region": _CONFIG["aws:region"]})
    pulumi.runtime.set_all_config(_CONFIG, ["gitlab-runner-aws:token"])
    yield
    pulumi.runtime.set_all_config({})


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
@pytest.mark.usefixtures("installed")
def test_the_program_runs(block: Block, deploy: Deploy) -> None:
    program = compile(block.text, str(block), "exec")
    recorder = deploy(lambda: exec(program, {"__name__": "__main__"}))  # noqa: S102 - it is our own page's

    if "AutoscalingRunner(" in block.text:
        assert any("aws:ec2/instance:Instance" in urn for urn in recorder.urns), "it deploys no manager"
