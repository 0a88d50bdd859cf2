"""Variables of the Terraform module cattle-ops/gitlab-runner/aws, as a stack's settings."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ..base.placeholders import TOKEN
from ..base.problems import NAMESPACE, without_secrets
from ..checks.parsing import problems_of
from ..settings.runner import Executor
from .findings import Findings, Wanted
from .from_toml import Converted, settings_from_toml
from .module_variables import REGION, ModuleCall

_REGION = Wanted("aws:region", REGION, "the region of Terraform's provider")


def settings_from_variables(variables: Mapping[str, Any], executor: Executor | None = None) -> Converted:
    """Convert a call of the module.

    Args:
        variables: As `read_variables` returns them.
        executor: That of the pool; by default the call's.

    Raises:
        UnconvertibleError: The config.toml that the module would write can't be converted.
    """
    call = ModuleCall(variables)
    found = settings_from_toml(call.source, executor)
    findings = Findings({})
    for name, why in call.notes:
        findings.note(name, why)
    for path, value in call.settings.items():
        _put_if_possible(found.settings, path, value, call.names.get(path, path), findings)
    if "tokenParameter" in found.settings:
        found.secrets.pop(TOKEN, None)
    found.region = None
    asked = [each for each in found.wanted if each.path != _REGION.path and not _has(found.settings, each.path)]
    found.wanted = [_REGION, *asked]
    found.notes += findings.notes
    return found


def _put_if_possible(settings: dict[str, Any], path: str, value: Any, name: str, findings: Findings) -> None:
    """Put a value at a path, unless the check refuses it there; that is told."""
    value = _plain(value, name, findings)
    before = {each.path for each in _problems(settings)}
    former = deepcopy(settings)
    *parents, last = _parts(path)
    table: Any = settings
    for part in parents:
        table = table[part] if isinstance(part, int) else table.setdefault(part, {})
    table[last] = value
    wrong = [each for each in _problems(settings) if each.path not in before and each.path.startswith(_place(path))]
    if wrong:
        findings.left_out(name, f"{path} {wrong[0].message}")
        settings.clear()
        settings |= former


def _parts(path: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.findall(r"[\w-]+", path)]


def _has(settings: Any, path: str) -> bool:
    for part in _parts(path):
        try:
            settings = settings[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _plain(value: Any, name: str, findings: Findings) -> Any:
    """Return a value without what looks like a secret, which is told."""
    if isinstance(value, dict):
        return {key: _plain(each, name, findings) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, name, findings) for each in value]
    if not isinstance(value, str) or (clean := without_secrets(value)) == value:
        return value
    findings.note(name, "holds what looks like a secret, which is not copied; set it anew, as a secret")
    return clean


def _problems(settings: Mapping[str, Any]) -> Any:
    tokens = {} if "tokenParameter" in settings else {TOKEN: None}
    return problems_of(settings, region=REGION, tokens=tokens)[1]


def _place(path: str) -> str:
    return f"{NAMESPACE}:{path}"
