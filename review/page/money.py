"""Amounts of money as people read them."""

from dataclasses import dataclass

from config_render.base.amounts import Amount
from planning.costs import currency

UNKNOWN = "?"


@dataclass(frozen=True)
class Money:
    """The currency of a region's prices."""

    code: str
    sign: str
    name: str

    @staticmethod
    def of(region: str) -> "Money":
        """Return what prices of a region are in."""
        code = currency(region)
        return Money(code, "$", "US dollars") if code == "USD" else Money(code, "CN¥", "Chinese yuan")

    def an_hour(self, amount: Amount, unknown: str = UNKNOWN) -> str:
        """Return an amount by the hour: `$0.450`, `at least $0.450`."""
        return amount.in_words(lambda known: f"{self.sign}{known:,.3f}", unknown)

    def a_month(self, amount: Amount, unknown: str = UNKNOWN) -> str:
        """Return an amount by the month: `$1,328.50`."""
        return amount.in_words(lambda known: f"{self.sign}{known:,.2f}", unknown)

    def price(self, amount: float | None) -> str:
        """Return the price of a machine for an hour, with the digits that AWS gives: `0.0455`."""
        return UNKNOWN if amount is None else f"{amount:.4f}"
