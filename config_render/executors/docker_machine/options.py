"""The options that docker-machine creates a worker with, put together from all who have a say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...base.placeholders import ACCESS_KEY_PLACEHOLDER, SECRET_KEY_PLACEHOLDER
from ...base.tags import join_tags
from ...settings.driver import FIELDS, DriverOptions
from ...settings.option_texts import merge_options


@dataclass(frozen=True)
class MachineSpec:
    """Where a worker is started and as what: all that differs between runner entries or is known late."""

    region: str
    zone: str
    """As a suffix: `a`, `-lax-1a`."""
    vpc_id: str
    subnet_id: str
    security_group: str
    """The group's name: the driver takes no id."""
    instance_type: str
    instance_profile: str
    ami: str
    spot_price: str | None
    """US dollars per hour; None for on-demand."""
    tags: Mapping[str, str]
    private: bool = False
    """Whether the subnet gives no public addresses."""
    user_data: str | None = None
    """Path on the manager."""
    by_key: bool = False
    """Whether docker-machine signs in with the stack's access key."""


def machine_options(spec: MachineSpec, driver: DriverOptions, given: Sequence[str]) -> list[str]:
    """Return MachineOptions in the driver's order, each option once but for those that make a list.

    `given` overrides `driver`, and that overrides what follows from the spec; lists and tags are joined instead.
    """
    own = driver.__dict__
    typed = {option: value for option, name in FIELDS.items() if (value := own[name]) is not None}
    raw = merge_options(given)
    own_endpoint = raw.get("amazonec2-endpoint", driver.endpoint)
    options: dict[str, object] = {**_placed(spec, own_endpoint=own_endpoint is not None)}
    for layer in (typed, raw):
        for option, value in layer.items():
            if isinstance(value, dict | tuple) and option in options:
                options[option] = _joined(options[option], value)
            else:
                options[option] = value
    in_order = sorted(options, key=_PLACES.__getitem__)
    return [*(f"{option}={text}" for option in in_order for text in _texts(options[option])), *(driver.extra or ())]


_PLACES = {option: place for place, option in enumerate(FIELDS)}


def _placed(spec: MachineSpec, *, own_endpoint: bool) -> dict[str, object]:
    # With an endpoint of its own the driver no longer puts the region before the zone.
    zone = spec.region + spec.zone if own_endpoint else spec.zone
    options: dict[str, object] = {
        "amazonec2-ami": spec.ami,
        "amazonec2-region": spec.region,
        "amazonec2-vpc-id": spec.vpc_id,
        "amazonec2-zone": zone,
        "amazonec2-subnet-id": spec.subnet_id,
        "amazonec2-security-group": (spec.security_group,),
        "amazonec2-tags": dict(spec.tags),
        "amazonec2-instance-type": spec.instance_type,
        "amazonec2-iam-instance-profile": spec.instance_profile,
    }
    if spec.private:
        options["amazonec2-private-address-only"] = True
    if spec.user_data:
        options["amazonec2-userdata"] = spec.user_data
    if spec.by_key:
        options["amazonec2-access-key"] = ACCESS_KEY_PLACEHOLDER
        options["amazonec2-secret-key"] = SECRET_KEY_PLACEHOLDER
    if spec.spot_price is not None:
        # A price alone would silently start on-demand machines, spot without a price caps it at 0.50.
        options["amazonec2-request-spot-instance"] = True
        options["amazonec2-spot-price"] = spec.spot_price
    return options


def _joined(old: object, new: dict[str, str] | tuple[str, ...]) -> object:
    if isinstance(new, dict):
        return {**old, **new} if isinstance(old, dict) else new
    return (*old, *new) if isinstance(old, tuple) else new


def _texts(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple):
        return value
    if isinstance(value, dict):
        return [join_tags(value)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]
