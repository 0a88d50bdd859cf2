"""What a spot price did in a day, weighted by time: a price holds until the next one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

WINDOW = timedelta(hours=24)
NO_CAP = 0.0
"""In place of the highest price to pay: what the type costs on demand, which AWS never exceeds."""


@dataclass(frozen=True)
class SpotHistory:
    """The spot price of one instance type in one zone, up to when it was asked for."""

    until: datetime
    points: tuple[tuple[datetime, float], ...]
    """When a price began, and the price in US dollars per hour; at least one, in any order.

    AWS tells the last change before the time asked for too, so that the whole day is covered.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html
    """

    @cached_property
    def steps(self) -> list[tuple[datetime, datetime, float]]:
        """From when till when each price of the last 24 h held, and the price, in the order of time."""
        ordered = sorted(self.points)
        ends = [*(moment for moment, _ in ordered[1:]), self.until]
        steps = [
            (max(since, self.until - WINDOW), till, price) for (since, price), till in zip(ordered, ends, strict=True)
        ]
        return [step for step in steps if step[0] < step[1]]

    @cached_property
    def _spans(self) -> list[tuple[float, float]]:
        """Prices of the last 24 h and for how many seconds each of them held, the lowest first."""
        # Nothing is left of a price that began just now, or later by a clock that is ahead of this machine's.
        spans = sorted((price, (till - since).total_seconds()) for since, till, price in self.steps)
        return spans or [(self.latest, 1.0)]

    @property
    def latest(self) -> float:
        """The price when it was asked for."""
        return max(self.points)[1]

    @property
    def lowest(self) -> float:
        """The lowest price of the last 24 h."""
        return self._spans[0][0]

    @property
    def highest(self) -> float:
        """The highest price of the last 24 h."""
        return self._spans[-1][0]

    @cached_property
    def median(self) -> float:
        """The price that was not exceeded for half of the last 24 h."""
        left = sum(seconds for _, seconds in self._spans) / 2
        for price, seconds in self._spans:
            left -= seconds
            if left <= 0:
                return price
        return self.highest

    def is_above(self, cap: float) -> bool:
        """Whether the price was above `cap` when it was asked for; never above `NO_CAP`."""
        return cap != NO_CAP and self.latest > cap

    def share_within(self, cap: float) -> float:
        """The share of the last 24 h, 0 to 1, in which the price was not above `cap`; all of it for `NO_CAP`."""
        if cap == NO_CAP:
            return 1.0
        total = sum(seconds for _, seconds in self._spans)
        return sum(seconds for price, seconds in self._spans if price <= cap) / total
