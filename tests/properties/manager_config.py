"""What the manager's tool makes of a config.toml that was cut off or garbled: an answer or one clear error, soon.

python manager_config.py TOOL TEMPLATE PLAN [--mutations N] [--stride N] [--seed N]

TOOL is a folder with the tool as it arrives on a manager, so that any Python of managers can run this: 3.9 or newer.
TEMPLATE is a rendered config.toml, PLAN the settings of the breaker for it. What runs other programs or asks AWS and
GitLab is replaced; everything else is the tool's own. Prints figures as JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

TOKEN = "glrt-a1b2a1b2axxxxxxxxxxx"
SECRETS = {"token": TOKEN, "hook": 's3"cret'}
STAMP = "1764000000-0a1b2c3d"
"""What makes the name of a machine unique."""
MOST_SECONDS = 1.0
"""Of processor time, for each use of each text."""

FRAGMENTS = (
    *(
        "stray word",
        "\n[[runners]]\n",
        "\n[[ runners ]]\n",
        "\n[runners]\n",
        "[[",
        "]]",
        "[",
        "]",
        "{",
        "}",
        "=",
        " = ",
    ),
    *('"', "'", '"""', "'''", "\\", "\\u", "#", "# x\n", ",", ".", "\n", "\r", "\r\n", "\t", "\x00", "\x7f", "\ufeff"),
    *("\x85", "\u2028", "\u2029", "\U0001f600", "<secret:", "<secret:token>", "<secret:x>", "%s", "0", "-1", "1e999"),
    *("nan", "true", "9" * 5000, "[" * 2000, "a." * 2000, "\ntoken = 1\n", "\nMachineName = []\n", "\nname = {}\n"),
    *(
        "\nid = 'x'\n",
        "2026-01-01T00:00:00Z",
        "99999-99-99",
        "\nlimit = -1\n",
        "\nexecutor = 'shell'\n",
        "\nmachine = 1\n",
    ),
)
BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xfe\xff", b"\x00")


class LateError(BaseException):
    """It took too long."""


class NotReplacedError(BaseException):
    """A program was to be run: something else than what is tested here, and not there on every machine."""


def mutated(text: str, chance: random.Random) -> bytes:
    """Return the text with one to three changes."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        at, length = chance.randrange(len(text) + 1), chance.choice((1, 1, 2, 10, 100, 1000))
        lines = text.split("\n")
        line = chance.randrange(len(lines))
        kind = chance.randrange(8)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind in (1, 2):
            text = text[:at] + chance.choice(FRAGMENTS) + text[at:]
        elif kind == 3:
            text = "\n".join(lines[:line] + lines[line + 1 :])
        elif kind == 4:
            text = "\n".join([*lines[:line], lines[line] + chance.choice(FRAGMENTS), *lines[line + 1 :]])
        elif kind == 5:
            other = chance.randrange(len(lines))
            lines[line], lines[other] = lines[other], lines[line]
            text = "\n".join(lines)
        elif kind == 6:
            text = (
                text[:at] + chr(chance.choice((chance.randrange(32, 127), chance.randrange(0x3000)))) + text[at + 1 :]
            )
        else:
            text = text.replace('"', "'") if chance.random() < 0.5 else text[:at] + text[at : at + length] + text[at:]
    content = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        at = chance.randrange(len(content) + 1)
        content = content[:at] + chance.choice(BYTES) + content[at:]
    return content


class Manager:
    """The tool's modules, with its files in a folder, an idle machine for each section, and the rest replaced."""

    def __init__(self, folder: Path, template: str, plan: dict[str, Any]) -> None:
        self.template, self.live, self.staged = template, folder / "config.toml", folder / "staged.toml"
        self.removed: list[str] = []
        self.shipped = 0
        self.machines = [
            (each["name"], f"runner-a1b2a1b2a-{each['machine']['MachineName']}".replace("%s", STAMP))
            for each in self.reader()(template)["runners"]
        ]
        self.settings = {
            "breaker": plan,
            "deployment": "d",
            "profile": "p",
            "group": "g",
            "apart": True,
            "manager": "m",
            "ownInstance": True,
            "stopTimeout": 1,
            "graceMinutes": 1,
            "region": "r",
            "logGroup": "l",
            "metricsFile": "none",
            "alarms": False,
            "intervalSeconds": 60,
        }
        elsewhere = plan["pools"]["ci"]["placements"][1]["label"]
        self.changed = {"ci": {"label": elsewhere, "form": "holding", "machines": 1}}
        self._place(folder)
        self._replace()
        (folder / "watch.json").write_text(json.dumps(self.settings))
        (folder / "secrets.json").write_text(json.dumps(SECRETS))
        self.staged.write_text(template)
        with redirect_stdout(StringIO()):
            tool("deployment.activation").apply(template, SECRETS, "warn")
        assert tool("config.drift").wanted_machines() == {name.replace(STAMP, "%s") for _, name in self.machines}
        self.kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def _place(self, folder: Path) -> None:
        """Have all the tool's files in the folder."""
        for names, constant, file in (
            ("deployment.activation config.drift config.runners", "LIVE", "config.toml"),
            ("deployment.activation", "HOME", "."),
            ("deployment.activation config.template executors.docker_machine.breaker", "TEMPLATE", "staged.toml"),
            ("deployment.activation gitlab.egress", "SECRETS", "secrets.json"),
            ("config.drift", "WRITTEN", "written.json"),
            ("config.drift", "DRIFTED", "drifted"),
            ("executors.docker_machine.overrides", "STATE", "breaker.json"),
            ("executors.docker_machine.overrides maintenance.watch", "WATCH_SETTINGS", "watch.json"),
            ("gitlab.tokens", "KEPT", "runners.json"),
            ("gitlab.egress", "PLAN", "gitlab.json"),
            ("maintenance.watch", "DEPLOYMENT", "lock"),
            ("maintenance.look", "LIFE", "life.json"),
        ):
            for name in names.split():
                assert hasattr(tool(name), constant), (name, constant)
                setattr(tool(name), constant, folder / file)

    def _replace(self) -> None:
        """Replace what runs programs, waits, or asks AWS or GitLab."""

        def write(path: Path, text: Any, mode: int = 0o600) -> None:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)

        def ship(to: Any, cursor: Path, hidden: Any) -> None:
            self.shipped += 1

        def remove(names: Any) -> list[str]:
            self.removed += names
            return []

        def no_program(command: Any, **given: Any) -> None:
            raise NotReplacedError(f"{command}")

        for name in ("deployment.activation", "config.drift", "executors.docker_machine.overrides", "gitlab.tokens"):
            tool(name).write = write  # which does not wait for the disk
        vars(subprocess)["run"] = no_program
        tool("executors.docker_machine.machines").names = lambda: [
            *(machine for _, machine in self.machines),
            "a-persons-own",
        ]
        tool("executors.docker_machine.machines").remove = remove
        tool("executors.docker_machine.draining").time = SimpleNamespace(sleep=lambda seconds: None)
        for name in ("executors.docker_machine.draining", "executors.docker_machine.breaker"):
            tool(name).folders = list
        tool("executors.docker_machine.draining").talked_to = set
        errors = {"StepError": tool("host").StepError, "COLORS": tool("host").COLORS}
        tool("executors.docker_machine.breaker").host = SimpleNamespace(run=lambda *command: (0, ""), **errors)
        tool("programs.journal").host = SimpleNamespace(run=lambda *command: (0, ""))
        tool("executors.docker_machine.draining").run = lambda *command, check=True: (0, "")
        tool("deployment.activation").run = lambda *command, check=True, hidden=(): (0, "Version: 19.3.0")
        tool("deployment.activation").activate = lambda restart: None
        tool("gitlab.api").verify = lambda url, token: {"id": 7, "token": token, "token_expires_at": None}
        tool("gitlab.tokens")._give_up = lambda entry: not remove(["a runner"])
        tool("executors.docker_machine.reaping").look = lambda aws, settings: None
        tool("executors.docker_machine.reaper").findings = lambda seen, ours, before, grace: []
        tool("executors.docker_machine.reaper").machines_in_error = lambda seen: set()
        for name in ("maintenance.look", "maintenance.watch"):
            tool(name).instance_id = lambda: "i-1"
        tool("maintenance.journal_shipping").ship = ship
        tool("maintenance.metrics").write_for_prometheus = lambda path, measured: None

    def reader(self) -> Any:
        """Another reader of TOML, from Python 3.11 on."""
        return importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli").loads

    def reset(self) -> None:
        """Undo whatever the last text led to."""
        for path, content in self.kept.items():
            path.write_bytes(content)
        self.removed.clear()
        self.shipped = 0

    def as_live(self, content: bytes) -> None:
        """A pass of the watch over the live file, then what a deployment would say of it. Raises `StepError`."""
        self.live.write_bytes(content)
        watch, drift, said = tool("maintenance.watch"), tool("config.drift"), StringIO()
        look = watch.Pass(self.settings, SECRETS, tool("maintenance.watch_state").State(), dry_run=False)
        with redirect_stderr(said):
            code = watch._done([watch._break, watch._tend, watch._reap, watch._ship, watch._tell], look)
        lines = said.getvalue().splitlines()
        assert (code == 0) == (not lines), lines
        assert len(lines) == len({*lines}), lines
        assert self.shipped == 1, "the journal was not shipped"
        lost = drift.lost(self.template, SECRETS)
        assert not any(secret in line for line in lost + lines for secret in SECRETS.values()), lost
        drift.replacing(drift.written(b"", "", {}))
        if lines:
            raise tool("host").StepError(lines[0])

    def as_arriving(self, content: bytes) -> None:
        """The settings' own file. Raises `StepError`."""
        sys.stdin = StringIO(content.decode())
        tool("deployment.activation").stage_config("overwrite")

    def as_staged(self, content: bytes) -> None:
        """The settings' own file, damaged since, with a section that starts machines elsewhere. Raises `StepError`."""
        self.staged.write_bytes(content)
        tool("deployment.activation").complete(SECRETS)
        tool("executors.docker_machine.overrides").save(
            tool("executors.docker_machine.overrides").State(sections=self.changed)
        )
        tool("deployment.activation").apply_again("overwrite")

    def may_remove(self, content: bytes) -> set[str]:
        """The machines of sections that are there, by another reader, and have other names for their machines."""
        prefix_of = tool("config.machine_names").prefix_of
        try:
            found = [each for each in self.reader()(content.decode("utf-8-sig"))["runners"] if "machine" in each]
            wanted = [f"{prefix_of(each['token'])}{each['machine']['MachineName']}" for each in found]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return set()
        beginnings = tuple(each.partition("%s")[0] for each in wanted)
        names = [each.get("name") for each in found]
        return {machine for name, machine in self.machines if name in names and not machine.startswith(beginnings)}


def tool(name: str) -> Any:
    """One of the tool's modules, by its name inside the tool."""
    return importlib.import_module(f"manager_tool.{name}")


class Figures(dict[str, int]):
    """What came of the texts."""

    def __init__(self, manager: Manager) -> None:
        super().__init__(texts=0, answers=0, errors=0, removed=0, slowest_ms=0)
        self.manager = manager

    def add(self, use: str, content: bytes, *, whole: bool) -> None:
        """Use a text in one way. Fails unless that ends in an answer or one clear error, and costs no machine."""
        manager, began = self.manager, time.process_time()
        manager.reset()
        signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
        try:
            with redirect_stdout(StringIO()):
                getattr(manager, use)(content)
            self["answers"] += 1
        except (tool("host").StepError, UnicodeDecodeError) as error:
            self["errors"] += 1
            self._check(use, str(error))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if use == "as_live" and manager.removed:
            assert whole, manager.removed
            assert {*manager.removed} <= manager.may_remove(content), manager.removed
            self["removed"] += len(manager.removed)
        self["texts"] += 1
        self["slowest_ms"] = max(self["slowest_ms"], round(1000 * (time.process_time() - began)))

    def _check(self, use: str, error: str) -> None:
        assert "\n" not in error.strip(), error
        assert not any(secret in error for secret in SECRETS.values()), error
        if use != "as_live":
            manager = self.manager
            assert manager.live.read_bytes() == manager.kept[manager.live], "it was refused, and changed something"


def run(manager: Manager, live: list[bytes], staged: list[bytes], *, whole: bool) -> Figures:
    """Use texts as the live file and as the settings' own; those that are not `whole` may cost no machine at all."""
    figures = Figures(manager)
    uses = [("as_live", content) for content in live]
    uses += [(("as_arriving", "as_staged")[number % 2], content) for number, content in enumerate(staged)]
    for use, content in uses:
        try:
            figures.add(use, content, whole=whole)
        except BaseException:
            print(f"{use}: {content!r}", file=sys.stderr)
            raise
    return figures


def cut(text: str, stride: int) -> list[bytes]:
    """Return what is left of a text that was cut off at each place, or at every so many, and after each line."""
    content = text.encode()
    ends = {*range(0, len(content), stride)} | {end for end in range(len(content)) if content[end] == ord("\n")}
    return [content[:end] for end in sorted(ends)]


def late(number: int, frame: Any) -> None:
    """Raise where the program is."""
    raise LateError(f"more than {MOST_SECONDS} s")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    for name in ("tool", "template", "plan"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.path.insert(0, str(given.tool))
    signal.signal(signal.SIGPROF, late)
    template, plan = given.template.read_text(), json.loads(given.plan.read_text())
    chance = random.Random(given.seed)  # noqa: S311 - to be repeated
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - for speed alone
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        manager = Manager(Path(folder), template, plan)
        live = manager.live.read_text()
        prefixes = run(manager, cut(live, given.stride), cut(template, given.stride), whole=False)
        garbled = [[mutated(text, chance) for _ in range(given.mutations)] for text in (live, template)]
        print(json.dumps({"prefixes": prefixes, "mutations": run(manager, *garbled, whole=True)}))


if __name__ == "__main__":
    main()
