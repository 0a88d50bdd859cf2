"""From the config.toml of a gitlab-runner that was set up by hand to a stack's settings, less its secrets.

What gitlab-runner and docker-machine take for a key that is left out is written down where these settings' own default
is another: https://docs.gitlab.com/runner/configuration/advanced-configuration/
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from .from_options import Choices, read_options
from .models.cache import CacheKeys
from .models.docker import Docker
from .models.machine import Autoscaling, Machine
from .models.process import GlobalKeys
from .models.runner import RunnerKeys
from .models.section import ConfigTable, child_tables
from .models.settings import Settings
from .placeholders import TOKEN
from .problems import NAMESPACE, Problem, shown

_GITLABS_DEFAULTS: Mapping[type[ConfigTable], Mapping[str, Any]] = {
    GlobalKeys: {"concurrent": 1},
    CacheKeys: {"Shared": False},
    Docker: {"disable_cache": False},
    Machine: {"IdleTime": 0},
    Autoscaling: {"IdleTime": 0},
}
_ELSEWHERE = ("runners", "url", "executor", "cache", "id", "token", "token_obtained_at", "token_expires_at")
"""Keys that become other settings, or that gitlab-runner writes itself."""

_SECRET_KEYS = ("AccessKey", "SecretKey", "SessionToken", "PrivateKey", "AccountKey")
_SECRET_VARIABLE = re.compile(r"TOKEN|SECRET|PASSW|KEY|AUTH|CREDENTIAL", re.IGNORECASE)


class UnconvertibleError(Exception):
    """No stack's settings say what the config.toml says; `problems` holds every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Converted:
    """A stack's settings, and what a person has to do with them."""

    region: str
    settings: dict[str, Any] = field(default_factory=dict)
    """By their names less the namespace."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Names of the secrets that are still to be set, with the place of each in the config.toml."""
    notes: list[str] = field(default_factory=list)
    """What is not taken over, or otherwise; each begins with its place."""


def settings_from_toml(content: Mapping[str, Any]) -> Converted:
    """Convert a config.toml as `tomllib` reads it.

    Raises:
        UnconvertibleError: It has no `[[runners]]`, an executor or a driver that is not this program's, or entries that
            differ where a stack has one value for all.
    """
    entries = [entry for entry in content.get("runners", []) if isinstance(entry, dict)]
    conversion = _Conversion()
    if not entries:
        conversion.refuse("runners", None, "missing; there is nothing to make pools of")
    for index, entry in enumerate(entries):
        conversion.check(entry, f"runners[{index}]")
    found = Converted(region="")
    if not conversion.problems:
        found = conversion.convert(content, entries)
    if conversion.problems:
        raise UnconvertibleError(conversion.problems)
    return found


def stack_file(converted: Converted, source: str) -> str:
    """Return the text of a `Pulumi.<stack>.yaml`, which begins with what is still to be done."""
    to_do = [f"Made from {source}, without its secrets. Still to set, with the values from there:"]
    for name, place in converted.secrets.items():
        key = f"{NAMESPACE}:{name}" if name == TOKEN else f"--path {NAMESPACE}:secrets.{name}"
        to_do.append(f"  pulumi config set --secret {key}  # {place}")
    to_do.append("And the networks that may reach the manager by SSH, or the host that there is (manager.host):")
    to_do.append(f"  pulumi config set --path '{NAMESPACE}:manager.sshFrom[0]' 203.0.113.7/32")
    if converted.notes:
        to_do += ["To know:", *(f"  {note}" for note in converted.notes)]
    named = {f"{NAMESPACE}:{name}": value for name, value in converted.settings.items()}
    config = {"config": {"aws:region": converted.region, **named}}
    text = yaml.safe_dump(config, sort_keys=False, width=120, allow_unicode=True)
    return "".join(f"# {line}\n" for line in to_do) + text


class _Conversion:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._secrets: dict[tuple[str, str], tuple[str, str]] = {}
        """Names and places by the name that was wished for and the secret itself."""

    def refuse(self, place: str, value: object, message: str) -> None:
        self.problems.append(Problem(place, shown(value), message))

    def check(self, entry: Mapping[str, Any], at: str) -> None:
        executor, driver = entry.get("executor"), entry.get("machine", {}).get("MachineDriver", "amazonec2")
        if executor != "docker+machine":
            message = "is not docker+machine; leave this [[runners]] out, and where it is"
            self.refuse(f"{at}.executor", executor, message)
        elif driver != "amazonec2":
            self.refuse(f"{at}.machine.MachineDriver", driver, "is not amazonec2; leave this [[runners]] out")

    def convert(self, content: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Converted:
        at = [f"runners[{index}]" for index in range(len(entries))]
        url = self._same("url", [entry.get("url") for entry in entries], "url")
        general = self._table(GlobalKeys, content, "")
        caches = [entry.get("cache") for entry in entries]
        cache = self._same("cache", caches, "cache", hidden=True)
        choices = [
            read_options(entry.get("machine", {}).get("MachineOptions", []), place, self._secret)
            for entry, place in zip(entries, at, strict=True)
        ]
        for each in choices:
            self.notes += each.notes
            self.problems += each.problems
        region = self._same("machine.MachineOptions", [each.region for each in choices], "amazonec2-region")
        network = self._network(choices)
        pools = self._pools(entries, at, choices, general["concurrent"])
        settings: dict[str, Any] = {"gitlab": {"url": url}, **general, "network": network}
        if cache is None:
            self.notes.append("runners[0].cache: missing; this stack makes a bucket and caches there")
        else:
            settings["cache"] = self._table(CacheKeys, cache, "runners[0].cache")
        settings["pools"] = pools
        self._tokens(entries, pools)
        order = [known.alias or name for name, known in Settings.model_fields.items()]
        in_order = {name: settings[name] for name in order if name in settings}
        return Converted(str(region), in_order, dict(self._secrets.values()), self.notes)

    def _same(self, key: str, values: Sequence[Any], what: str, *, hidden: bool = False) -> Any:
        """Return the value that all entries have; the first one, having said so, where they differ."""
        for index, value in enumerate(values):
            if value != values[0]:
                message = f"has another {what} than runners[0], and a stack has one; make a stack of each"
                self.refuse(f"runners[{index}].{key}", None if hidden else value, message)
        return values[0]

    def _network(self, choices: Sequence[Choices]) -> dict[str, Any]:
        option = "machine.MachineOptions"
        vpc = self._same(option, [each.vpc for each in choices], "amazonec2-vpc-id")
        groups = self._same(option, [each.groups for each in choices], "amazonec2-security-group")
        zones = list(dict.fromkeys(each.zone for each in choices))
        subnets = list(dict.fromkeys(each.subnet for each in choices if each.subnet))
        network: dict[str, Any] = {"vpcId": vpc or "default"}
        network |= {"subnetIds": subnets} if subnets else {"zones": zones}
        if groups:
            network["workerSecurityGroup"] = groups[0]
        return network

    def _pools(
        self, entries: Sequence[Mapping[str, Any]], at: Sequence[str], choices: Sequence[Choices], concurrent: int
    ) -> list[dict[str, Any]]:
        several = len({each.zone for each in choices}) > 1
        pools: list[dict[str, Any]] = []
        for index, (entry, place, chosen) in enumerate(zip(entries, at, choices, strict=True)):
            name = self._name(entry.get("name", ""), index, place, [pool["name"] for pool in pools])
            pool = self._table(RunnerKeys, {"docker": {}, "machine": {}, **entry, "name": name}, place)
            if not pool.get("limit"):
                self.notes.append(f"{place}.limit: none; it is concurrent here, for a pool needs one")
                pool["limit"] = concurrent
            pool["machine"].pop("MachineOptions", None)
            first = {"name": name, "limit": pool["limit"], **({"zones": [chosen.zone]} if several else {})}
            pools.append({**first, **chosen.pool, **pool, **({"driver": chosen.driver} if chosen.driver else {})})
        return pools

    def _name(self, given: str, index: int, place: str, taken: Sequence[str]) -> str:
        name = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")[:32] or f"pool-{index}"
        if name in taken:
            name = f"{name[:28]}-{index}"
        if name != given:
            self.notes.append(f"{place}.name: becomes {name}; a pool's name has 1 to 32 of a to z, digits and -")
        return name

    def _tokens(self, entries: Sequence[Mapping[str, Any]], pools: Sequence[dict[str, Any]]) -> None:
        tokens = [str(entry.get("token", "")) for entry in entries]
        if len(set(tokens)) == 1:
            self._secrets[TOKEN, tokens[0]] = (TOKEN, "runners[0].token")
            return
        for index, (token, pool) in enumerate(zip(tokens, pools, strict=True)):
            pool["token"] = self._secret("runnerToken", token, f"runners[{index}].token")

    def _secret(self, wish: str, secret: str, place: str) -> str:
        """Return the placeholder of a secret, the same one for the same secret."""
        if (wish, secret) not in self._secrets:
            count = sum(wish == known for known, _ in self._secrets)
            self._secrets[wish, secret] = (f"{wish}{count + 1 if count else ''}", place)
        return f"<secret:{self._secrets[wish, secret][0]}>"

    def _table(self, model: type[ConfigTable], given: Mapping[str, Any], at: str) -> dict[str, Any]:
        # gitlab-runner matches keys without regard to case.
        known = {key.lower(): key for key in model.known_keys()}
        refused = {key.lower(): reason for key, reason in model.refused().items()}
        result, extra = dict(_GITLABS_DEFAULTS.get(model, {})), {}
        for key, value in given.items():
            place = f"{at}.{key}".lstrip(".")
            if key.lower() in _ELSEWHERE:
                continue
            if name := known.get(key.lower()):
                result[name] = self._value(model, name, value, place)
            elif key.lower() not in refused:
                extra[key] = value
            elif value:
                self.notes.append(f"{place}: left out; it {refused[key.lower()]}")
        return {**result, "extra": extra} if extra else result

    def _value(self, model: type[ConfigTable], key: str, value: Any, place: str) -> Any:
        inner = child_tables(model).get(key)
        if inner is not None and issubclass(inner, ConfigTable):
            if isinstance(value, dict):
                return self._table(inner, value, place)
            if isinstance(value, list):
                return [self._table(inner, each, f"{place}[{n}]") for n, each in enumerate(value)]
        if key in _SECRET_KEYS and isinstance(value, str):
            return self._secret(f"cache{key}", value, place)
        if key == "environment" and isinstance(value, list):
            return [self._variable(str(each), f"{place}[{n}]") for n, each in enumerate(value)]
        if key == "concurrent":
            return value or 1
        return value

    def _variable(self, variable: str, place: str) -> str:
        name, _, value = variable.partition("=")
        if value and (_SECRET_VARIABLE.search(name) or shown(value) is None):
            return f"{name}={self._secret(re.sub(r'[^A-Za-z0-9]', '_', name).strip('_') or 'variable', value, place)}"
        return variable
