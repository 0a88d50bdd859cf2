"""Amounts of money as people read them."""

from dataclasses import dataclass

from config_render.costs import currency

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

    def an_hour(self, amount: float | None) -> str:
        """Return an amount by the hour: `$0.450`."""
        return UNKNOWN if amount is None else f"{self.sign}{amount:,.3f}"

    def a_month(self, amount: float | None) -> str:
        """Return an amount by the month: `$1,328.50`."""
        return UNKNOWN if amount is None else f"{self.sign}{amount:,.2f}"

    def price(self, amount: float | None) -> str:
        """Return the price of a machine for an hour, with the digits that AWS gives: `0.0455`."""
        return UNKNOWN if amount is None else f"{amount:.4f}"
