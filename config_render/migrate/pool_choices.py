"""A pool's instance types, image and price, by the MachineOptions of an entry."""

import re

from ..base.instance_types import architecture, check_instance_type
from ..checks.docker_machine_rules import is_off
from ..settings.runner import Executor
from ..settings.spot import LEAST_PRICE, ON_DEMAND
from .findings import Findings
from .options import Choices

_DRIVERS_TYPE, _DRIVERS_PRICE = "t2.micro", "0.50"
"""What docker-machine takes where these are left out."""

_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")


def pool_choices(found: Choices, pool: int, executor: Executor, findings: Findings) -> dict[str, object]:
    """Return a pool's instance types, image and spot settings. `pool` is its number, `executor` what it will have."""
    wrong = "amazonec2-instance-type"
    given = list(dict.fromkeys(found.placed.get(wrong, [_DRIVERS_TYPE])))
    types = _of_one_architecture([each for each in given if not check_instance_type(each)], found, findings)
    result: dict[str, object] = {}
    if types:
        result["instanceTypes"] = types
    else:
        findings.want(f"pools[{pool}].instanceTypes[0]", "m5.large", f"{found.place(wrong)} names no instance type")
    if wrong not in found.placed:
        findings.note(found.at, f"names no {wrong}; it is {_DRIVERS_TYPE}, docker-machine's own default")
    if len(given) > 1:
        findings.note(
            found.place(wrong),
            "several instance types: the pool takes all, one after the other where AWS has no capacity; GitLab's "
            "docker-machine takes the last",
        )
    if ami := found.last("amazonec2-ami"):
        if _IMAGE.fullmatch(ami):
            result["ami"] = ami
        else:
            findings.left_out(
                found.place("amazonec2-ami"), "it is not an image id; machines start from a current Ubuntu"
            )
    if (spot := _spot(found, pool, executor, findings)) is not None:
        result["spot"] = spot
    return result


def _of_one_architecture(types: list[str], found: Choices, findings: Findings) -> list[str]:
    # An image is for one of them, and what other drivers than the CKI project's take is the last.
    kept = [each for each in types if architecture(each) == architecture(types[-1])]
    if left := [each for each in types if each not in kept]:
        reason = f"{', '.join(left)}: its processors are others than those of {types[-1]}; make a pool of its own"
        findings.left_out(found.place("amazonec2-instance-type"), reason)
    return kept


def _spot(found: Choices, pool: int, executor: Executor, findings: Findings) -> dict[str, object] | None:
    option = "amazonec2-spot-price"
    price = found.last(option)
    if is_off(found.last("amazonec2-request-spot-instance")):
        if price:
            findings.left_out(found.place(option), "a price without amazonec2-request-spot-instance has no effect")
        return None
    usable = re.fullmatch(r"\d{1,6}(\.\d{1,6})?", price or "") and float(price or 0) >= LEAST_PRICE
    if executor == "docker-autoscaler" and not usable:
        findings.note(found.place(option), f"no price in {option}; a machine costs at most what it does on demand")
        return {}
    if price is None:
        findings.note(found.at, f"names no {option}; it is {_DRIVERS_PRICE}, docker-machine's own cap")
        return {"maxPrice": float(_DRIVERS_PRICE)}
    if price == "":
        # An empty price meant what machines cost on demand, until AWS refused it.
        types = found.placed.get("amazonec2-instance-type", [_DRIVERS_TYPE])
        why = f"{found.place(option)} allows what {types[-1]} costs on demand: US dollars an hour"
        findings.want(f"pools[{pool}].spot.onDemandPrice", 0.1, why)
        return {"maxPrice": ON_DEMAND}
    if not usable:
        findings.want(f"pools[{pool}].spot.maxPrice", 0.1, f"{found.place(option)} is not a valid price")
        return {}
    return {"maxPrice": float(price)}
