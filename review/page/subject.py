"""What a page is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from config_render import Problem, Settings, warnings_of
from config_render.files.stack_file import StackFile
from planning.costs import MachineRow, machine_rows
from planning.fees import NetworkRow, network_rows
from planning.market import Market
from planning.prices import Report, report

from ..changes import Changes


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A stack, the market, and the moment: all that a page is made from. None of it holds a secret."""

    stack: str
    region: str
    settings: Settings
    now: datetime
    """With its time zone."""
    file: StackFile | None = None
    """Where the settings come from, to say in which line what stands."""
    file_name: str = ""
    market: Market = field(default_factory=Market)
    asked: bool = True
    """Whether AWS was asked about the market."""
    changes: Changes | None = None
    """What `pulumi up` would change; None where no preview is at hand."""
    zones_known: bool = True
    """Whether the settings' zones are those of the network: existing subnets are in zones that AWS alone knows."""

    @property
    def monday(self) -> datetime:
        """The first day of the week that is shown."""
        return self.now - timedelta(days=self.now.weekday())

    @property
    def rows(self) -> Sequence[MachineRow]:
        """All machines that the settings allow."""
        return machine_rows(self.settings, self.region, self.monday.date())

    @property
    def network(self) -> Sequence[NetworkRow]:
        """What the network is charged for."""
        return network_rows(self.settings.network, self.region)

    @cached_property
    def errors(self) -> Sequence[Problem]:
        """With these some machines can never start."""
        return self._placed(self._report.errors)

    @cached_property
    def warnings(self) -> Sequence[Problem]:
        """What a person should know: of the settings, and of them beside the market."""
        return self._placed([*warnings_of(self.settings), *self._report.warnings])

    @cached_property
    def _report(self) -> Report:
        return report(self.settings, self.region, self.market)

    def _placed(self, problems: Sequence[Problem]) -> Sequence[Problem]:
        file = self.file
        return problems if file is None else [file.with_line(each, self.file_name) for each in problems]
