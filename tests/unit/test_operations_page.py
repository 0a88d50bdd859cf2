"""docs/operations.md says of each alarm and each metric what to do about it."""

import inspect
import re
from pathlib import Path

import pytest

from components import monitoring
from components.manager_tool.maintenance import metrics

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
ALARMS = re.findall(r'alarm\(\s*"([a-z-]+)"', inspect.getsource(monitoring))
SENT = re.findall(r'^ +"([A-Z]\w+)": ', inspect.getsource(metrics.send_to_cloudwatch), re.MULTILINE)
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]


def test_there_are_alarms_and_metrics_to_look_for() -> None:
    assert (len(ALARMS), len(SENT)) == (7, 5)


@pytest.mark.parametrize("alarm", ALARMS)
def test_each_alarm_has_a_row(alarm: str) -> None:
    assert [row for row in ROWS if row.startswith(f"| `{alarm}` |")] != []


@pytest.mark.parametrize("metric", SENT)
def test_each_metric_that_is_sent_to_cloudwatch_is_named(metric: str) -> None:
    assert f"`{metric}`" in PAGE


def test_each_metric_for_prometheus_has_a_row() -> None:
    measured = metrics.Measured({}, 0, {}, 0, 0, 0, drifted=False, now=0.0, seconds=0.0)
    names = re.findall(r"# TYPE gitlab_runner_aws_(\w+)", metrics.prometheus(measured))

    assert len(names) == 11
    assert [name for name in names if not any(f"`{name}`" in row for row in ROWS)] == []
