"""`pulumi config set --path`: each setting arrives as the models want it, and a wrong one is told at the preview."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config_render.base.other_settings import OTHER_SETTINGS
from config_render.base.problems import NAMESPACE, Location, path_of
from config_render.files.stack_file import read_stack_file
from localcloud.cloud import ROOT, LocalCloud, Project

from .conftest import STACK, Deployment

SCHEMA = json.loads((ROOT / "config_render" / "stack.schema.json").read_text())
SAMPLES: dict[str, Any] = {"boolean": True, "integer": 1, "number": 0.5, "string": "text"}
PROGRAM = f"""\
import sys

sys.path.insert(0, {str(ROOT)!r})

import pulumi
from pulumi.runtime import config

from config_render.files.project import as_settings, without_defaults

prefix = "{NAMESPACE}:"
given = {{key.removeprefix(prefix): value for key, value in config.CONFIG.get().items() if key.startswith(prefix)}}
pulumi.export("read", without_defaults(as_settings(given)))
"""


def leaves(schema: dict[str, Any], at: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Each setting below a schema, with a value of its type."""
    schema = {**SCHEMA["$defs"].get(schema.get("$ref", "").rpartition("/")[2], {}), **schema}
    schema = schema.get("anyOf", [schema])[0]
    kind = schema.get("type", "string")
    if "enum" in schema:
        yield at, schema["enum"][-1]
    elif kind == "object" and "properties" in schema:
        for key, value in schema["properties"].items():
            yield from leaves(value, (*at, key))
    elif kind == "object":
        below = schema.get("additionalProperties", {})
        yield from leaves(below if isinstance(below, dict) else {}, (*at, "name"))
    elif kind == "array":
        yield from leaves(schema["items"], (*at, 0))
    else:
        yield at, SAMPLES[kind]


def every_setting() -> dict[Location, Any]:
    settings = {key.partition(":")[2]: value for key, value in SCHEMA["properties"]["config"]["properties"].items()}
    return {
        at: value
        for key in settings.keys() - {"region", *OTHER_SETTINGS}
        for at, value in leaves(settings[key], (key,))
    }


def at_place(settings: Any, location: Location) -> Any:
    for part in location:
        settings = settings[part]
    return settings


def test_each_setting_arrives_with_its_type(cloud: LocalCloud, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (program / "__main__.py").write_text(PROGRAM)
    project = Project.create(cloud, tmp_path / "project", "all", {}, program=program)
    wanted = every_setting()
    texts = {at: json.dumps(value) if not isinstance(value, str) else value for at, value in wanted.items()}
    fractions = [at for at, value in wanted.items() if isinstance(value, float)]
    arguments = [
        argument for at in texts.keys() - {*fractions} for argument in ("--plaintext", f"{path_of(at)}={texts[at]}")
    ]
    project.pulumi("config", "set-all", "--path", *arguments, "--stack", "all")
    for at in fractions:
        project.pulumi("config", "set", "--path", "--type", "float", path_of(at), texts[at], "--stack", "all")
    project.pulumi("up", "--yes", "--skip-preview", "--stack", "all")
    read = json.loads(project.pulumi("stack", "output", "--json", "--stack", "all").stdout)["read"]

    assert len(wanted) > 300
    found = {at: at_place(read, at) for at in wanted}
    assert {at: (value, type(value)) for at, value in found.items()} == {
        at: (value, type(value)) for at, value in wanted.items()
    }
    assert read == read_stack_file(tmp_path / "project" / "Pulumi.all.yaml").settings


def test_mistakes_of_config_set_are_told(deployment: Deployment) -> None:
    pool = f"{NAMESPACE}:pools[0]"
    values = {
        f"{NAMESPACE}:concurent": "5",
        f"{pool}.limit": "many",
        f"{pool}.docker.cpus": "2",
        f"{pool}.spot.maxPrice": "0.07",
        f"{pool}.machine.IdleCuont": "1",
    }
    arguments = [argument for pair in values.items() for argument in ("--plaintext", "=".join(pair))]
    try:
        deployment.run("config", "set-all", "--path", *arguments)
        failed = deployment.run("preview", check=False)
        told = {line.strip().partition(": ")[2] for line in (failed.stdout + failed.stderr).splitlines()}
        assert told >= {
            f"{NAMESPACE}:concurent: unknown; did you mean `concurrent`?",
            f"{pool}.limit = many: must be a whole number",
            f"{pool}.docker.cpus = 2: must be text; put it in quotes, or set it with: pulumi config set --path --type "
            "string",
            f'{pool}.spot.maxPrice = "0.07": must be US dollars per hour, at least 0.001, or onDemand; this is text: '
            "take the quotes away, or set it with: pulumi config set --path --type float",
            f"{pool}.machine.IdleCuont: unknown; did you mean `IdleCount`?",
        }

        gap = deployment.run("config", "set", "--path", f"{NAMESPACE}:pools[3].name", "x", check=False)
        assert gap.stderr.strip() == "error: could not set config: pools[3]: array index out of range"
        deployment.run("config", "set", f"{NAMESPACE}:concurrent", "many")
        refused = deployment.run("preview", check=False)
        assert f"Stack '{STACK}' with configuration key 'concurrent' must be of type 'integer'" in refused.stderr
    finally:
        deployment.configure()
