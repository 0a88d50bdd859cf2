"""`python -m config_render from-toml`, `from-host` and `from-tfvars`."""

import argparse
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

from ..files.checked_file import UnusableError
from ..settings.runner import Executor
from .from_tfvars import settings_from_variables
from .from_toml import Converted, UnconvertibleError, settings_from_toml
from .hcl import NotHclError, read_variables
from .host import LIVE, fetched
from .source import NotTomlError, Source, as_toml, read_toml
from .stack_text import stack_file


def add_from_toml(command: Callable[[str, object, str], argparse.ArgumentParser]) -> None:
    """Add the command to a parser; `command` makes one of its commands."""
    parser = command("from-toml", _from_toml, "print a stack file made from a config.toml, without its secrets")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="a config.toml with docker+machine or docker-autoscaler on EC2"
    )
    _add_options(parser)


def add_from_host(command: Callable[[str, object, str], argparse.ArgumentParser]) -> None:
    """Add the command to a parser; `command` makes one of its commands."""
    about = "print a stack file made from a running manager's config.toml, which ssh fetches and nothing keeps"
    parser = command("from-host", _from_host, about)
    parser.add_argument("host", metavar="HOST", help="as ssh takes it: user@host, or a name of its configuration")
    parser.add_argument("--path", default=LIVE, metavar="FILE", help=f"the file there; by default {LIVE}")
    _add_options(parser)


def add_from_tfvars(command: Callable[[str, object, str], argparse.ArgumentParser]) -> None:
    """Add the command to a parser; `command` makes one of its commands."""
    about = "print a stack file made from a call of the Terraform module cattle-ops/gitlab-runner/aws"
    parser = command("from-tfvars", _from_tfvars, about)
    parser.add_argument("file", type=Path, metavar="FILE", help="a .tf file with the call, or its variables alone")
    parser.add_argument("--module", metavar="NAME", help="the call's name, where the file has several")
    _add_options(parser)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--executor", choices=get_args(Executor), help="of all pools; by default each keeps that of its [[runners]]"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write the stack file there, unless it exists or is refused"
    )


def _from_toml(options: argparse.Namespace) -> None:
    _convert(options, str(options.file), options.file.name, lambda: read_toml(options.file))


def _from_host(options: argparse.Namespace) -> None:
    data = fetched(options.host, options.path)
    file = f"{options.host}:{options.path}"
    _convert(options, file, file, lambda: as_toml(data, file))


def _from_tfvars(options: argparse.Namespace) -> None:
    def convert() -> Converted:
        return settings_from_variables(read_variables(options.file, options.module), options.executor)

    _write(options, str(options.file), options.file.name, convert)


def _convert(options: argparse.Namespace, file: str, name: str, read: Callable[[], Source]) -> None:
    _write(options, file, name, lambda: settings_from_toml(read(), options.executor))


def _write(options: argparse.Namespace, file: str, name: str, convert: Callable[[], Converted]) -> None:
    try:
        text = stack_file(convert(), name)
    except (NotTomlError, NotHclError) as error:
        raise UnusableError(str(error)) from None
    except UnconvertibleError as error:
        lines = [str(replace(each, line=f"{file}:{each.line}" if each.line else file)) for each in error.problems]
        raise UnusableError("\n".join(lines)) from None
    if options.output is None:
        print(text, end="")
    else:
        write_new(options.output, text)


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, as a whole or not at all. Raises UnusableError."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", prefix=f".{path.name}.") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            os.link(file.name, path)  # fails where the file exists, unlike a renaming
    except FileExistsError:
        raise UnusableError(f"{path}: exists already; give another name, or remove it first") from None
    except OSError as error:
        raise UnusableError(f"{path}: can't be written ({error.strerror})") from None
