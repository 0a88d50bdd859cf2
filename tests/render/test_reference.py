"""The renderer against what was recorded of gitlab-runner and docker-machine."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config_render import render
from config_render.cache import CacheKeys, CacheS3
from config_render.docker import Docker, Service
from config_render.driver_flags import CKI_ONLY, FLAGS
from config_render.machine import Autoscaling, Machine, MachineGlobals, ShutdownDrain
from config_render.pool import RunnerKeys
from config_render.regions import REGIONS
from config_render.section import ConfigTable
from config_render.settings import GlobalKeys

from .settings_samples import FACTS, lines, parsed, stack

RECORDINGS = Path(__file__).parents[2] / "localcloud" / "recordings"
KEYS: dict[str, list[dict[str, Any]]] = json.loads((RECORDINGS / "config_toml_keys.json").read_text())["sections"]
DRIVER: dict[str, Any] = json.loads((RECORDINGS / "amazonec2_flags.json").read_text())

MODELS: dict[str, type[ConfigTable]] = {
    "global": GlobalKeys,
    "machine": MachineGlobals,
    "machine.shutdown_drain": ShutdownDrain,
    "runners": RunnerKeys,
    "runners.docker": Docker,
    "runners.docker.services": Service,
    "runners.cache": CacheKeys,
    "runners.cache.s3": CacheS3,
    "runners.machine": Machine,
    "runners.machine.autoscaling": Autoscaling,
}

# Set by the program from other settings; where a person may try to set one, it is refused with the reason.
OURS = {
    "global": {"runners"},
    "runners": {
        *("name", "limit", "url", "id", "token", "token_obtained_at", "token_expires_at", "executor"),
        *("docker", "machine", "cache"),
    },
    "runners.cache.s3": {"AccessKey", "SecretKey", "SessionToken", "BucketName", "BucketLocation"},
    "runners.machine": {"OffPeakPeriods", "OffPeakTimezone", "OffPeakIdleCount", "OffPeakIdleTime"},
}

# Tables that have no model; they can be set under `extra`.
EXTRA = {
    "global": {"session_server", "experimental"},
    "runners": {
        *("experimental", "custom_build_dir", "referees", "artifact", "monitoring", "instance", "ssh"),
        *("parallels", "virtualbox", "kubernetes", "custom", "autoscaler"),
    },
    "runners.cache": {"gcs", "azure"},
}

SAMPLES: dict[str, Any] = {
    "string": "some text",
    "*string": "some text",
    "int": 3,
    "*int": 3,
    "int64": 3,
    "bool": True,
    "*bool": False,
    "float64": 0.5,
    "time.Duration": "90s",
    "*time.Duration": "1h30m",
    "[]string": ["one", "two"],
    "map[string]string": {"key": "value"},
    "map[string]bool": {"FF_SOME": True},
    "map[string][]string": {"image": ["/dev/one"]},
    "DockerSysCtls": {"net.core": "1"},
    "Labels": {"some": "label"},
    "[]DockerPullPolicy": ["always", "never"],
    "StringOrArray": ["if-not-present", "always"],
    "S3AuthType": "iam",
    "[]Service": [{"name": "docker:dind"}],
    "[]*DockerMachineAutoscaling": [{"Periods": ["* * * * * sat *"], "IdleCount": 1, "IdleTime": 9}],
    "*DockerMachineShutdownDrain": {"enabled": True},
    "*MachineConfig": {"shutdown_drain": {"enabled": True}},
    "*CacheS3Config": {"ServerAddress": "s3.example.com", "AuthenticationType": "iam"},
}

# Keys whose text has a form of its own.
SPECIAL: dict[str, Any] = {
    "log_level": "debug",
    "log_format": "json",
    "shell": "bash",
    "environment": ["A=1", "B="],
    "Type": "s3",
    "MachineDriver": "amazonec2",
    "MachineName": "some-%s",
    "MachineOptions": ["engine-opt=a=1"],
    "MachineOptionsWithName": ["engine-label=name=%s"],
    "Periods": ["* * * * * sun *"],
    "Timezone": "UTC",
}

MODELLED = [
    (section, entry["key"], entry["go_type"])
    for section in MODELS
    for entry in KEYS[section]
    if entry["key"] not in OURS.get(section, set()) | EXTRA.get(section, set())
]

WRONG = {"bool": "yes", "int": "3", "float64": "0.5", "string": 3, "time.Duration": "90 seconds"}


def with_key(section: str, key: str, value: Any) -> dict[str, Any]:
    """A stack with one key set, in the place where settings have that table."""
    table = {key: value}
    period = {"Periods": ["* * * * * sat *"]}
    pool = {
        "runners": table,
        "runners.docker": {"docker": table},
        "runners.docker.services": {"docker": {"services": [{"name": "some", **table}]}},
        "runners.machine": {"machine": table},
        "runners.machine.autoscaling": {"machine": {"autoscaling": [{**period, **table}]}},
    }.get(section, {})
    top = {
        "global": table,
        "machine": {"machine": table},
        "machine.shutdown_drain": {"machine": {"shutdown_drain": table}},
        "runners.cache": {"cache": table},
        "runners.cache.s3": {"cache": {"s3": table}},
    }.get(section, {})
    return stack(pool, **top)


def written(section: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The table of that section in the rendered file."""
    place: Any = tomllib.loads(render(parsed(raw), FACTS))
    for name in [] if section == "global" else section.split("."):
        place = place[name][0] if isinstance(place[name], list) else place[name]
    assert isinstance(place, dict)
    return place


def base(go_type: str) -> str:
    return {"int64": "int"}.get(go_type.lstrip("*"), go_type.lstrip("*"))


@pytest.mark.parametrize(("section", "key", "go_type"), MODELLED)
def test_every_recorded_key_can_be_set_and_is_written_as_it_was_set(section: str, key: str, go_type: str) -> None:
    value = SPECIAL.get(key, SAMPLES[go_type])
    there = written(section, with_key(section, key, value))[key]

    if key == "MachineOptions":
        assert there[-len(value) :] == value
    elif key == "s3":
        assert there.items() >= value.items()
    else:
        assert there == value
        assert type(there) is type(value)


@pytest.mark.parametrize(
    ("section", "key", "go_type"), [each for each in MODELLED if base(each[2]) in WRONG and each[1] != "Timezone"]
)
def test_a_value_of_another_type_is_refused_at_its_path(section: str, key: str, go_type: str) -> None:
    found = lines(with_key(section, key, WRONG[base(go_type)]))

    assert len(found) == 1
    assert re.match(rf"[^ ]*\b{re.escape(key)}( = [^:]+)?: (must be|is no duration)", found[0])


@pytest.mark.parametrize("section", MODELS)
def test_no_model_has_a_key_that_gitlab_runner_does_not_know(section: str) -> None:
    recorded = {entry["key"] for entry in KEYS[section]}

    assert set(MODELS[section].known_keys()) - recorded == {"extra"}


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section, keys in EXTRA.items() for key in sorted(keys)]
)
def test_tables_without_a_model_are_pointed_to_extra_and_work_there(section: str, key: str) -> None:
    table = {"some": {"thing": 1}}

    assert any("unknown" in line for line in lines(with_key(section, key, table)))
    assert written(section, with_key(section, "extra", {key: table}))[key] == table


def test_what_this_program_sets_is_refused_with_the_reason() -> None:
    refused = [
        (section, key)
        for section, keys in OURS.items()
        for key in keys
        if key not in ("name", "limit", "docker", "machine")
    ]
    found = {key: lines(with_key(section, key, "some")) for section, key in refused}

    assert all(len(each) == 1 and "unknown" not in each[0] and "some" not in each[0] for each in found.values())


def test_the_drivers_flags_are_those_recorded() -> None:
    recorded = {flag["machine_option"]: flag["type"] for flag in DRIVER["flags"]}
    generic = {
        option["option"]: option["type"]
        for option in DRIVER["generic_create_options"]
        if not option["option"].startswith("swarm")
    }

    assert recorded | generic == FLAGS
    assert {flag["machine_option"] for flag in DRIVER["flags"] if not flag["gitlab_fork"]} == CKI_ONLY


def test_the_regions_are_those_recorded() -> None:
    newer = {region for region in DRIVER["regions_not_in_23"] if not region.startswith("(")}

    assert set(DRIVER["default_ami_by_region"]["gitlab_23"]["regions"]) | newer == REGIONS
