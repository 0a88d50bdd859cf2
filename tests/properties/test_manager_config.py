"""A config.toml on the manager that was cut off or garbled ends no part of the tool, and costs no machine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.executors.docker_machine.breaker_plan import breaker_plan, placement_plan
from components.manager.tool_bundle import bundle
from components.manager_tool.contract.constants import END
from config_render import render
from config_render.settings.breaker import BreakerSettings
from tests.render.settings_samples import FACTS, parsed, stack

from . import manager_config

SPOT: dict[str, Any] = {
    "name": "ci",
    "zones": ["a", "b"],
    "instanceTypes": ["m5.large"],
    "limit": 10,
    "spot": {"maxPrice": 0.07, "onDemandLimit": 3},
    "pre_build_script": 'echo """\n[[runners]]\ntoken = "x"\n# \u2028 \x85\necho <secret:hook>',
    "docker": {"image": "alpine", "services": [{"name": "docker:dind"}]},
    "machine": {"IdleCount": 4, "autoscaling": [{"Periods": ["* * * * * sat *"], "IdleCount": 8}]},
}
SETTINGS = parsed(stack(pools=[SPOT, {"name": "slow", "zones": ["c"], "limit": 2}]), secrets=("hook",))


def unpacked(folder: Path) -> Path:
    """The tool as it arrives on a manager."""
    for part in bundle().split("#### file: ")[1:]:
        name, _, text = part.partition("\n")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(("mutations", "stride"), [(100, 199), pytest.param(1000, 13, marks=pytest.mark.slow)])
def test_every_part_of_a_file_and_thousands_of_garbled_ones_end_in_an_answer_or_one_error_with_no_machine_removed(
    mutations: int, stride: int, tmp_path: Path
) -> None:
    plan = breaker_plan(BreakerSettings.model_validate({}), "warn", placement_plan(SETTINGS, FACTS))
    (tmp_path / "template").write_text(f"{render(SETTINGS, FACTS)}{END}\n")
    (tmp_path / "plan").write_text(json.dumps(plan))
    files = [unpacked(tmp_path / "tool"), tmp_path / "template", tmp_path / "plan"]

    numbers = ["--mutations", str(mutations), "--stride", str(stride)]
    result = subprocess.run(
        [sys.executable, manager_config.__file__, *files, *numbers], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr[-5000:]
    print(result.stdout)
    figures = json.loads(result.stdout)
    assert figures["mutations"]["texts"] == 2 * mutations
    assert figures["prefixes"]["texts"] > 200
    assert figures["prefixes"]["removed"] == 0
    for each in figures.values():
        assert each["answers"] + each["errors"] == each["texts"]
    assert min(figures["mutations"]["answers"], figures["mutations"]["errors"]) > mutations // 4
