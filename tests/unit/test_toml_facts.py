"""The tool's own reader of TOML, held against Python's, which the managers of Python 3.9 have not."""

import tomllib
from datetime import datetime
from typing import Any

import pytest

from components.manager_tool.toml_facts import facts

WRITTEN = '''concurrent = 2 # not more

[[runners]]
name = "a"
limit = 1_000
environment = [
    "A=\\u00e9",  # a comment, with ] and "
    'B="[b]"',
]
pre_build_script = """
echo "a # no comment"
[ -e x ] \\
   || exit
"""

[runners.docker]
image = 'alpine'
"shm_size" = 0x10
services = [{ name = "mysql", alias = "db, too" }, { name = "redis" }]
sysctls = { "net.core" = "1" }

[[runners.machine.autoscaling]]
Periods = ["* * 9-17 * * mon-fri *"]
IdleScaleFactor = 1.5
[[runners.machine.autoscaling]]
Periods = []

[[runners]]
name = "b"
token_obtained_at = 2026-01-01 00:00:00Z
[[runners.machine.autoscaling]]
Timezone = """it's "b\\""""
'''


def flat(path: str, value: Any) -> dict[str, Any]:
    """What `facts` should say of a document that Python's reader has read."""
    if isinstance(value, dict):
        parts = [flat(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        named = [item["name"] if path == "runners" else number for number, item in enumerate(value)]
        parts = [flat(f"{path}[{name}]", item) for name, item in zip(named, value, strict=True)]
    else:
        return {path: str(value) if isinstance(value, datetime) else value}
    return {key: inner for part in parts for key, inner in part.items()}


def plain(found: dict[str, Any]) -> dict[str, Any]:
    return {path.replace('"', ""): value for path, value in found.items()}


def test_all_forms_that_a_person_or_gitlab_runner_may_write_are_read() -> None:
    expected = flat("", tomllib.loads(WRITTEN))
    expected["runners[b].token_obtained_at"] = "2026-01-01 00:00:00Z"
    assert plain(facts(WRITTEN)) == expected


@pytest.mark.parametrize("text", ["", "\n# only this\n", "[session_server]\n", "[[runners]]\n[runners.cache]\n"])
def test_a_file_that_sets_nothing_has_no_facts(text: str) -> None:
    assert facts(text) == {}
