"""The recorded calls and `cases.yaml`, as requests with the answers that they must get."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.iam.policies import Policy

from . import groups
from .ec2 import Call, recorded, requests
from .evaluator import Evaluator, Request
from .variants import RESOURCE_POLICIES, VARIANTS, Variant

_REMOVAL = ("DescribeInstances", "TerminateInstances", "DeleteKeyPair")
"""What `docker-machine rm` asks for, of the recorded calls."""
_TABLE = yaml.load((Path(__file__).parent / "cases.yaml").read_text(), yaml.CSafeLoader)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call, in one variant."""

    name: str
    variant: Variant
    policy: str
    """Which policy is asked, by its name in `Variant.policies`."""

    requests: Mapping[str, Request]
    refused: frozenset[str]
    """Which of the requests are to be refused; none where the call is allowed."""

    def refused_by(self, evaluator: Evaluator, policy: Policy) -> frozenset[str]:
        """Return which of the requests this policy refuses."""
        on_resource = policy if self.policy in RESOURCE_POLICIES else None
        # Statements of a bucket's policy that forbid are of use only where something else allows.
        identity = self.variant.policies["manager"] if self.policy == "bucket" else None if on_resource else policy
        return frozenset(
            name
            for name, request in self.requests.items()
            if not evaluator.allows(identity, request, resource_policy=on_resource)
        )


@functools.cache
def cases() -> Sequence[Case]:
    """Return every case of every variant; the names tell them apart."""
    return [
        case
        for name, variant in VARIANTS.items()
        for make in (_recorded, _changed, _single, _plugin, _moved_over)
        for case in make(name, variant)
    ]


def _recorded(name: str, variant: Variant) -> Iterator[Case]:
    for kind in ("on_demand", *(["spot"] if "spot" in variant.features else [])):
        for call in recorded(kind):
            yield Case(
                name=f"{name}: {kind} {call.action}",
                variant=variant,
                policy="manager",
                requests=requests(call, variant),
                refused=frozenset(),
            )


def _changed(name: str, variant: Variant) -> Iterator[Case]:
    for row in _TABLE["changed"]:
        kind, action = row["in"].split()
        if "only" in row and row["only"] not in variant.features:
            continue
        (call,) = [call for call in recorded(kind) if call.action == action]
        parameters = {key: value for key, value in {**call.parameters, **row["set"]}.items() if value is not None}
        yield Case(
            name=f"{name}: {row['in']} with {row['is']}",
            variant=variant,
            policy="manager",
            requests=requests(Call(action, parameters), variant),
            refused=frozenset() if _allowed(row, variant) else frozenset(row["refused"]),
        )


def _single(name: str, variant: Variant) -> Iterator[Case]:
    for row in [*_TABLE["requests"], *_TABLE["others"]]:
        policy = row.get("policy", "manager")
        request = Request(
            action=row["action"],
            resource=variant.fill(row["resource"]),
            context={key: variant.fill(value) for key, value in row.get("context", {}).items()},
            principal=variant.fill(row.get("principal", "{iam}:role/manager")),
        )
        yield Case(
            name=f"{name}: {policy}, {row['is']}",
            variant=variant,
            policy=policy,
            requests={"it": request},
            refused=frozenset() if _allowed(row, variant) else frozenset({"it"}),
        )


def _plugin(name: str, variant: Variant) -> Iterator[Case]:
    for call, request in groups.recorded(variant).items():
        yield Case(
            name=f"{name}: plugin's {call}",
            variant=variant,
            policy="groups",
            requests={"it": request},
            refused=frozenset(),
        )


def _moved_over(name: str, variant: Variant) -> Iterator[Case]:
    """Machines that docker-machine has made are removed by what is left of its rights, and no others are made."""
    for kind in ("on_demand", "spot"):
        for call in recorded(kind):
            asked = requests(call, variant)
            removes = call.action in _REMOVAL
            # A look is allowed for the removal's sake, or that of the groups.
            if removes or not call.action.startswith("Describe"):
                yield Case(
                    name=f"{name}: moved over, {kind} {call.action}",
                    variant=variant,
                    policy="moved over",
                    requests=asked,
                    refused=frozenset() if removes else frozenset(asked),
                )


def _allowed(row: Mapping[str, Any], variant: Variant) -> bool:
    """`allowed` is a truth, or the feature that it takes."""
    return row["allowed"] if isinstance(row["allowed"], bool) else row["allowed"] in variant.features
