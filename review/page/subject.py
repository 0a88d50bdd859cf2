"""What a page is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config_render import Problem, Settings, cautions
from config_render.costs import MachineRow, machine_rows
from config_render.market import Market
from config_render.prices import report


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A stack, the market, and the moment: all that a page is made from. None of it holds a secret."""

    stack: str
    region: str
    settings: Settings
    now: datetime
    """With its time zone."""
    market: Market = field(default_factory=Market)
    asked: bool = True
    """Whether AWS was asked about the market."""

    @property
    def monday(self) -> datetime:
        """The first day of the week that is shown."""
        return self.now - timedelta(days=self.now.weekday())

    @property
    def rows(self) -> Sequence[MachineRow]:
        """All machines that the settings allow."""
        return machine_rows(self.settings, self.region, self.monday.date())

    @property
    def mistakes(self) -> Sequence[Problem]:
        """With these some machines can never start."""
        return report(self.settings, self.region, self.market).mistakes

    @property
    def warnings(self) -> Sequence[Problem]:
        """What a person should know: of the settings, and of them beside the market."""
        return [*cautions(self.settings), *report(self.settings, self.region, self.market).doubts]
