"""Amounts of money, of which a part may be missing because a price is unknown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """A sum of prices. Where one is missing, it is at least what the others come to."""

    known: float = 0.0
    """What the known prices come to."""
    missing: bool = False
    """Whether a price that counts is unknown."""

    @staticmethod
    def of(quantity: float, price: float | None) -> "Amount":
        """Return a quantity times a price. A price that nothing is bought at need not be known."""
        if not quantity:
            return Amount()
        return Amount(missing=True) if price is None else Amount(quantity * price)

    @property
    def value(self) -> float | None:
        """What is known, which may be less than the whole; None where nothing is."""
        return None if self.missing and not self.known else self.known

    def in_words(self, shown: Callable[[float], str], unknown: str = "not known") -> str:
        """Return the amount as `shown` writes it: `1.20`, `at least 1.20`, or `unknown`."""
        if self.value is None:
            return unknown
        return f"at least {shown(self.known)}" if self.missing else shown(self.known)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.known + other.known, self.missing or other.missing)

    def __mul__(self, quantity: float) -> "Amount":
        return Amount(self.known * quantity, self.missing and quantity != 0)


def total(amounts: Iterable[Amount]) -> Amount:
    """Add up amounts."""
    known, missing = 0.0, False
    for amount in amounts:
        known += amount.known
        missing = missing or amount.missing
    return Amount(known, missing)
