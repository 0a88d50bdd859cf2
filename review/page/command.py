"""`python -m review page FILE`: the page of a stack, made from its file, the market and the events of a preview."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from config_render import Settings
from config_render.base.problems import NAMESPACE
from config_render.files.checked_file import checked
from config_render.files.stack_file import StackFile
from planning.aws import endpoints_by_service, look
from planning.market import MANAGER, Market
from planning.prices import wanted

from ..bill import bill_of
from ..changes import Changes, changes_of
from ..events import read_events
from .subject import Subject

ABOUT = "draw a stack: what there is, the week, costs, spot prices, and what a preview would change"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell a parser what the command takes."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a Pulumi.<stack>.yaml, or the settings alone")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", default=Path("report.html"), help="by default %(default)s"
    )
    parser.add_argument(
        "--events", type=Path, metavar="FILE", help="what `pulumi preview --event-log FILE` has written"
    )
    parser.add_argument(
        "--market", choices=("ask", "off"), default="ask", help="off: do not ask AWS for prices, offers and quotas"
    )


def answer(options: argparse.Namespace) -> int:
    """Write the page; returns the exit code.

    Raises UnusableError, UnreadableFileError, UnreadableEventsError or OSError where a file can't be used.
    """
    from .drawing import page  # noqa: PLC0415 - templates take a while to load, and other commands do without

    file, settings = checked(options.file)
    stack, region = options.file.stem.removeprefix("Pulumi."), str(file.region)
    changes = options.events and changes_of(read_events(options.events), project=NAMESPACE, stack=stack)
    zones = changes and _zones(changes, region)
    if settings.network.subnet_ids and zones:
        settings = settings.model_copy(update={"network": settings.network.model_copy(update={"zones": zones})})
    asked = options.market == "ask" and settings.preflight != "off"
    subject = Subject(
        stack=stack,
        region=region,
        settings=settings,
        now=datetime.now(UTC),
        file=file,
        file_name=options.file.name,
        market=_market(settings, file) if asked else Market(),
        asked=asked,
        changes=changes and changes.located(file, options.file.name),
        zones_known=not settings.network.subnet_ids or bool(zones),
    )
    options.output.write_text(page(subject), encoding="utf-8")
    return 0


def _market(settings: Settings, file: StackFile) -> Market:
    endpoints = endpoints_by_service(file.aws.get("endpoints"))
    return look(wanted(settings, str(file.region)), profile=file.aws.get("profile"), endpoints=endpoints)


def _zones(changes: Changes, region: str) -> tuple[str, ...]:
    """Return the zones that workers are in by the stack's outputs: those of existing subnets are known to AWS alone."""
    bill = bill_of(changes, Market())
    rows = bill.rows if bill else ()
    return tuple(dict.fromkeys(row.zone.removeprefix(region) for row in rows if row.pool != MANAGER))
