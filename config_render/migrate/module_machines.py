"""`[runners.machine]` of the module: what it starts machines with by docker-machine.

As `template/runner-docker-machine-config.tftpl` has it, until 8.0 a part of `template/runner-config.tftpl`.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from .module_call import RUNNER, ModuleCall
from .module_network import INVENTED_SUBNET, INVENTED_VPC, take_image, take_network

REGION = "eu-central-1"
"""In place of the provider's region, which no variable says."""
_MACHINE = "runner_worker_docker_machine"
_INSTANCE = f"{_MACHINE}_instance"
_AT = f"{RUNNER}.machine"
_PRICE = "0.1"

_NUMBERS: tuple[tuple[str, str, int], ...] = (
    ("IdleCount", f"{_INSTANCE}.idle_count", 0),
    ("IdleTime", f"{_INSTANCE}.idle_time", 600),
    ("MaxBuilds", f"{_INSTANCE}.destroy_after_max_builds", 0),
    ("MaxGrowthRate", f"{_INSTANCE}.max_growth_rate", 0),
)
_OPTIONS: tuple[tuple[str, str, Any], ...] = (
    ("amazonec2-volume-type", f"{_INSTANCE}.volume_type", "gp2"),
    ("amazonec2-device-name", f"{_INSTANCE}.root_device_name", None),
    ("amazonec2-monitoring", f"{_INSTANCE}.monitoring", None),
    ("amazonec2-use-ebs-optimized-instance", f"{_INSTANCE}.ebs_optimized", None),
    ("engine-registry-mirror", f"{_INSTANCE}.docker_registry_mirror_url", None),
    ("amazonec2-ami", f"{_MACHINE}_ami_id", None),
    ("amazonec2-metadata-token", f"{_MACHINE}_ec2_metadata_options.http_tokens", None),
    (
        "amazonec2-metadata-token-response-hop-limit",
        f"{_MACHINE}_ec2_metadata_options.http_put_response_hop_limit",
        None,
    ),
    ("", f"{_MACHINE}_ec2_options", None),
)
_PERIOD = {
    "periods": "Periods",
    "timezone": "Timezone",
    "idle_count": "IdleCount",
    "idle_time": "IdleTime",
    "idle_scale_factor": "IdleScaleFactor",
    "idle_count_min": "IdleCountMin",
}
_OFF_PEAK = {"timezone": "Timezone", "idle_count": "IdleCount", "idle_time": "IdleTime"}

MACHINE_NAMES = (
    *(row[1] for row in (*_NUMBERS, *_OPTIONS)),
    *(
        f"{_INSTANCE}.{key}"
        for key in ("name_prefix", "private_address_only", "root_size", "start_script", "subnet_ids", "types")
    ),
    *(f"{_INSTANCE}.{key}" for key in ("volume_iops", "volume_throughput")),
    *(f"{_INSTANCE}_spot.enable", f"{_INSTANCE}_spot.max_price", f"{_MACHINE}_autoscaling_options"),
    *(f"{_MACHINE}_role.{key}" for key in ("additional_tags", "policy_arns", "profile_name")),
    *(f"{_MACHINE}_role.assume_role_policy_json", f"{_MACHINE}_fleet.enable", f"{_MACHINE}_fleet.key_pair_name"),
    *(f"{_MACHINE}_ami_filter", f"{_MACHINE}_ami_owners", f"{_MACHINE}_security_group_description"),
)
"""All variables of machines that docker-machine starts."""


class _Options(list[str]):
    """MachineOptions, of which `call` is told where each comes from."""

    def __init__(self, call: ModuleCall) -> None:
        super().__init__()
        self._call = call

    def put(self, option: str, value: Any, name: str) -> None:
        """Add an option, or one for each item of a list; nothing for an empty value."""
        for each in value if isinstance(value, list) else [] if value in (None, "") else [value]:
            self._call.mark(f"{_AT}.MachineOptions[{len(self)}]", name)
            text = str(each).lower() if isinstance(each, bool) else str(each)
            self.append(f"{option}={text}" if option else text)

    def take(self, option: str, name: str, default: Any = None) -> None:
        becomes = f"pools[0].driver.{option}" if option else "pools[0].driver"
        self.put(option, self._call.take(name, default, becomes), name)


def machine_table(call: ModuleCall) -> dict[str, Any]:
    """Return `[runners.machine]`, and take down what of a pool's settings is beside it."""
    machine: dict[str, Any] = {"MachineDriver": "amazonec2"}
    for row in _NUMBERS:
        call.become(machine, _AT, *row)
    call.mark(f"{_AT}.MachineName", f"{_INSTANCE}.name_prefix")
    if isinstance(prefix := call.take(f"{_INSTANCE}.name_prefix", "", "pools[0].machine.MachineName"), str) and prefix:
        machine["MachineName"] = f"{prefix}-%s"
    take_network(call, f"{_INSTANCE}.subnet_ids")
    take_image(call, _MACHINE)
    machine["MachineOptions"] = [*_options(call)]
    _periods(call, machine)
    _off_peak(call, machine)
    for key, setting in (("volume_iops", "volume-iops"), ("volume_throughput", "volume-throughput")):
        path = f"pools[0].driver.amazonec2-{setting}"
        call.set(path, call.take(f"{_INSTANCE}.{key}", becomes=path), f"{_INSTANCE}.{key}")
    tags = "pools[0].driver.amazonec2-tags"
    call.set(tags, call.take(f"{_MACHINE}_role.additional_tags", becomes=tags), f"{_MACHINE}_role.additional_tags")
    script = f"{_INSTANCE}.start_script"
    call.set("pools[0].userData", call.take(script, becomes="pools[0].userData"), script)
    return machine


def _options(call: ModuleCall) -> _Options:
    options = _Options(call)
    options.put("amazonec2-region", REGION, "aws_region")
    options.put("amazonec2-vpc-id", INVENTED_VPC, "vpc_id")
    options.put("amazonec2-subnet-id", INVENTED_SUBNET, "subnet_id")
    _types(call, options)
    name = f"{_INSTANCE}.private_address_only"
    private = call.private_workers = call.take(
        name, default=True, becomes="pools[0].driver.amazonec2-private-address-only"
    )
    options.put("amazonec2-private-address-only", private, name)
    if private is False:
        options.put("amazonec2-use-private-address", True, name)
    options.take("amazonec2-root-size", f"{_INSTANCE}.root_size", 16 if call.former else 8)
    for row in _OPTIONS:
        options.take(*row)
    _spot(call, options)
    return options


def _types(call: ModuleCall, options: _Options) -> None:
    name, fleet = f"{_INSTANCE}.types", "docker_machine_instance_types_fleet"
    path, examples = "pools[0].instanceTypes", ["m5.large"]
    types = call.ask_list(fleet, path, examples)
    if types:
        call.leave_out([name], f"{call.place(fleet)} is there too, and the module takes that")
    else:
        types = call.ask_list(name, path, examples) if types is None else types
    if types == []:
        call.invented.append(path)
        types = examples
    options.put("amazonec2-instance-type", types or ["m5a.large" if call.is_before(4, 15) else "m5.large"], name)


def _spot(call: ModuleCall, options: _Options) -> None:
    enable, name = f"{_INSTANCE}_spot.enable", f"{_INSTANCE}_spot.max_price"
    if call.take(enable, default=True, becomes="pools[0].spot") is False:
        call.leave_out([name], f"it has no effect while {call.place(enable)} is false")
        return
    price = call.ask(name, "pools[0].spot.maxPrice", float(_PRICE), needed=False)
    if price is None and any(each.path == "pools[0].spot.maxPrice" for each in call.findings.wanted):
        price = _PRICE
        call.invented.append("pools[0].spot.maxPrice")
    elif price is None:
        price = "0.06" if call.is_before(4, 35) else "on-demand-price"
    options.put("amazonec2-request-spot-instance", True, enable)
    call.mark(f"{_AT}.MachineOptions[{len(options)}]", name)
    options.append(f"amazonec2-spot-price={'' if price == 'on-demand-price' else price}")


def _periods(call: ModuleCall, machine: dict[str, Any]) -> None:
    name = f"{_MACHINE}_autoscaling_options"
    given = call.take(name, [], "pools[0].machine.autoscaling")
    call.mark(f"{_AT}.autoscaling", name)
    if given == []:
        return
    if not isinstance(given, list):
        machine["autoscaling"] = given
        return
    machine["autoscaling"] = [_period(each) for each in given]


def _period(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    entry = {_PERIOD.get(key, key): value for key, value in given.items() if value is not None}
    if isinstance(periods := entry.get("Periods"), list):
        # Until 7.0 each had to be in quotes of its own.
        entry["Periods"] = [each.strip('"') if isinstance(each, str) else each for each in periods]
    return {"Timezone": "UTC", **entry}


def _off_peak(call: ModuleCall, machine: dict[str, Any]) -> None:
    name = "runners_off_peak_periods"
    text = call.take(name, "", "pools[0].machine.autoscaling")
    call.mark(f"{_AT}.OffPeakPeriods", name)
    if text == "":
        return
    try:  # it is TOML
        machine["OffPeakPeriods"] = tomllib.loads(f"x = {text}")["x"]
    except (ValueError, RecursionError):
        machine["OffPeakPeriods"] = text
    for key, setting in _OFF_PEAK.items():
        value = call.take(f"runners_off_peak_{key}", becomes=f"pools[0].machine.autoscaling[0].{setting}")
        call.mark(f"{_AT}.OffPeak{setting}", f"runners_off_peak_{key}")
        machine[f"OffPeak{setting}"] = value
