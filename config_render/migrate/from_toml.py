"""From the config.toml of a gitlab-runner that was set up by hand to a stack's settings, without its secrets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..base.placeholders import TOKEN
from ..base.problems import Location, Problem
from ..base.runner_token import check_token
from ..settings.process import GlobalKeys
from ..settings.runner import RunnerKeys
from ..settings.stack import Settings
from .cache import read_cache
from .findings import Findings, Wanted
from .fitting import PlaceOf, fit
from .gitlab import read_gitlab
from .network import Network, read_region
from .old_keys import pick, renamed, spelled, with_autoscaling, without
from .options import Choices, read_options
from .pool_choices import pool_choices
from .pools import Names, fit_numbers
from .source import Source
from .tables import Tables

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


def settings_from_toml(source: Source) -> Converted:
    """Convert a config.toml.

    Raises:
        UnconvertibleError: It has no `[[runners]]` with the executor docker+machine on amazonec2, values of a wrong
            type, entries that differ where a stack has one value for all, or what AWS or docker-machine would refuse.
    """
    conversion = _Conversion(source)
    found = conversion.convert()
    if conversion.findings.problems or found is None:
        problems = dict.fromkeys(conversion.findings.problems)
        raise UnconvertibleError(sorted(problems, key=lambda each: int(each.line or 0)))
    return found


class _Conversion:
    def __init__(self, source: Source) -> None:
        self.findings = Findings(source.lines)
        self._content = source.content
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
        chosen = [(f"{key}[{n}]", each) for n, each in enumerate(given) if self._is_ours(each, f"{key}[{n}]")]
        if self.findings.problems:
            return None
        self._leave_others(given, key, [place for place, _ in chosen])
        if not chosen:
            self.findings.refuse(
                f"{key}[0].executor", None, "is not docker+machine, nor is any other; there is nothing to convert"
            )
            return None
        return self._converted([place for place, _ in chosen], [each for _, each in chosen])

    def _is_ours(self, entry: Mapping[str, object], at: str) -> bool:
        executor, machine = pick(entry, "executor"), pick(entry, "machine")
        if executor is None and isinstance(machine, dict):
            self.findings.note(f"{at}.executor", "missing; it is docker+machine, as there is a table [runners.machine]")
        elif executor != "docker+machine":
            return False
        if machine is None:
            self.findings.refuse(
                f"{at}.machine", None, "missing; needed: [runners.machine], which says what machines to start"
            )
        elif not isinstance(machine, dict):
            self.findings.refuse(f"{at}.machine", None, "must be a table: [runners.machine]")
        else:
            return self._is_on_ec2(machine, at)
        return True

    def _is_on_ec2(self, machine: Mapping[str, object], at: str) -> bool:
        driver = pick(machine, "MachineDriver")
        if not driver:
            self.findings.note(f"{at}.machine.MachineDriver", "missing; it is amazonec2 here")
        return driver in ("amazonec2", None, "")

    def _leave_others(self, given: Sequence[Mapping[str, object]], key: str, chosen: Sequence[str]) -> None:
        for index, entry in enumerate(given):
            at = f"{key}[{index}]"
            if at in chosen:
                continue
            executor, place = pick(entry, "executor"), f"{at}.{spelled(entry, 'executor')}"
            message = "is not docker+machine: this [[runners]] stays on the old manager"
            if executor == "docker+machine":
                machine = pick(entry, "machine")
                executor, place = pick(machine, "MachineDriver"), f"{at}.machine.MachineDriver"
                message = "is not amazonec2: this [[runners]] stays on the old manager"
            if len(chosen):
                self.findings.left_out(place, message)
            else:
                self.findings.refuse(place, executor, message)

    def _converted(self, at: list[str], entries: list[Mapping[str, object]]) -> Converted | None:
        findings = self.findings
        entries = [renamed(entry, "runners", place, findings) for entry, place in zip(entries, at, strict=True)]
        general = self._tables.read(GlobalKeys, renamed(self._content, "global", "", findings), "")
        self._count_jobs(general)
        choices = [
            read_options(
                pick(pick(entry, "machine"), "MachineOptions", []),
                self._options_at(entry, place),
                self._tables,
                findings,
            )
            for entry, place in zip(entries, at, strict=True)
        ]
        region = read_region(choices, findings)
        network = Network(choices, region, findings)
        settings: dict[str, object] = {
            "gitlab": read_gitlab(entries, at, findings),
            **general,
            "network": network.settings(),
        }
        if (cache := read_cache(entries, at, self._tables, findings)) is not None:
            settings["cache"] = cache
        settings["pools"] = pools = self._pools(entries, at, choices, network, settings)
        self._tokens(entries, at, pools)
        if findings.problems:
            return None
        fit(settings, region, findings.secrets.keys() - {TOKEN}, _places(at, choices, settings), findings)
        order = [known.alias or name for name, known in Settings.model_fields.items()]
        in_order = {name: settings[name] for name in order if name in settings}
        used = set(re.findall(r"<secret:(\w+)>", repr(in_order))) | {TOKEN}
        secrets = {name: place for name, place in findings.secrets.items() if name in used}
        return Converted(region, in_order, secrets, findings.wanted, findings.notes)

    def _options_at(self, entry: Mapping[str, object], place: str) -> str:
        machine = pick(entry, "machine")
        return f"{place}.{spelled(entry, 'machine')}.{spelled(machine, 'MachineOptions')}"

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
        for index, (entry, place, chosen) in enumerate(zip(entries, at, choices, strict=True)):
            machine_at = f"{place}.{spelled(entry, 'machine')}"
            machine = with_autoscaling(without(pick(entry, "machine"), "MachineOptions"), machine_at, self.findings)
            rest = without(entry, "name", "limit", "machine", "docker")
            docker = pick(entry, "docker", {})
            pool = self._tables.read(RunnerKeys, {**rest, "docker": docker, "machine": machine}, place)
            pool.setdefault("docker", {"disable_cache": False})
            pool.setdefault("machine", {"IdleTime": 0})
            placed, driver = network.pool(index)
            driver = {**chosen.driver, **driver}
            own = {**placed, **pool_choices(chosen, index, self.findings)}
            names.give(whole := {**own, **pool}, entry, place, len(there.get("subnetIds", there.get("zones", "a"))))
            fit_numbers(whole, entry, place, settings["concurrent"], self.findings)
            first = {"name": whole.pop("name"), "limit": whole.pop("limit")}
            pools.append({**first, **whole, **({"driver": driver} if driver else {})})
        return pools

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
            case ("pools", int(index), *rest):
                return at[index] + _joined(rest)
            case ("cache", *rest):
                return f"{at[0]}.cache{_joined(rest)}"
            case _:
                return _joined(location).lstrip(".")

    return place_of


def _joined(parts: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
