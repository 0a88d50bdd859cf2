"""`python -m review page FILE`: the page of a stack, made from its file, the market and the events of a preview."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aws_market import look
from config_render import Settings
from config_render.checked_file import UnusableError, checked
from config_render.market import Market
from config_render.prices import wanted
from config_render.problems import NAMESPACE
from config_render.stack_file import StackFile

from ..changes import Changes, changes_of
from ..events import read_events
from .drawing import page
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


def answer(options: argparse.Namespace) -> None:
    """Write the page. Raises UnusableError, UnreadableFileError or UnreadableEventsError with what to do."""
    file, settings = checked(options.file)
    stack = options.file.stem.removeprefix("Pulumi.")
    changes = None
    if options.events:
        changes = changes_of(read_events(options.events), project=NAMESPACE, stack=stack)
        settings = _placed(settings, str(file.region), changes)
    asked = options.market == "ask" and settings.preflight != "off"
    subject = Subject(
        stack=stack,
        region=str(file.region),
        settings=settings,
        now=datetime.now(UTC),
        file=file,
        file_name=options.file.name,
        market=_market(settings, file) if asked else Market(),
        asked=asked,
        changes=changes,
    )
    try:
        options.output.write_text(page(subject), encoding="utf-8")
    except OSError as error:
        raise UnusableError(f"{options.output}: can't be written ({error.strerror})") from None


def _market(settings: Settings, file: StackFile) -> Market:
    given: list[Mapping[str, str]] = file.aws.get("endpoints") or []
    endpoints = {name: url for each in given for name, url in each.items()}
    return look(wanted(settings, str(file.region)), profile=file.aws.get("profile"), endpoints=endpoints)


def _placed(settings: Settings, region: str, changes: Changes) -> Settings:
    """Return the settings with the zones of existing subnets, which the preview has looked up."""
    machines: Any = changes.outputs_after.get("machines")
    if settings.network.subnet_ids is None or not isinstance(machines, list):
        return settings
    zones = tuple(dict.fromkeys(row["zone"].removeprefix(region) for row in machines if row["pool"] != "manager"))
    return settings.model_copy(update={"network": settings.network.model_copy(update={"zones": zones})})
