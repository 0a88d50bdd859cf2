"""Variables of the Terraform module cattle-ops/gitlab-runner/aws, as a stack's settings."""

import re
from collections.abc import Sequence
from typing import Any

from ..base.placeholders import TOKEN
from ..base.problems import NAMESPACE, Problem
from ..base.regions import check_region
from ..base.secret_texts import holds_secret
from ..checks.parsing import problems_of
from ..settings.runner import Executor
from ..settings.stack import Settings
from .autoscaler import GROUP_IS_MADE
from .findings import Findings, Wanted
from .fitting import completed, with_value
from .from_toml import Converted, settings_from_toml
from .hcl import Variables
from .module_call import ModuleCall
from .module_machines import REGION
from .module_manager import take_the_rest
from .module_worker import config_toml
from .places import below
from .source import Source

_REGION = "aws:region"
_OF_THE_CALL = ("aws:region", "network.")
"""What the call says, whatever its config.toml lacks."""
_NAME = "pools[0].name"
_NO_PASSWORDS = ("gitlab.ca",)
"""Certificates look as if a machine had chosen them."""


def settings_from_variables(variables: Variables, executor: Executor | None = None) -> Converted:
    """Convert a call of the module.

    Args:
        variables: As `read_variables` returns them.
        executor: That of the pool; by default the call's.

    Raises:
        UnconvertibleError: The config.toml that the module would write can't be converted.
    """
    call = ModuleCall(variables)
    region = _region(call)
    content = config_toml(call)
    take_the_rest(call)
    found = settings_from_toml(Source(content, call.lines, names=call.names), executor)
    found.region = region
    found.wanted = _wanted(call, found, executor)
    found.settings["network"] = {}
    for path in call.invented:
        _remove(found.settings, path)
    problems: Sequence[Problem] = _problems(found)
    for path, (value, place) in call.settings.items():
        problems = _put(found, path, value, place, call.findings, problems)
    _shorten_name(found, call, problems)
    if "tokenParameter" in found.settings or any(each.path == "tokenParameter" for each in found.wanted):
        found.secrets.pop(TOKEN, None)
    order = [field.alias or name for name, field in Settings.model_fields.items()]
    found.settings = {name: found.settings[name] for name in order if name in found.settings}
    # That there is no group's name is no news: no variable is one.
    found.notes = [each for each in found.notes if not each.endswith(GROUP_IS_MADE)] + call.findings.notes
    return found


def _region(call: ModuleCall) -> str | None:
    """Return the region that a call of before 7.0 names; later ones leave it to Terraform's provider."""
    if not call.gives("aws_region"):
        call.findings.wanted.append(Wanted(_REGION, REGION, "the region of Terraform's provider"))
        return None
    region = call.ask("aws_region", _REGION, REGION)
    if isinstance(region, str) and not check_region(region):
        return region
    call.findings.want(_REGION, REGION, f"{call.place('aws_region')} names no region of AWS")
    return None


def _wanted(call: ModuleCall, found: Converted, executor: Executor | None) -> list[Wanted]:
    """Return what the call does not say, and what its config.toml lacks beside that."""
    own = {each.path for each in call.findings.wanted} | call.settings.keys()
    lacking = [each for each in found.wanted if each.path not in own and not each.path.startswith(_OF_THE_CALL)]
    if call.of_group:
        # The call says what is asked for in place of a launch template; but docker-machine needs a price.
        kept = "pools[0].spot.maxPrice"
        priced = executor == "docker+machine" and "pools[0].spot" in call.settings
        lacking = [each for each in lacking if not each.path.startswith("pools[0].") or (priced and each.path == kept)]
    return [*call.findings.wanted, *lacking]


def _put(
    found: Converted, path: str, value: Any, name: str, findings: Findings, problems: Sequence[Problem]
) -> Sequence[Problem]:
    """Put a value at a path, unless it holds a secret, or the check refuses it there; that is reported.

    `problems` are those before; returned are those that there are then.
    """
    value = _without_secrets(value, path, name, findings)
    if value is None:
        return problems
    former, before = found.settings, {each.path for each in problems}
    found.settings = with_value(found.settings, tuple(_parts(path)), value)
    after = _problems(found)
    wrong = [each for each in after if each.path not in before and each.path != _place(_NAME)]
    if not wrong:
        return after
    findings.left_out(name, f"{path} {wrong[0].message}")
    found.settings = former
    return problems


def _without_secrets(value: Any, path: str, name: str, findings: Findings) -> Any:
    """Return a value, or what of a table holds no secret; None for one that holds a secret."""
    if isinstance(value, dict):
        pairs = [(key, each, below(name, key)) for key, each in value.items()]
        whole = {key: _without_secrets([key, each], path, place, findings) for key, each, place in pairs}
        return {key: each for key, each in value.items() if whole[key] is not None}
    texts = value if isinstance(value, list) else [value]
    if any(
        holds_secret(each if isinstance(each, str) else repr(each), random=path not in _NO_PASSWORDS) for each in texts
    ):
        findings.left_out(name, f"it holds what looks like a secret; set {path} anew, without it")
        return None
    return value


def _shorten_name(found: Converted, call: ModuleCall, problems: Sequence[Problem]) -> None:
    """Shorten the pool's name until those of its machines fit, which have the types in them."""
    pool = found.settings["pools"][0]
    given = pool["name"]
    while len(pool["name"]) > 1 and any(each.path == _place(_NAME) for each in problems):
        pool["name"] = pool["name"][:-1].rstrip("-")
        problems = _problems(found)
    if pool["name"] != given:
        why = f"becomes {pool['name']}: the names of its machines have the types in them, and are too long else"
        call.findings.note(call.place("runner_instance.name"), why)


def _remove(settings: Any, path: str) -> None:
    *parents, last = _parts(path)
    for part in parents:
        settings = settings[part]
    settings.pop(last, None)


def _parts(path: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.findall(r"[\w-]+", path)]


def _problems(found: Converted) -> list[Problem]:
    whole = completed(found.settings, found.wanted)
    tokens = {} if "tokenParameter" in whole else {TOKEN: None}
    return problems_of(whole, region=found.region or REGION, secrets=found.secrets.keys() - {TOKEN}, tokens=tokens)[1]


def _place(path: str) -> str:
    return f"{NAMESPACE}:{path}"
