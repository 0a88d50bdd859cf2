"""What a person has written into Pulumi.local.yaml, checked before anything is started or asked."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config_render.base.input_file import UnreadableFileError
from config_render.base.other_settings import EXTENDS
from config_render.base.placeholders import TOKEN
from config_render.base.problems import NAMESPACE, Problem
from config_render.files.checked_file import UnusableError, check, table
from config_render.files.stack_file import read_stack_file
from config_render.files.yaml_file import read_yaml

from . import control
from .addresses import Addresses
from .cloud import LocalCloud, is_secret
from .stack_file import SettingsFile

_PREFIX = f"{NAMESPACE}:"
_URL = "http://127.0.0.1:1"

# Errors do not depend on where exactly a local cloud runs, so they are found before one does.
_ANY_CLOUD = LocalCloud(Path(), Addresses(0, _URL, _URL, _URL, "", _URL, 22, "", {}), Path())


@dataclass(frozen=True)
class OwnStack:
    """What a person has written, without the addresses of the local cloud.

    Attributes:
        file: The stack file.
        shared: The files that it extends.
        merged: The settings of all of them, by their names without the namespace.
    """

    file: SettingsFile
    shared: tuple[SettingsFile, ...]
    merged: Mapping[str, Any]


def read_own(path: Path, secrets: Collection[str]) -> OwnStack:
    """Read a stack file and those that it extends.

    Args:
        path: The stack file.
        secrets: The names of secrets that the local cloud's own copy of it has.

    Raises:
        UnreadableFileError: One of the files holds no settings.
        UnusableError: With every error that can be found without asking AWS or GitLab.
    """
    content, lines = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        line = lines.get(("config",), 1)
        raise UnreadableFileError(f"{path}:{line}: holds no settings; write them under config:, as in Pulumi.dev.yaml")
    own = SettingsFile(path.name, content["config"], lines)
    read = read_stack_file(path)
    config = control.with_addresses({f"{_PREFIX}{key}": value for key, value in read.settings.items()}, _ANY_CLOUD)
    filled = {key.removeprefix(_PREFIX): value for key, value in config.items() if key.startswith(_PREFIX)}
    tokens = {TOKEN, *read.tokens}
    _, problems = check(replace(read, settings=filled, tokens=tokens, secrets={*read.secrets, *secrets}))
    problems += [replace(each, line=f"{own.name}:{lines['config', each.path]}") for each in _refused(own.config)]
    if problems:
        raise UnusableError(table(path, read, problems, "error"))
    shared = [(name, *read_yaml(path.parent / name)) for name in own.config.get(f"{_PREFIX}{EXTENDS}", [])]
    return OwnStack(own, tuple(SettingsFile(name, of["config"], at) for name, of, at in shared), read.settings)


def _refused(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the engine would refuse without naming a line."""
    for key, value in config.items():
        match key.split(":"):
            case [_] | [_, _] | [_, "config", _]:
                pass
            case _:
                fix = f"write it as NAMESPACE:NAME, such as {_PREFIX}cache"
                yield Problem(key, None, f"is not the name of a setting; {fix}")
        if is_secret(value):
            set_it = f". .localcloud/pulumi.env; pulumi -C .localcloud/project config set --secret --path {key}"
            fix = f"remove it here and, once `make up` has run, set it with: {set_it}"
            yield Problem(key, None, f"is encrypted with a key that the local cloud does not have; {fix}")
