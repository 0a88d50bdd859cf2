"""From the config.toml of a gitlab-runner that was set up by hand to a stack's settings, without its secrets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..base.placeholders import TOKEN
from ..base.problems import Location, Problem
from ..base.runner_token import check_token
from ..settings.process import GlobalKeys
from ..settings.runner import Executor, RunnerKeys
from ..settings.stack import Settings
from .autoscaler import Place, ask_for_group, complete, fit_jobs, read_group, read_plugin, rest_of
from .cache import read_cache
from .entries import TABLES, executor_of, stays_behind
from .findings import Findings, Wanted
from .fitting import PlaceOf, fit
from .gitlab import read_gitlab
from .network import Network, read_region
from .old_keys import pick, renamed, spelled, with_autoscaling, without
from .options import Choices, read_options
from .other_executor import to_docker_autoscaler, to_docker_machine
from .places import place_of as place_at
from .pool_choices import pool_choices
from .pools import Names, fit_numbers
from .source import Source
from .tables import Tables, is_empty

MOST_RUNNERS = 500
_FROM_OPTIONS = ("driver", "spot", "instanceTypes", "ami", "zones")


class UnconvertibleError(Exception):
    """No stack's settings say what the config.toml says; `problems` holds every reason, with lines in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Converted:
    """A stack's settings, and what a person has to do with them."""

    region: str | None
    """None where the config.toml names none that exists; then it is among `wanted`."""
    settings: dict[str, Any] = field(default_factory=dict)
    """By their names without the namespace."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Names of the secrets that are still to be set, with the place of each in the config.toml."""
    wanted: list[Wanted] = field(default_factory=list)
    """Other settings that are still to be set."""
    notes: list[str] = field(default_factory=list)
    """What is left out, or otherwise; each begins with its place."""


def settings_from_toml(source: Source, executor: Executor | None = None) -> Converted:
    """Convert a config.toml.

    Args:
        source: Its content.
        executor: That of all pools; by default each keeps the one that its entry has.

    Raises:
        UnconvertibleError: It has no `[[runners]]` with docker+machine or docker-autoscaler on EC2, values of a wrong
            type, entries that differ where a stack has one value for all, or what AWS or docker-machine would refuse.
    """
    conversion = _Conversion(source, executor)
    found = conversion.convert()
    if conversion.findings.problems or found is None:
        problems = dict.fromkeys(conversion.findings.problems)
        raise UnconvertibleError(sorted(problems, key=lambda each: int(each.line or 0)))
    return found


class _Conversion:
    def __init__(self, source: Source, executor: Executor | None) -> None:
        self.findings = Findings(source.lines, source.names, whole=bool(source.names))
        self._content = source.content
        self._executor = executor
        self._tables = Tables(self.findings)
        for place, note in source.notes:
            self.findings.note(place, note)

    def convert(self) -> Converted | None:
        key = spelled(self._content, "runners")
        given = self._content.get(key, [])
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self.findings.refuse(key, None, "must be tables: [[runners]], with two brackets")
            return None
        if not given:
            self.findings.refuse("runners", None, "missing; there is nothing to make pools of")
            return None
        if len(given) > MOST_RUNNERS:
            self.findings.refuse(
                key, len(given), f"are more entries than the {MOST_RUNNERS} pools of a stack; split the file"
            )
            return None
        chosen: list[tuple[str, Mapping[str, object]]] = []
        others: list[Place] = []
        for index, entry in enumerate(given):
            at = f"{key}[{index}]"
            if reason := stays_behind(entry, at, self.findings):
                others.append(reason)
            else:
                chosen.append((at, entry))
        if self.findings.problems:
            return None
        for place, value, message in others:
            if chosen:
                self.findings.left_out(place, message)
            else:
                self.findings.refuse(place, value, message)
        if not chosen:
            message = "is neither docker+machine nor docker-autoscaler, nor is any other; there is nothing to convert"
            self.findings.refuse(f"{key}[0].executor", None, message)
            return None
        return self._converted([place for place, _ in chosen], [each for _, each in chosen])

    def _converted(self, at: list[str], entries: list[Mapping[str, object]]) -> Converted | None:
        findings = self.findings
        entries = [renamed(entry, "runners", place, findings) for entry, place in zip(entries, at, strict=True)]
        general = self._tables.read(GlobalKeys, renamed(self._content, "global", "", findings), "")
        self._count_jobs(general)
        choices = [self._choices(entry, place) for entry, place in zip(entries, at, strict=True)]
        region = read_region(choices, findings)
        network = Network(choices, region, findings)
        settings: dict[str, object] = {
            "gitlab": read_gitlab(entries, at, findings),
            **general,
            "network": network.settings(),
        }
        if (cache := read_cache(entries, at, self._tables, findings)) is not None:
            settings["cache"] = cache
        groups = [
            (self._table_at(entry, place), pick(entry, "autoscaler"))
            for entry, place, chosen in zip(entries, at, choices, strict=True)
            if chosen.of_group
        ]
        if manager := read_plugin(groups, self._executor, findings):
            settings["manager"] = manager
        settings["pools"] = pools = self._pools(entries, at, choices, network, settings)
        self._tokens(entries, at, pools)
        if findings.problems:
            return None
        self._name_executors(settings, [self._executor_at_first(chosen) for chosen in choices])
        known, place_of = findings.secrets.keys() - {TOKEN}, _places(at, choices, settings)
        fit(settings, region, known, place_of, findings)
        if self._executor == "docker+machine" and groups and not findings.problems:
            for index, (entry, place, chosen) in enumerate(zip(entries, at, choices, strict=True)):
                if chosen.of_group:
                    to_docker_machine(pools[index], index, self._table_at(entry, place), findings)
            self._name_executors(settings, ["docker+machine"] * len(pools))
            fit(settings, region, known, place_of, findings)
        for pool in pools:
            if pool.get("driver") == {}:  # where nothing in it would do
                del pool["driver"]
        order = [known.alias or name for name, known in Settings.model_fields.items()]
        in_order = {name: settings[name] for name in order if name in settings}
        used = set(re.findall(r"<secret:(\w+)>", repr(in_order))) | {TOKEN}
        secrets = {name: place for name, place in findings.secrets.items() if name in used}
        return Converted(region, in_order, secrets, findings.wanted, findings.notes)

    def _choices(self, entry: Mapping[str, object], place: str) -> Choices:
        table, at = pick(entry, TABLES[executor_of(entry) or "docker+machine"]), self._table_at(entry, place)
        if executor_of(entry) == "docker-autoscaler":
            return read_group(table, at, self.findings)
        options = pick(table, "MachineOptions", [])
        return read_options(options, f"{at}.{spelled(table, 'MachineOptions')}", self._tables, self.findings)

    def _table_at(self, entry: Mapping[str, object], place: str) -> str:
        return f"{place}.{spelled(entry, TABLES[executor_of(entry) or 'docker+machine'])}"

    def _executor_at_first(self, chosen: Choices) -> Executor:
        """Return the executor of a pool until it passes the check; what groups say becomes numbers only then."""
        return "docker-autoscaler" if chosen.of_group else self._executor or "docker+machine"

    def _name_executors(self, settings: dict[str, Any], executors: Sequence[Executor]) -> None:
        """Say the executors once where all pools have the same, and not at all where it is the default."""
        default = Settings.model_fields["executor"].default
        settings.pop("executor", None)
        if len(set(executors)) == 1 and executors[0] != default:
            settings["executor"] = executors[0]
        for pool, executor in zip(settings["pools"], executors, strict=True):
            pool.pop("executor", None)
            if executor != settings.get("executor", default):
                pool["executor"] = executor

    def _count_jobs(self, general: dict[str, object]) -> None:
        concurrent = general["concurrent"]
        if isinstance(concurrent, int) and not isinstance(concurrent, bool) and concurrent < 1:
            self.findings.note("concurrent", "becomes 1: with 0 gitlab-runner starts no job")
            general["concurrent"] = 1

    def _pools(
        self,
        entries: Sequence[Mapping[str, object]],
        at: Sequence[str],
        choices: Sequence[Choices],
        network: Network,
        settings: Mapping[str, Any],
    ) -> list[dict[str, object]]:
        names, pools = Names(self.findings, several=len(entries) > 1), []
        there = settings["network"]
        zones = len(there.get("subnetIds", there.get("zones", "a")))
        for index, (entry, place, chosen) in enumerate(zip(entries, at, choices, strict=True)):
            executor = self._executor or self._executor_at_first(chosen)
            pool = self._pool(entry, place, chosen, executor)
            by_machine = "docker+machine" in (executor, self._executor_at_first(chosen))
            placed, driver = network.pool(chosen)
            own = placed if chosen.of_group else {**placed, **pool_choices(chosen, index, executor, self.findings)}
            names.give(whole := {**own, **pool}, entry, place, zones, by_machine=by_machine)
            if chosen.of_group:
                table = pick(entry, "autoscaler")
                fit_jobs(whole, entry, table, place, settings["concurrent"], self.findings)
                ask_for_group(whole, index, chosen.at, executor, self.findings)
            else:
                fit_numbers(whole, entry, place, settings["concurrent"], self.findings)
            driver = {**chosen.driver, **driver}
            first = {"name": whole.pop("name"), "limit": whole.pop("limit")}
            pools.append(pool := {**first, **whole, **({"driver": driver} if driver else {})})
            if executor == "docker-autoscaler" and not chosen.of_group:
                to_docker_autoscaler(pool, chosen, place, self.findings)
        return pools

    def _pool(self, entry: Mapping[str, object], place: str, chosen: Choices, executor: Executor) -> dict[str, Any]:
        """Return what GitLab's own keys say of a pool."""
        key, other = ("autoscaler", "machine") if chosen.of_group else ("machine", "autoscaler")
        table, table_at = pick(entry, key), self._table_at(entry, place)
        if not is_empty(pick(entry, other)) and pick(entry, other) is not None:
            its_own = "docker-autoscaler" if chosen.of_group else "docker+machine"
            self.findings.left_out(f"{place}.{spelled(entry, other)}", f"it has no effect with the executor {its_own}")
        if chosen.of_group:
            table = rest_of(given := table, table_at, self.findings)
        else:
            table = with_autoscaling(without(table, "MachineOptions"), table_at, self.findings)
        rest = without(entry, "name", "limit", "machine", "autoscaler", "docker")
        pool = self._tables.read(RunnerKeys, {**rest, "docker": pick(entry, "docker", {}), key: table}, place)
        pool.setdefault("docker", {"disable_cache": False})
        if chosen.of_group:
            complete(pool, given, table_at, executor, self.findings)
        else:
            pool.setdefault("machine", {"IdleTime": 0})
        return pool

    def _tokens(
        self, entries: Sequence[Mapping[str, object]], at: Sequence[str], pools: Sequence[dict[str, object]]
    ) -> None:
        tokens = [str(pick(entry, "token") or "") for entry in entries]
        places = [f"{place}.{spelled(entry, 'token')}" for entry, place in zip(entries, at, strict=True)]
        for token, place in zip(tokens, places, strict=True):
            if not token:
                self.findings.note(place, "missing; create a runner in GitLab, and set its token")
            elif reason := check_token(token):
                self.findings.note(place, reason)
        if len(set(tokens)) == 1:
            self.findings.main_token(tokens[0], places[0], TOKEN)
            return
        for token, pool, place in zip(tokens, pools, places, strict=True):
            pool["token"] = self.findings.secret("runnerToken", token, place)


def _places(at: Sequence[str], choices: Sequence[Choices], settings: Mapping[str, object]) -> PlaceOf:
    """Return a function that tells where in the config.toml a setting comes from."""

    def place_of(location: Location) -> str:
        match location:
            case ("pools", int(index), "driver", str(option), *_):
                return choices[index].place(option)
            case ("pools", int(index), str(key), *_) if key in _FROM_OPTIONS:
                return choices[index].at
            case ("pools", int(index), "machine", *_) if choices[index].of_group:
                return f"{at[index]}.autoscaler"
            case ("pools", int(index), *rest):
                return place_at(rest, at[index])
            case ("cache", *rest):
                return place_at(rest, f"{at[0]}.cache")
            case _:
                return place_at(location)

    return place_of
