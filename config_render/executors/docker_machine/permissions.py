"""What the settings alone say of the machines that the manager may start: the bounds of its rights."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from ...settings.stack import Settings
from .entries import machine_name


class MachineBounds(TypedDict):
    """The fields of `policies.Workers` that settings alone decide."""

    instance_types: Sequence[str]
    machine_names: Sequence[str]
    any_group: bool
    imdsv2: bool
    encrypted: bool
    key_pairs: Sequence[str]
    kms_keys: Sequence[str]
    launch_templates: Sequence[str]
    fleet: bool
    spot: bool


def worker_bounds(settings: Settings) -> MachineBounds:
    """Return, by the names of the fields of `policies.Workers`, all that does not depend on what is created."""
    pools = settings.pools_of("docker+machine")
    options = [pool.given_options() for pool in pools]
    return {
        "instance_types": _each_once(each for pool in pools for each in pool.instance_types),
        # Without the placement, which stands behind the %s. Those on demand begin otherwise, which `runner-*-` covers.
        "machine_names": _each_once(machine_name(pool.name, pool.machine.machine_name) for pool in pools),
        "any_group": any(given.get("amazonec2-security-group") for given in options),
        "imdsv2": all(given["amazonec2-metadata-token"] == "required" for given in options),
        "encrypted": all(given["amazonec2-volume-encrypted"] for given in options),
        "key_pairs": _given(options, "amazonec2-keypair-name"),
        "kms_keys": _given(options, "amazonec2-volume-kms-key"),
        "launch_templates": _given(options, "amazonec2-launch-template"),
        "fleet": settings.manager.docker_machine.fork == "cki",
        "spot": any(
            pool.spot is not None or given.get("amazonec2-request-spot-instance")
            for pool, given in zip(pools, options, strict=True)
        ),
    }


def further_subnets(settings: Settings) -> tuple[str, ...]:
    """Return the ids of subnets that pools name as options of the driver, beside the network's own."""
    return _given([pool.given_options() for pool in settings.pools_of("docker+machine")], "amazonec2-subnet-id")


def looked_up_images(settings: Settings) -> tuple[str, ...]:
    """Return under which names `Settings.image_lookups` has the images of machines."""
    pools = [pool for pool in settings.pools_of("docker+machine") if pool.ami is None]
    return tuple(sorted({pool.image_key(each) for pool in pools for each in pool.instance_types}))


def _given(options: list[dict[str, object]], name: str) -> tuple[str, ...]:
    return _each_once(str(given[name]) for given in options if given.get(name))


def _each_once(texts: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
