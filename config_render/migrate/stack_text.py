"""The text of a stack file that was made from something else: what is still to be done, then the settings."""

import re

import yaml

from ..base.placeholders import TOKEN
from ..base.problems import NAMESPACE, printable
from .from_toml import Converted

_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes text in quotes that Pulumi's YAML would read as a number, such as an account's 099720109477."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if _NUMBER.fullmatch(text) else None)


_Dumper.add_representer(str, _text)


def stack_file(converted: Converted, source: str) -> str:
    """Return the text of a `Pulumi.<stack>.yaml`, which begins with what is still to be done."""
    still = " Still to set, with the values from there:" if converted.secrets else ""
    to_do = [f"Made from {source}, without its secrets.{still}"]
    for name, place in converted.secrets.items():
        key = f"{NAMESPACE}:{name}" if name == TOKEN else f"--path {NAMESPACE}:secrets.{name}"
        to_do.append(f"  pulumi config set --secret {key}  # {place}")
    if converted.wanted:
        to_do.append("Still to set, with your own values in place of these examples:")
        to_do += [f"  {each.command}  # {each.why}" for each in converted.wanted]
    to_do.append("And the networks that may reach the manager by SSH, or an existing host (manager.host):")
    to_do.append(f"  pulumi config set --path '{NAMESPACE}:manager.sshFrom[0]' 203.0.113.7/32")
    if converted.notes:
        to_do += ["To know:", *(f"  {note}" for note in converted.notes)]
    named = {f"{NAMESPACE}:{name}": value for name, value in converted.settings.items()}
    region = {} if converted.region is None else {"aws:region": converted.region}
    text = yaml.dump({"config": {**region, **named}}, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
    return "".join(f"# {printable(line)}\n" for line in to_do) + text
