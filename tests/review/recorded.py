"""Previews as the engine told them, and what AWS might have said of prices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from planning import fees
from planning.costs import MachineRow, as_plain
from planning.fees import NetworkRow
from planning.market import Market
from planning.spot_history import SpotHistory
from review.changes import Changes, changes_of
from review.events import read_events

from .record import EVENTS

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ZONE = "eu-central-1a"


def changes(case: str, *, stack: str = "local") -> Changes:
    """What one of the recorded previews says."""
    return changes_of(read_events(EVENTS / f"{case}.jsonl"), project="gitlab-runner-aws", stack=stack)


def row(pool: str, most: int, idle: float = 168, cap: float | None = None, type_: str = "m5.large") -> MachineRow:
    return MachineRow(
        pool=pool,
        zone=ZONE,
        type=type_,
        cap=cap,
        most=most,
        group=pool,
        idle_hours=idle,
        disk_type="gp3",
        disk_gib=0,
        public_address=False,
    )


def with_machines(
    changed: Changes,
    before: list[MachineRow] | None,
    after: list[MachineRow] | None,
    network: Sequence[NetworkRow] = (),
) -> Changes:
    """The same changes of a stack that has these machines among its outputs; None for a stack without the output."""

    def outputs(there: Any, rows: list[MachineRow] | None) -> dict[str, Any]:
        charged = {} if rows is None else {"machines": as_plain(rows), "network_charges": fees.as_plain(network)}
        return {**there, **charged}

    return replace(
        changed,
        outputs_before=outputs(changed.outputs_before, before),
        outputs_after=outputs(changed.outputs_after, after),
    )


MARKET = Market(
    spot={("m5.large", ZONE): SpotHistory(NOW, ((NOW, 0.045),))},
    on_demand={("m5.large", "eu-central-1"): 0.1, ("t3.small", "eu-central-1"): 0.02},
    fees={
        (what, "eu-central-1"): price
        for what, price in (("gp3", 0.073), ("public address", 0.005), ("NAT gateway", 0.05))
    },
)
