"""Variables of the Terraform module cattle-ops/gitlab-runner/aws, as the config.toml that it makes of them.

Names, types and defaults are those of `variables.tf` of the module, 7.0 to 9.5; the file itself is made as its
`template/runner-config.tftpl` has it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .hcl import Expression
from .module_lists import AS_IT_IS, BEFORE_7, ELSEWHERE
from .source import Source

REGION = "eu-central-1"
"""In place of the provider's region, which no variable says."""
_RUNNER = "runners[0]"
_MACHINE = "runner_worker_docker_machine"
_GROUP = "runner_worker_docker_autoscaler"
_TOKEN = f"glrt-{'x' * 20}"
"""Of the form of a token; no real one is ever here."""


class ModuleCall:
    """One call of the module.

    Attributes:
        source: The config.toml that the module would write.
        settings: What is no part of that, by paths such as `manager.instanceType`.
        notes: Variables that are left out, and why.
        names: Variables by the paths of `settings`.
    """

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.settings: dict[str, Any] = {}
        self.notes: list[tuple[str, str]] = []
        self.names: dict[str, str] = {}
        self._given = dict(_leaves(variables))
        self._names: dict[str, str] = {}
        self._options: list[str] = []
        self.source = Source(self._content(), names=self._names)
        self._rest()

    def _take(self, name: str, default: Any = None) -> Any:
        """Return a variable's value, or what the module takes without one."""
        value = self._given.pop(name, None)
        if isinstance(value, Expression) or _holds_expression(value):
            text = value.text if isinstance(value, Expression) else "an expression within it"
            self.notes.append((name, f"is known to Terraform alone ({text}); set what it becomes yourself"))
            value = None
        if value in ("true", "false"):
            return value == "true"  # as Terraform makes of it
        if isinstance(default, int) and isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
            return int(value)
        return default if value is None else value

    def _put(self, table: dict[str, Any], at: str, key: str, name: str, default: Any = None) -> None:
        """Put a variable's value under a key of a table, whose place is `at`."""
        value = self._take(name, default)
        self._names[f"{at}.{key}".lstrip(".").lower()] = name
        if value not in (None, "", '""', [], {}):
            table[key] = value

    def _option(self, option: str, name: str, default: Any = None) -> None:
        value = self._take(name, default)
        if value in (None, "", []):
            return
        for each in value if isinstance(value, list) else [value]:
            self._names[f"{_RUNNER}.machine.machineoptions[{len(self._options)}]"] = name
            text = str(each).lower() if isinstance(each, bool) else str(each)
            self._options.append(f"{option}={text}" if option else text)

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = {}
        row: tuple[str, str, Any]
        for row in (
            ("concurrent", "runner_manager.maximum_concurrent_jobs", 10),
            ("check_interval", "runner_manager.gitlab_check_interval", 3),
            ("listen_address", "runner_manager.prometheus_listen_address", None),
            ("sentry_dsn", "runner_manager.sentry_dsn", None),
            ("connection_max_age", "runner_manager.connection_max_age", None),
        ):
            self._put(content, "", *row)
        runner: dict[str, Any] = {"token": _TOKEN}
        self._names[_RUNNER] = "the module"
        self._names[f"{_RUNNER}.token"] = "runner_gitlab.preregistered_runner_token_ssm_parameter_name"
        for row in (
            ("name", "runner_instance.name", "gitlab-runner"),
            ("url", "runner_gitlab.url", None),
            ("clone_url", "runner_gitlab.url_clone", None),
            ("executor", "runner_worker.type", "docker+machine"),
            ("limit", "runner_worker.max_jobs", 0),
            ("output_limit", "runner_worker.output_limit", 4096),
            ("request_concurrency", "runner_worker.request_concurrency", 1),
            ("environment", "runner_worker.environment_variables", None),
            ("pre_build_script", "runner_worker_gitlab_pipeline.pre_build_script", None),
            ("post_build_script", "runner_worker_gitlab_pipeline.post_build_script", None),
            ("pre_get_sources_script", "runner_worker_gitlab_pipeline.pre_clone_script", None),
        ):
            self._put(runner, _RUNNER, *row)
        runner["docker"] = self._docker()
        if cache := self._cache():
            runner["cache"] = cache
        if runner.get("executor") == "docker-autoscaler":
            runner["autoscaler"] = self._autoscaler()
        else:
            runner["machine"] = self._machine()
        content["runners"] = [runner]
        return content

    def _docker(self) -> dict[str, Any]:
        at, docker = f"{_RUNNER}.docker", dict[str, Any]()
        for key in [name.partition(".")[2] for name in self._given if name.startswith("runner_worker_docker_options.")]:
            if key not in ("pull_policies", "volumes"):
                self._put(docker, at, key, f"runner_worker_docker_options.{key}")
        docker = {"disable_cache": False, "image": "docker:18.03.1-ce", "privileged": True, **docker}
        self._put(docker, at, "pull_policy", "runner_worker_docker_options.pull_policies", ["always"])
        self._put(docker, at, "volumes", "runner_worker_docker_options.volumes", ["/cache"])
        if self._take("runner_worker_docker_add_dind_volumes", default=False) is True:
            given = docker.get("volumes")
            sockets = ["/certs/client", "/var/run/docker.sock:/var/run/docker.sock"]
            docker["volumes"] = [*(given if isinstance(given, list) else []), *sockets]
        self._put(docker, at, "services", "runner_worker_docker_services")
        for key, name in (("tmpfs", "volumes_tmpfs"), ("services_tmpfs", "services_volumes_tmpfs")):
            mounts = self._take(f"runner_worker_docker_{name}", [])
            whole = [each for each in mounts if isinstance(each, dict)] if isinstance(mounts, list) else []
            if found := {str(each.get("volume")): each.get("options") for each in whole}:
                docker[key] = found
        return docker

    def _cache(self) -> dict[str, Any]:
        at, cache, s3 = f"{_RUNNER}.cache", {"Type": "s3"}, dict[str, Any]()
        self._put(cache, at, "Shared", "runner_worker_cache.shared", default=False)
        if self._take("runner_worker_cache.authentication_type", "iam") != "iam":
            self.notes.append(("runner_worker_cache.authentication_type", "left out; the instance profile signs in"))
        days = self._take("runner_worker_cache.expiration_days", 1)
        if self._take("runner_worker_cache.create", default=True) is False:
            self._put(s3, f"{at}.s3", "BucketName", "runner_worker_cache.bucket")
            return {**cache, "s3": s3} if s3 else {}
        self.settings |= {"cache.expireDays": days, "cache.Shared": cache.get("Shared", False)}
        names = ("expireDays", "expiration_days"), ("Shared", "shared")
        self.names |= {f"cache.{key}": f"runner_worker_cache.{name}" for key, name in names}
        return cache

    def _machine(self) -> dict[str, Any]:
        at = f"{_RUNNER}.machine"
        machine: dict[str, Any] = {"MachineDriver": "amazonec2"}
        row: tuple[str, str, Any]
        instance = f"{_MACHINE}_instance"
        for row in (
            ("IdleCount", f"{instance}.idle_count", 0),
            ("IdleTime", f"{instance}.idle_time", 600),
            ("MaxBuilds", f"{instance}.destroy_after_max_builds", 0),
            ("MaxGrowthRate", f"{instance}.max_growth_rate", 0),
        ):
            self._put(machine, at, *row)
        if prefix := self._take(f"{instance}.name_prefix", ""):
            machine["MachineName"] = f"{prefix}-%s"
        self._names[f"{at}.machinename"] = f"{instance}.name_prefix"
        for row in (
            ("amazonec2-vpc-id", "vpc_id", None),
            ("amazonec2-subnet-id", f"{instance}.subnet_ids", None),
            ("amazonec2-subnet-id", "subnet_id", None),
            ("amazonec2-instance-type", f"{instance}.types", ["m5.large"]),
            ("amazonec2-private-address-only", f"{instance}.private_address_only", True),
            ("amazonec2-root-size", f"{instance}.root_size", 8),
            ("amazonec2-volume-type", f"{instance}.volume_type", "gp2"),
            ("amazonec2-device-name", f"{instance}.root_device_name", None),
            ("amazonec2-monitoring", f"{instance}.monitoring", None),
            ("amazonec2-use-ebs-optimized-instance", f"{instance}.ebs_optimized", None),
            ("engine-registry-mirror", f"{instance}.docker_registry_mirror_url", None),
            ("amazonec2-ami", f"{_MACHINE}_ami_id", None),
            ("", f"{_MACHINE}_ec2_options", None),
        ):
            self._option(*row)
        if self._take(f"{_MACHINE}_instance_spot.enable", default=True) is True:
            price = self._take(f"{_MACHINE}_instance_spot.max_price", "on-demand-price")
            self._options.append("amazonec2-request-spot-instance=true")
            self._names[f"{at}.machineoptions[{len(self._options)}]"] = f"{_MACHINE}_instance_spot.max_price"
            self._options.append(f"amazonec2-spot-price={'' if price == 'on-demand-price' else price}")
        machine["MachineOptions"] = [*self._options, f"amazonec2-region={REGION}"]
        if periods := self._take(f"{_MACHINE}_autoscaling_options", []):
            self._names[f"{at}.autoscaling"] = f"{_MACHINE}_autoscaling_options"
            listed = isinstance(periods, list)
            machine["autoscaling"] = [_spelled(each, _PERIOD) for each in periods] if listed else periods
        return machine

    def _autoscaler(self) -> dict[str, Any]:
        at, table, connector = f"{_RUNNER}.autoscaler", dict[str, Any](), dict[str, Any]()
        version = self._take(f"{_GROUP}.fleeting_plugin_version", "1.0.0")
        table["plugin"] = f"aws:{version}"
        self._names[f"{at}.plugin"] = f"{_GROUP}.fleeting_plugin_version"
        for key, default in (
            ("capacity_per_instance", 1),
            ("max_use_count", 100),
            ("update_interval", "1m"),
            ("update_interval_when_expecting", "2s"),
            ("instance_ready_command", None),
        ):
            self._put(table, at, key, f"{_GROUP}.{key}", default)
        self._put(connector, f"{at}.connector_config", "username", f"{_GROUP}.connector_config_user", "ec2-user")
        table["connector_config"] = connector
        self._put(table, at, "policy", f"{_GROUP}_autoscaling_options")
        self._group_network()
        table["plugin_config"] = {"name": "of the module"}
        self._names |= {at: f"{_GROUP}_asg", f"{at}.plugin_config": f"{_GROUP}_asg"}
        return table

    def _group_network(self) -> None:
        subnets, subnet = self._take(f"{_GROUP}_asg.subnet_ids"), self._take("subnet_id")
        self._set("network.vpcId", "vpc_id", self._take("vpc_id"))
        self._set("network.subnetIds", f"{_GROUP}_asg.subnet_ids", subnets or (subnet and [subnet]))
        on_demand = self._take(f"{_GROUP}_asg.on_demand_percentage_above_base_capacity", 100)
        base = self._take(f"{_GROUP}_asg.on_demand_base_capacity", 0)
        if on_demand != 100:
            spot = {"onDemandLimit": base} if base else {}
            self.settings["pools[0].spot"] = spot
            self.names["pools[0].spot"] = f"{_GROUP}_asg.on_demand_percentage_above_base_capacity"

    def _set(self, path: str, name: str, value: Any) -> None:
        if value not in (None, "", {}, []):
            self.settings[path], self.names[path] = value, name

    def _rest(self) -> None:
        """Take what is no part of config.toml, and tell of what is left."""
        for name, path in AS_IT_IS.items():
            if name in self._given:
                self._set(path, name, self._take(name))
        for name, value in self._given.items():
            if value in (None, "", {}, [], False):
                continue
            table = name.partition(".")[0]
            why = ELSEWHERE.get(name) or ELSEWHERE.get(table)
            self.notes.append(
                (name, f"left out; {why or 'no such variable is known here, see docs/from-cattle-ops.md'}")
            )


_PERIOD = {
    "periods": "Periods",
    "timezone": "Timezone",
    "idle_count": "IdleCount",
    "idle_time": "IdleTime",
    "idle_scale_factor": "IdleScaleFactor",
    "idle_count_min": "IdleCountMin",
}


def _spelled(given: Any, names: Mapping[str, str]) -> Any:
    return {names.get(key, key): value for key, value in given.items()} if isinstance(given, dict) else given


_TABLES = ("tags", "runner_worker_docker_machine_ami_filter", "runner_worker_docker_autoscaler_ami_filter")


def _leaves(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each variable, and each part of those that are objects, by names such as `runner_worker.max_jobs`."""
    for given, value in variables.items():
        name = BEFORE_7.get(given, given)
        if name.endswith(".types") and isinstance(value, str):
            value = [value]  # noqa: PLW2901 - of which releases up to 6 have one
        if isinstance(value, dict) and name not in _TABLES:
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        else:
            yield name, value


def _holds_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_expression, value.values()))
    return isinstance(value, Expression) or (isinstance(value, list) and any(map(_holds_expression, value)))
