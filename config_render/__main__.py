"""`python -m config_render COMMAND`: stack files and config.toml, without a cloud."""

import argparse
import functools
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from config_render.week.drawing import as_svg, as_text
from config_render.week.schedule import week_of

from .base.input_file import UnreadableFileError
from .base.periods import check_timezone
from .base.problems import Problem
from .base.pydantic_messages import in_words
from .base.regions import partition
from .checks.warnings import warnings_of
from .executors.created import MARKER, CreatedResources
from .files.checked_file import UnusableError, settings_of, table
from .files.project import as_yaml
from .files.schema import stack_schema
from .files.stack_file import StackFile, read_stack_file, with_executor
from .files.yaml_file import read_yaml
from .migrate.command import add_from_host, add_from_tfvars, add_from_toml
from .render.capacity import as_lines, capacities, compared
from .render.document import render
from .settings.network import DEFAULT_VPC
from .settings.runner import Executor
from .settings.stack import Settings
from .worker_image.command import add_image

MISTAKEN = 2
"""The exit code where a file can't be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer one call; returns its exit code."""
    options = _parser().parse_args(arguments)
    # A file's name may hold what the terminal's encoding has not.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options.answer(options)
        sys.stdout.flush()
    except (UnusableError, UnreadableFileError) as error:
        print(error, file=sys.stderr)
        return MISTAKEN
    except BrokenPipeError:  # such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


@functools.cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, answer: object, about: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=about, description=about)
        made.set_defaults(answer=answer)
        return made

    def with_file(name: str, answer: object, about: str, nargs: str | None = None) -> argparse.ArgumentParser:
        made = command(name, answer, about)
        what = "a Pulumi.<stack>.yaml, or the settings alone"
        made.add_argument("file", type=Path, nargs=nargs, metavar="FILE", help=what)
        made.add_argument("--strict", action="store_true", help="take warnings for errors")
        return made

    render_ = with_file("render", _render, "print config.toml; secrets are placeholders")
    render_.add_argument("--facts", type=Path, metavar="FILE", help="YAML with what exists: vpc_id, bucket, ...")
    check = with_file("check", _check_each, "report errors and warnings, and what pools can do", nargs="+")
    check.add_argument(
        "--executor", choices=get_args(Executor), help="tell what would change if all pools had this one"
    )
    calendar = with_file("calendar", _calendar, "draw the week: machines that wait for jobs, by hour")
    calendar.add_argument("--svg", type=Path, metavar="FILE", help="draw it into this file too")
    calendar.add_argument(
        "--week", type=_day, metavar="YYYY-MM-DD", default=None, help="a day of it; today if left out"
    )
    calendar.add_argument("--timezone", type=_zone, metavar="ZONE", help="of the clocks; by default the first period's")
    add_image(with_file, _settings)
    command("schema", _schema, "print the JSON schema of stack files")
    command("project", _project, "print what Pulumi.yaml declares of the settings")
    add_from_toml(command)
    add_from_host(command)
    add_from_tfvars(command)
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a valid day; write it as 2026-11-24") from None


def _zone(name: str) -> str:
    if reason := check_timezone(name):
        raise argparse.ArgumentTypeError(f"{name} {reason}")
    return name


def _render(options: argparse.Namespace) -> None:
    file, settings = _settings(options)
    settings = _without_zones(settings)
    print(render(settings, _facts(options.facts, file, settings)), end="")


def _without_zones(settings: Settings) -> Settings:
    """Return settings whose zones, which existing subnets tell once AWS is asked, are named by these subnets."""
    subnets = settings.network.subnet_ids
    if subnets is None:
        return settings
    zones = tuple(f"(zone of {subnet})" for subnet in subnets)
    return settings.model_copy(update={"network": settings.network.model_copy(update={"zones": zones})})


def _check_each(options: argparse.Namespace) -> None:
    found = []
    for file in options.file:
        try:
            _check(argparse.Namespace(**{**vars(options), "file": file}))
        except (UnusableError, UnreadableFileError) as error:
            found.append(str(error))
    if found:
        raise UnusableError("\n".join(found))


def _check(options: argparse.Namespace) -> None:
    file, settings = _settings(options)
    print(f"{options.file}: no errors")
    if options.executor is None or settings.pools_of(options.executor) == settings.pools:
        print("\n".join(as_lines(capacities(settings))))
        return
    then = _checked(options, with_executor(file, options.executor), known=warnings_of(settings))
    print("\n".join(compared(settings, then)))


def _calendar(options: argparse.Namespace) -> None:
    _, settings = _settings(options)
    day = options.week or date.today()
    monday = day - timedelta(days=day.weekday())
    weeks = [week_of(pool, monday, options.timezone) for pool in settings.pools]
    print("\n".join(map(as_text, weeks)), end="")
    if options.svg:
        try:
            options.svg.write_text(as_svg(weeks))
        except OSError as error:
            raise UnusableError(f"{options.svg}: can't be written ({error.strerror})") from None


def _schema(options: argparse.Namespace) -> None:
    print(json.dumps(stack_schema(), indent=2))


def _project(options: argparse.Namespace) -> None:
    print(as_yaml(), end="")


def _settings(options: argparse.Namespace) -> tuple[StackFile, Settings]:
    """Read the file, warn, and return its settings. Raises UnusableError with every error."""
    file = read_stack_file(options.file)
    return file, _checked(options, file)


def _checked(options: argparse.Namespace, file: StackFile, known: Sequence[Problem] = ()) -> Settings:
    """Warn of more than is `known`, and return a file's settings. Raises UnusableError with every error."""
    settings = settings_of(options.file, file)
    if warnings := [each for each in warnings_of(settings) if each not in known]:
        text = table(options.file, file, warnings, "warning")
        if options.strict:
            raise UnusableError(text)
        print(text, file=sys.stderr)
    return settings


def _facts(path: Path | None, file: StackFile, settings: Settings) -> CreatedResources:
    given = read_yaml(path)[0] if path else {}
    names = {field.name for field in fields(CreatedResources)}
    if not isinstance(given, dict) or given.keys() - names:
        raise UnusableError(f"{path}: must be a table of {', '.join(sorted(names))}")
    suffixes = [*settings.network.zones, *(zone for pool in settings.pools for zone in pool.zones or ())]
    zones = [f"{file.region}{zone}" for zone in suffixes]
    facts: dict[str, Any] = dict.fromkeys(names, MARKER)
    facts |= {"deployment": "runner", "region": file.region, "bucket_region": file.region}
    network = settings.network
    if network.vpc_id not in (None, DEFAULT_VPC):
        facts["vpc_id"] = network.vpc_id
    if network.worker_security_group:
        facts["security_group"] = network.worker_security_group
    subnets = dict(zip(zones, network.subnet_ids or (), strict=False))
    images = settings.image_lookups(partition(file.region or ""))
    facts |= {"subnets": {**dict.fromkeys(zones, MARKER), **subnets}, "images": dict.fromkeys(images, MARKER)}
    facts["bucket"] = MARKER if settings.cache.makes_bucket else None
    facts["cache_role"] = MARKER if settings.cache.upload_role else None
    for name, value in given.items():
        tables = isinstance(facts[name], dict) and isinstance(value, dict)
        facts[name] = {**facts[name], **value} if tables else value
    try:
        return TypeAdapter(CreatedResources).validate_python(facts)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, each['loc']))}: {in_words(each)}" for each in error.errors(include_url=False)]
        raise UnusableError("\n".join(f"{path}: {reason}" for reason in reasons)) from None


if __name__ == "__main__":
    sys.exit(main())
