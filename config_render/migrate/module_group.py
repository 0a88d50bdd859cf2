"""`[runners.autoscaler]` of the module, and the group behind it: its `docker_autoscaler.tf` and template."""

from collections.abc import Mapping
from typing import Any

from .module_call import RUNNER, ModuleCall
from .module_network import take_image, take_network

_GROUP = "runner_worker_docker_autoscaler"
_ASG, _INSTANCE = f"{_GROUP}_asg", f"{_GROUP}_instance"
_AT = f"{RUNNER}.autoscaler"
_DRIVER = "pools[0].driver.amazonec2"
_TYPES = "pools[0].instanceTypes"

_KEYS: tuple[tuple[str, Any], ...] = (
    ("capacity_per_instance", 1),
    ("max_use_count", 100),
    ("update_interval", "1m"),
    ("update_interval_when_expecting", "2s"),
    ("instance_ready_command", None),
)
_BESIDE: tuple[tuple[str, str, Any], ...] = (
    (f"{_INSTANCE}.root_size", f"{_DRIVER}-root-size", 8),
    (f"{_INSTANCE}.volume_type", f"{_DRIVER}-volume-type", "gp2"),
    (f"{_INSTANCE}.volume_iops", f"{_DRIVER}-volume-iops", None),
    (f"{_INSTANCE}.volume_throughput", f"{_DRIVER}-volume-throughput", None),
    (f"{_INSTANCE}.root_device_name", f"{_DRIVER}-device-name", None),
    (f"{_INSTANCE}.monitoring", f"{_DRIVER}-monitoring", None),
    (f"{_INSTANCE}.ebs_optimized", f"{_DRIVER}-use-ebs-optimized-instance", None),
    (f"{_INSTANCE}.http_tokens", f"{_DRIVER}-metadata-token", None),
    (f"{_INSTANCE}.http_put_response_hop_limit", f"{_DRIVER}-metadata-token-response-hop-limit", None),
    (f"{_INSTANCE}.private_address_only", f"{_DRIVER}-private-address-only", True),
    (f"{_INSTANCE}.start_script", "pools[0].userData", None),
    (f"{_GROUP}_role.additional_tags", f"{_DRIVER}-tags", None),
    (f"{_GROUP}_ami_id", "pools[0].ami", None),
)
"""What the module has in a launch template, by the settings that it becomes."""

GROUP_NAMES = (
    *(f"{_GROUP}.{key}" for key, _ in _KEYS),
    *(f"{_GROUP}.{key}" for key in ("connector_config_user", "fleeting_plugin_version", "key_pair_name")),
    *(row[0] for row in _BESIDE),
    *(
        f"{_ASG}.{key}"
        for key in (
            *("default_instance_type", "enable_mixed_instances_policy", "enabled_metrics", "health_check_grace_period"),
            *("health_check_type", "instance_refresh_min_healthy_percentage", "instance_refresh_triggers"),
            *("instance_requirements", "max_growth_rate", "on_demand_base_capacity", "profile_name", "sg_ingresses"),
            *("on_demand_percentage_above_base_capacity", "spot_allocation_strategy", "spot_instance_pools"),
            *("subnet_ids", "types", "upgrade_strategy"),
        )
    ),
    *(f"{_GROUP}_role.{key}" for key in ("assume_role_policy_json", "policy_arns", "profile_name")),
    *(f"{_GROUP}_ami_filter", f"{_GROUP}_ami_owners", f"{_GROUP}_autoscaling_options"),
    f"{_INSTANCE}.start_script_compression_algorithm",
)
"""All variables of machines that docker-autoscaler starts."""


def autoscaler_table(call: ModuleCall, runner: dict[str, Any]) -> dict[str, Any]:
    """Return `[runners.autoscaler]`, and take down what of a pool's settings is beside it.

    What the module makes of the jobs of `runner` is changed there.
    """
    table: dict[str, Any] = {"plugin": f"aws:{call.take(f'{_GROUP}.fleeting_plugin_version', '1.0.0')}"}
    call.names[_AT] = _GROUP
    call.names[f"{_AT}.state_storage"] = "pools[0].autoscaler.state_storage"
    call.mark(f"{_AT}.plugin", f"{_GROUP}.fleeting_plugin_version")
    for key, default in _KEYS:
        call.become(table, _AT, key, f"{_GROUP}.{key}", default)
    jobs, machines = table.get("capacity_per_instance"), runner.get("limit")
    if type(jobs) is type(machines) is int and machines > 0:
        # `max_jobs` counts machines there.
        table["max_instances"], runner["limit"] = machines, machines * jobs
    connector: dict[str, Any] = {"use_external_addr": False}
    call.become(connector, f"{_AT}.connector_config", "username", f"{_GROUP}.connector_config_user", "ec2-user")
    table["connector_config"] = connector
    _policies(call, table)
    call.of_group = True
    take_network(call, f"{_ASG}.subnet_ids")
    take_image(call, _GROUP)
    _capacity(call)
    for name, path, default in _BESIDE:
        call.set(path, call.take(name, default, path), name)
    # The manager has a public address where machines of the other executor would have one.
    name = "runner_worker_docker_machine_instance.private_address_only"
    call.private_workers = call.take(name, default=True, becomes="manager.publicAddress")
    return table


def _policies(call: ModuleCall, table: dict[str, Any]) -> None:
    name = f"{_GROUP}_autoscaling_options"
    given = call.take(name, [], "pools[0].autoscaler.policy")
    call.mark(f"{_AT}.policy", name)
    if given != []:
        listed = isinstance(given, list)
        table["policy"] = [_policy(each) for each in given] if listed else given


def _policy(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    return {"timezone": "UTC", **{key: value for key, value in given.items() if value is not None}}


def _capacity(call: ModuleCall) -> None:
    """Take the types of the group's machines, and how many of them are spot ones."""
    name, default = f"{_ASG}.types", f"{_ASG}.default_instance_type"
    mixed = call.take(f"{_ASG}.enable_mixed_instances_policy", default=False) is True
    types = call.ask_list(name, _TYPES, ["m5.large"])
    if types is None:
        types = [call.take(default, "m5.large", _TYPES)]
    elif len(types) > 1 and not mixed:
        message = f"{', '.join(map(str, types[1:]))} left out: without enable_mixed_instances_policy the module starts"
        call.findings.note(call.place(name), f"{message} {types[0]} alone; add them to {_TYPES} to have all")
        types = types[:1]
    call.set(_TYPES, types, name)
    if not mixed:
        return
    share, base = f"{_ASG}.on_demand_percentage_above_base_capacity", f"{_ASG}.on_demand_base_capacity"
    on_demand, count = call.take(share, 100, "pools[0].spot"), call.take(base, 0, "pools[0].spot.onDemandLimit")
    if on_demand == 100:
        return
    if on_demand != 0:
        message = f"left out: of {on_demand} percent on demand; machines are spot ones, and others take their place "
        call.findings.note(call.place(share), f"{message}while there are none: set pools[0].spot.onDemandLimit")
    if type(count) is int and count > 0:
        call.findings.note(
            call.place(base), "becomes pools[0].spot.onDemandLimit: machines that take jobs while there is no spot one"
        )
    call.settings["pools[0].spot"] = (
        {"onDemandLimit": count} if type(count) is int and count > 0 else {},
        call.place(share),
    )
