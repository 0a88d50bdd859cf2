"""Region, VPC, subnets and zones of all entries, as one network and the places of each pool."""

import re
from collections.abc import Sequence

from ..base.regions import check_region
from ..settings.network import DEFAULT_VPC
from .findings import Findings
from .options import Choices

_DRIVERS_REGION, _DRIVERS_ZONE = "us-east-1", "a"
"""What docker-machine takes where these are left out."""
_ZONE = re.compile(r"[a-z]|-[a-z0-9-]{1,30}")
_VPC = "vpc-0123456789abcdef0"
_OPTION = "amazonec2-{}".format


def read_region(choices: Sequence[Choices], findings: Findings) -> str | None:
    """Return the region of all entries; None, having asked for it, where there is none that exists."""
    choices = [each for each in choices if each.last(_OPTION("region")) or not each.of_group] or choices[:1]
    if choices[0].of_group and not choices[0].last(_OPTION("region")):
        findings.want("aws:region", "eu-central-1", f"{choices[0].at}: the region of its group")
        return None
    given = [each.last(_OPTION("region")) or _DRIVERS_REGION for each in choices]
    for each in choices:
        if not each.last(_OPTION("region")):
            findings.note(each.at, f"names no amazonec2-region; it is {_DRIVERS_REGION}, docker-machine's own default")
    same(
        findings,
        [(each.place(_OPTION("region")), region) for each, region in zip(choices, given, strict=True)],
        "region",
    )
    region = given[0]
    if not check_region(region):
        return region
    if not check_region(region[:-1]):
        findings.note(choices[0].place(_OPTION("region")), f"is a zone; the region is {region[:-1]}")
        return region[:-1]
    findings.want("aws:region", "eu-central-1", f"{choices[0].place(_OPTION('region'))} names no region of AWS")
    return None


def same(findings: Findings, values: Sequence[tuple[str, object]], what: str) -> None:
    """Refuse values, each with its place, that differ where a stack has one."""
    for place, value in values:
        if value != values[0][1]:
            shown = value if isinstance(value, str) else None
            findings.refuse(
                place, shown, f"has another {what} than {values[0][0]}, and a stack has one; make a stack of each"
            )


class Network:
    """The network of all entries."""

    def __init__(self, choices: Sequence[Choices], region: str | None, findings: Findings) -> None:
        self._findings = findings
        self._at = choices[0].at
        self._choices = choices = [each for each in choices if not each.of_group]
        self._region = region or ""
        vpcs = [
            (each.place(_OPTION("vpc-id")), each.last(_OPTION("vpc-id")) or None)
            for each in choices
            # A subnet says itself which VPC it is in.
            if each.last(_OPTION("vpc-id")) or not each.last(_OPTION("subnet-id"))
        ]
        same(findings, vpcs, "VPC")
        self._vpc = vpcs[0][1] if vpcs else None
        self._subnets = [self._subnets_of(each) for each in choices]
        self._zones = [self._zones_of(each) for each in choices]
        self._by_zone: dict[str, str] = {}
        """The first subnet of each zone; those of a list have the zones that AWS tells, and no name here."""
        for subnets, zones in zip(self._subnets, self._zones, strict=True):
            if len(subnets) == 1:
                self._by_zone.setdefault(zones[-1], subnets[0])

    def _subnets_of(self, each: Choices) -> list[str]:
        given = [subnet for subnet in dict.fromkeys(each.placed.get(_OPTION("subnet-id"), [])) if subnet]
        found = [subnet for subnet in given if re.fullmatch(r"subnet-\w+", subnet, re.ASCII)]
        if len(found) > 1:
            self._findings.note(
                each.place(_OPTION("subnet-id")),
                "several subnets: the pool takes all, one for each zone; GitLab's docker-machine takes the last",
            )
        return found

    def _zones_of(self, each: Choices) -> list[str]:
        found = []
        for given in each.placed.get(_OPTION("zone")) or [_DRIVERS_ZONE]:
            zone = (given or _DRIVERS_ZONE).removeprefix(self._region)
            if _ZONE.fullmatch(zone):
                found.append(zone)
            else:
                message = f"it is not a zone; docker-machine's own default, {_DRIVERS_ZONE}, is taken"
                self._findings.left_out(each.place(_OPTION("zone")), message)
        return list(dict.fromkeys(found)) or [_DRIVERS_ZONE]

    def settings(self) -> dict[str, object]:
        """Return the setting `network`, and ask for what it lacks."""
        if not self._choices:
            self._findings.want("network.vpcId", _VPC, f"{self._at}: the VPC of its group")
            self._findings.want("network.subnetIds[0]", "subnet-0123456789abcde00", f"{self._at}: its group's subnets")
            return {}
        if self._vpc is None and not any(self._subnets):
            return {"vpcId": DEFAULT_VPC, "zones": list(dict.fromkeys(zone for each in self._zones for zone in each))}
        network: dict[str, object] = {}
        place = self._choices[0].place(_OPTION("vpc-id"))
        if self._vpc and re.fullmatch(r"vpc-\w+", self._vpc, re.ASCII):
            network["vpcId"] = self._vpc
        else:
            why = f"{place} names no VPC" if self._vpc else f"{place} has none; the VPC of the subnets"
            self._findings.want("network.vpcId", _VPC, why)
        listed = [subnet for each in self._subnets if len(each) > 1 for subnet in each]
        subnets = list(dict.fromkeys([*self._by_zone.values(), *listed]))
        if subnets:
            network["subnetIds"] = subnets
        self._ask_for_subnets(len(subnets))
        return network

    def _ask_for_subnets(self, count: int) -> None:
        lacking = [
            (zones[-1], each)
            for each, subnets, zones in zip(self._choices, self._subnets, self._zones, strict=True)
            if not subnets and zones[-1] not in self._by_zone
        ]
        for zone, each in dict(reversed(lacking)).items():
            place = each.place(_OPTION("subnet-id"))
            why = f"{place}: a subnet of the VPC in {self._region}{zone}, where docker-machine looks for one"
            self._findings.want(f"network.subnetIds[{count}]", f"subnet-0123456789abcde{count:02x}", why)
            count += 1

    def pool(self, of: Choices) -> tuple[dict[str, object], dict[str, object]]:
        """Return the settings of an entry's pool that say where it is, and those under `driver`."""
        index = next((index for index, each in enumerate(self._choices) if each is of), None)
        if index is None:
            return {}, {}
        zones, subnets = self._zones[index], self._subnets[index]
        known = list(dict.fromkeys(zone for each in self._zones for zone in each))
        if len(subnets) > 1:
            return {}, {}
        one = self._vpc is not None or any(self._subnets)
        placed: dict[str, object] = {}
        if len(known) > 1 or any(len(each) > 1 for each in self._subnets):
            placed["zones"] = zones[-1:] if one else zones
        own = subnets and self._by_zone.get(zones[-1]) != subnets[0]
        if own:
            placed["zones"] = zones[-1:]
        return placed, {"amazonec2-subnet-id": subnets[0]} if own else {}
