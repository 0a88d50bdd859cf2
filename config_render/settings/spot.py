"""Spot capacity and what is paid for it."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from ..base.pydantic_messages import number_as_text
from ..base.section import Section
from ..base.values import Positive, in_order

ON_DEMAND = "onDemand"
LEAST_PRICE = 0.001
_PRICE = {"type": "number", "minimum": LEAST_PRICE}


def is_price(value: object) -> bool:
    """Return whether AWS takes `value` as a price: US dollars per hour."""
    return isinstance(value, int | float) and not isinstance(value, bool) and LEAST_PRICE <= value < float("inf")


def _max_price(value: object) -> object:
    # Checked by hand: an error of a union would name its branches instead of the value.
    if value != ON_DEMAND and not is_price(value):
        wanted = f"must be US dollars per hour, at least {LEAST_PRICE}, or {ON_DEMAND}"
        raise ValueError(f"{wanted}{number_as_text(value)}")
    return value if value == ON_DEMAND else float(value)  # type: ignore[arg-type]


def _prices(value: object) -> object:
    given = list(value.values()) if isinstance(value, dict) else [value]
    if not given or not all(map(is_price, given)):
        raise ValueError(
            f"must be a number of at least {LEAST_PRICE} (US dollars per hour), or a table of them by type"
            + next(filter(None, map(number_as_text, given)), "")
        )
    return in_order(value)


class Spot(Section):
    """Spot capacity: cheaper, and taken back by AWS at two minutes' notice."""

    # docker-machine takes 0.50 when no price is given, and AWS refuses an empty one: there a rule asks for it.
    max_price: (
        Annotated[
            float | Literal["onDemand"],
            BeforeValidator(_max_price),
            WithJsonSchema({"anyOf": [_PRICE, {"const": ON_DEMAND}]}),
        ]
        | None
    ) = Field(
        default=None,
        alias="maxPrice",
        description=f"Highest price to pay for a machine, in US dollars per hour; {ON_DEMAND} for up to onDemandPrice",
        examples=[0.07, ON_DEMAND],
    )
    on_demand_price: (
        Annotated[
            Any,
            BeforeValidator(_prices),
            WithJsonSchema({"anyOf": [_PRICE, {"type": "object", "additionalProperties": _PRICE}]}),
        ]
        | None
    ) = Field(
        default=None,
        alias="onDemandPrice",
        description="What such a machine costs on demand, in US dollars per hour: a number, or one for each type",
        examples=[0.115, {"m5.large": 0.115, "m6i.large": 0.115}],
    )

    on_demand_limit: Positive | None = Field(
        default=None,
        alias="onDemandLimit",
        description="Most on-demand machines that take jobs while there is no spot capacity in any zone and type; they "
        "come on top of limit, which counts jobs then",
    )

    def on_demand(self, instance_type: str) -> float | None:
        """Return the on-demand price of a type, if it is given."""
        given = self.on_demand_price
        found = given.get(instance_type) if isinstance(given, dict) else given
        return None if found is None else float(found)

    def cap(self, instance_type: str) -> str:
        """Return the highest price for a type as the driver wants it. Raises ValueError where none is known."""
        price = self.on_demand(instance_type) if self.max_price == ON_DEMAND else self.max_price
        if price is None:
            raise ValueError(f"the on-demand price of {instance_type} is not given")
        return format(Decimal(str(price)), "f")
