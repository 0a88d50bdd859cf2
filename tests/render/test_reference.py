"""The renderer against what was recorded of gitlab-runner and docker-machine."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config_render import render
from config_render.base.regions import REGIONS
from config_render.base.section import ConfigTable
from config_render.settings.autoscaler import AutoscalerKeys, ConnectorConfig, Policy, ScaleThrottle, StateStorage
from config_render.settings.cache import CacheAzure, CacheGcs, CacheKeys, CacheS3
from config_render.settings.docker import Docker, Service
from config_render.settings.driver import CKI_ONLY, FIELDS, KINDS, SINCE_30, DriverOptions
from config_render.settings.machine import Autoscaling, Machine
from config_render.settings.process import (
    Experimental,
    GlobalKeys,
    Logrotate,
    MachineGlobals,
    SessionServer,
    ShutdownDrain,
    UsageLogger,
)
from config_render.settings.runner import (
    Artifact,
    BootVerify,
    CustomBuildDir,
    JobQueuingDuration,
    MetricsReferee,
    Monitoring,
    Referees,
    RunnerExperimental,
    RunnerKeys,
)

from .settings_samples import FACTS, lines, parsed, stack

RECORDINGS = Path(__file__).parents[2] / "localcloud" / "recordings"
KEYS: dict[str, list[dict[str, Any]]] = json.loads((RECORDINGS / "config_toml_keys.json").read_text())["sections"]
DRIVER: dict[str, Any] = json.loads((RECORDINGS / "amazonec2_flags.json").read_text())

MODELS: dict[str, type[ConfigTable]] = {
    "global": GlobalKeys,
    "session_server": SessionServer,
    "machine": MachineGlobals,
    "machine.shutdown_drain": ShutdownDrain,
    "experimental": Experimental,
    "experimental.usage_logger": UsageLogger,
    "experimental.usage_logger.logrotate": Logrotate,
    "runners": RunnerKeys,
    "runners.experimental": RunnerExperimental,
    "runners.experimental.boot_verify": BootVerify,
    "runners.custom_build_dir": CustomBuildDir,
    "runners.referees": Referees,
    "runners.referees.metrics": MetricsReferee,
    "runners.artifact": Artifact,
    "runners.monitoring": Monitoring,
    "runners.monitoring.job_queuing_durations": JobQueuingDuration,
    "runners.docker": Docker,
    "runners.docker.services": Service,
    "runners.cache": CacheKeys,
    "runners.cache.s3": CacheS3,
    "runners.cache.gcs": CacheGcs,
    "runners.cache.azure": CacheAzure,
    "runners.machine": Machine,
    "runners.machine.autoscaling": Autoscaling,
    "runners.autoscaler": AutoscalerKeys,
    "runners.autoscaler.connector_config": ConnectorConfig,
    "runners.autoscaler.policy": Policy,
    "runners.autoscaler.scale_throttle": ScaleThrottle,
    "runners.autoscaler.state_storage": StateStorage,
}

# Refused as a whole: the key that leads to them is a refused one.
REFUSED_TABLES = (
    *("runners.instance", "runners.ssh", "runners.parallels", "runners.virtualbox", "runners.custom"),
    *("runners.autoscaler.vm_isolation", "experimental.usage_logger.snowplow_billing"),
)

# What GitLab's own example writes and no gitlab-runner knows.
NO_KEYS = {
    "runners.referees.metrics": {"metric_queries"},
    # What gitlab-runner knew once.
    "global": {"metrics_server"},
    "runners": {"pre_clone_script", "post_clone_script"},
    "runners.cache": {"ServerAddress", "AccessKey", "SecretKey", "BucketName", "BucketLocation", "Insecure"},
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
    "SessionServer": {"listen_address": "[::]:8093", "session_timeout": 60},
    "*Experimental": {"usage_logger": {"enabled": True}},
    "UsageLogger": {"enabled": True},
    "LogrotateConfig": {"log_dir": "/var/log/jobs"},
    "*int64": 3,
    "*RunnerExperimental": {"boot_verify": {"enabled": True}},
    "*BootVerify": {"enabled": True, "timeout": "5m"},
    "CustomBuildDir": {"enabled": False},
    "*referees.Config": {"metrics": {"queries": ["cpu:rate(x[1m])"]}},
    "*MetricsRefereeConfig": {"queries": ["cpu:rate(x[1m])"]},
    "ArtifactConfig": {"upload_timeout": "2h"},
    "*runner.Monitoring": {"job_queuing_durations": [{"periods": ["* * * * * * *"], "threshold": "1m"}]},
    "monitoring.JobQueuingDurations": [{"periods": ["* * * * * * *"]}],
    "*DockerConfig": {"image": "ruby", "disable_cache": False},
    "*DockerMachine": {"IdleCount": 1, "MaxBuilds": 1},
    "*AutoscalerConfig": {"capacity_per_instance": 2},
    "ConnectorConfig": {"username": "admin"},
    "[]AutoscalerPolicyConfig": [
        {"periods": ["* * * * *"], "idle_count": 1, "idle_time": "9s", "preemptive_mode": True}
    ],
    "AutoscalerScaleThrottle": {"limit": 3},
    "AutoscalerStateStorage": {"enabled": False},
    "[]float64": [0.5, 60.0],
    "*CacheGCSConfig": {"BucketName": "b"},
    "*CacheAzureConfig": {"AccountName": "a", "ContainerName": "c"},
    "*CacheS3Config": {"ServerAddress": "s3.eu-central-1.amazonaws.com", "AuthenticationType": "iam"},
}

# Keys whose text has a form of its own.
SPECIAL: dict[str, Any] = {
    "executor": "docker-autoscaler",
    "log_level": "debug",
    "log_format": "json",
    "shell": "bash",
    "token": "<secret:key>",
    "environment": ["A=1", "B="],
    "Type": "s3",
    "MachineDriver": "amazonec2",
    "MachineName": "some-%s",
    "MachineOptions": ["engine-opt=a=1"],
    "MachineOptionsWithName": ["engine-label=name=%s"],
    "Periods": ["* * * * * sun *"],
    "periods": ["* * * * * sun *"],
    "Timezone": "UTC",
    "timezone": "Europe/Berlin",
    "listen_address": "127.0.0.1:9252",
    "advertise_address": "ci.example.com:8093",
    "ServerAddress": "s3.example.com:9000",
    "BucketName": "our-cache",
    "BucketLocation": "us-west-2",
    "AccessKey": "<secret:key_id>",
    "SecretKey": "<secret:key>",
    "SessionToken": "<secret:session>",
    "PrivateKey": "<secret:key>",
    "AccountKey": "<secret:key>",
    "RoleARN": "arn:aws:iam::123456789012:role/cache",
    "ServerSideEncryption": "KMS",
    "queries": ["cpu:rate(x[1m])"],
    "jobs_running_for_project": "^[0-9]$",
    "writers": ["logrotate"],
    "dns": ["10.0.0.2", "fd00::2"],
    "mac_address": "92:d0:c6:0a:29:33",
    "helper_image_flavor": "alpine3.21",
    "log_options": {"env": "A", "labels": "b"},
    "IdleCountMin": 0,
    "name": "some-name",
    "username": "admin",
    "dir": "/var/lib/workers",
    **dict.fromkeys(
        (f"{who}memory{what}" for who in ("", "service_") for what in ("", "_swap", "_reservation")), "512m"
    ),
    **dict.fromkeys(("cpus", "service_cpus"), "0.5"),
    **dict.fromkeys(("cpuset_cpus", "cpuset_mems", "service_cpuset_cpus"), "0-3,5"),
}
SECRETS = ("key_id", "key", "session")

# What has to be there too, for the sake of the settings as a whole.
BESIDE: dict[str, dict[str, Any]] = {
    "Accelerate": {"BucketName": "our-cache"},
    "ServerSideEncryptionKeyID": {"AccessKey": "<secret:key_id>", "SecretKey": "<secret:key>"},
    "AccessKey": {"SecretKey": "<secret:key>"},
    "SecretKey": {"AccessKey": "<secret:key_id>"},
    "ServerAddress": {"BucketName": "our-cache", "AccessKey": "<secret:key_id>", "SecretKey": "<secret:key>"},
    "BucketLocation": {"BucketName": "our-cache"},
    "scale_factor_limit": {"scale_factor": 0.5},
    "SessionToken": {"AccessKey": "<secret:key_id>", "SecretKey": "<secret:key>"},
}
BELOW: dict[str, dict[str, Any]] = {
    "runners.cache.gcs": {"BucketName": "b"},
    "runners.cache.azure": {"AccountName": "a", "ContainerName": "c"},
    "runners.docker.services": {"name": "some"},
    "runners.machine.autoscaling": {"Periods": ["* * * * * sat *"]},
    "runners.referees.metrics": {"queries": ["cpu:rate(x[1m])"]},
    "runners.monitoring.job_queuing_durations": {"periods": ["* * * * * sat *"]},
}
LISTS = ("services", "autoscaling", "job_queuing_durations", "policy")
AUTOSCALER = "runners.autoscaler"

MODELLED = [
    (section, entry["key"], entry["go_type"])
    for section, model in MODELS.items()
    for entry in KEYS[section]
    if entry["key"] in model.known_keys()
]

WRONG = {"bool": "yes", "int": "3", "float64": "0.5", "string": 3, "time.Duration": "90 seconds"}


def sample(section: str, key: str, go_type: str) -> Any:
    if (section, key) == ("runners.autoscaler.policy", "periods"):
        return ["* * * * *"]
    return SPECIAL.get(key, SAMPLES[go_type])


def with_key(section: str, key: str, value: Any) -> dict[str, Any]:
    """A stack with one key set, in the place where settings have that table."""
    value = {**BELOW.get(section, {}), **(BESIDE.get(key, {}) if section != "runners.cache" else {}), key: value}
    for name in reversed([] if section == "global" else section.removeprefix("runners").strip(".").split(".")):
        if name:
            value = {name: [value] if name in LISTS else value}
    if section.startswith("runners.cache"):
        for kind in {*value["cache"]} & {"gcs", "azure"}:
            value["cache"]["Type"] = kind
        return stack(**value)
    if section.startswith(AUTOSCALER) or "autoscaler" in value:
        value["executor"] = "docker-autoscaler"
    if key == "protocol_port":
        # The group that the program makes opens 22 alone.
        return stack(value, network={"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "workerSecurityGroup": "workers"})
    return stack(value) if section.startswith("runners") else stack(**value)


def written(section: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The table of that section in the rendered file."""
    place: Any = tomllib.loads(render(parsed(raw, secrets=SECRETS), FACTS))
    for name in [] if section == "global" else section.split("."):
        place = place[name][0] if isinstance(place[name], list) else place[name]
    assert isinstance(place, dict)
    return place


def base(go_type: str) -> str:
    return {"int64": "int"}.get(go_type.lstrip("*"), go_type.lstrip("*"))


def test_each_of_the_recorded_keys_is_modelled_or_refused_on_purpose() -> None:
    count = dict.fromkeys(("modelled", "refused", "refused with its table"), 0)
    neither = []
    for section, entries in KEYS.items():
        if section.startswith(REFUSED_TABLES) and section != "runners.custom_build_dir":
            count["refused with its table"] += len(entries)
            parent, _, key = next(t for t in REFUSED_TABLES if section.startswith(t)).rpartition(".")
            assert key in MODELS[parent].refused()
            continue
        model = MODELS[section]
        for entry in entries:
            if entry["key"] in model.known_keys():
                count["modelled"] += 1
            elif entry["key"] in model.refused():
                count["refused"] += 1
            else:
                neither.append(f"{section}.{entry['key']}")

    assert neither == []
    assert count == {"modelled": 256, "refused": 35, "refused with its table": 59}
    assert sum(count.values()) == 350


@pytest.mark.parametrize("section", MODELS)
def test_every_recorded_key_can_be_set_and_is_written_as_it_was_set(section: str) -> None:
    for key, go_type in [each[1:] for each in MODELLED if each[0] == section]:
        value = sample(section, key, go_type)
        there = written(section, with_key(section, key, value))[key]

        if key == "MachineOptions":
            assert there[-len(value) :] == value
        elif isinstance(value, dict):
            assert there.items() >= value.items(), key
        else:
            assert there == value, key
            assert type(there) is type(value), key


@pytest.mark.parametrize("section", MODELS)
def test_a_value_of_another_type_is_refused_at_its_path(section: str) -> None:
    for key, kind in [(each[1], base(each[2])) for each in MODELLED if each[0] == section]:
        if kind not in WRONG or key.lower() == "timezone":
            continue
        found = lines(with_key(section, key, WRONG[kind]), secrets=SECRETS)

        assert len(found) == 1, key
        assert re.match(rf"[^ ]*\b{re.escape(key)}( = [^:]+)?: (must be|is not a valid duration)", found[0])


@pytest.mark.parametrize("section", MODELS)
def test_no_model_has_a_key_that_gitlab_runner_does_not_know(section: str) -> None:
    recorded = {entry["key"] for entry in KEYS[section]} | NO_KEYS.get(section, set())

    assert {*MODELS[section].known_keys(), *MODELS[section].refused()} - recorded == {"extra"}


@pytest.mark.parametrize("section", MODELS)
def test_keys_are_in_the_references_order(section: str) -> None:
    model = MODELS[section]
    ours = [field.alias or name for name, field in model.model_fields.items()]
    recorded = [entry["key"] for entry in KEYS[section]]

    assert [key for key in ours if key in recorded] == recorded


@pytest.mark.parametrize("section", MODELS)
def test_what_this_program_sets_is_refused_with_the_reason(section: str) -> None:
    for key, reason in MODELS[section].refused().items():
        found = lines(with_key(section, key, "some"))
        (at_extra,) = lines(with_key(section, "extra", {key: "some"}))

        assert [line.rpartition(f"{key}: ")[2] for line in found] == [reason], key
        assert f"holds `{key}`, which {reason}" in at_extra


def test_the_drivers_options_are_those_recorded_in_their_order() -> None:
    recorded = {flag["machine_option"]: flag["type"] for flag in DRIVER["flags"]}
    generic = {
        option["option"]: option["type"]
        for option in DRIVER["generic_create_options"]
        if not option["option"].startswith("swarm")
    }

    assert [option for option in FIELDS if option not in SINCE_30] == [*recorded, *generic]
    assert {**recorded, **generic}.items() >= {o: kind for o, kind in KINDS.items() if o not in SINCE_30}.items()
    assert {*FIELDS} - {*KINDS} == {*DriverOptions.refused()}
    assert {flag["machine_option"] for flag in DRIVER["flags"] if not flag["gitlab_fork"]} == {*CKI_ONLY}


def test_the_regions_are_those_recorded() -> None:
    newer = {region for region in DRIVER["regions_not_in_23"] if not region.startswith("(")}

    assert set(DRIVER["default_ami_by_region"]["gitlab_23"]["regions"]) | newer == REGIONS
