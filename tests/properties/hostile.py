"""Stack files that nobody would write on purpose, drawn by chance: a run can be repeated by its seed.

python -m tests.properties.hostile [--count N] [--seed N]
"""

import argparse
import io
import random
import resource
import tempfile
import time
import tomllib
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from config_render import SettingsError, problems_of, render, warnings_of
from config_render.__main__ import MISTAKEN
from config_render.__main__ import main as command
from config_render.base.section import ConfigTable
from config_render.files.stack_file import read_stack_file
from config_render.settings.stack import Settings
from tests.render.settings_samples import FACTS, REGION, TOKEN, stack
from tests.render.test_reference import KEYS

FULL: dict[str, Any] = stack(
    {
        "environment": ["A=b"],
        "labels": {"some": "label"},
        "spot": {"maxPrice": "onDemand", "onDemandPrice": {"m5.large": 0.1}},
        "docker": {"image": "alpine", "dns": ["10.0.0.2"], "services": [{"name": "redis"}], "sysctls": {"a": "1"}},
        "driver": {"amazonec2-root-size": 20, "amazonec2-tags": {"a": "b"}, "engine-opt": ["a=1"]},
        "machine": {
            "IdleCount": 1,
            "MachineName": "ci-%s",
            "MachineOptions": ["engine-label=a=b"],
            "autoscaling": [{"Periods": ["* * 9-17 * * mon-fri *"], "Timezone": "UTC"}],
        },
        "extra": {"new": {"a": [1]}},
    },
    tags={"team": "ci"},
    cache={"expireDays": 3, "s3": {"RoleARN": "arn:aws:iam::123456789012:role/a"}},
    machine={"shutdown_drain": {"enabled": True}},
)

LARGE = (2**31, 2**63, -(2**63) - 1, 10**400, 1e308, float("inf"), float("-inf"), float("nan"))
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.1, -0.0, *LARGE),
    *("", " ", "\x00", "\x7f", "\n", "\r\n", "\u2028", "\U0001f600", "\ud800", "a" * 10_000, "1" * 400),
    *("%s", "%s%s", "*", "* * * * * * *", '"""', "'''", "[x]", "# x", "a=b", "../../etc/passwd"),
    *("<secret:", "<secret:token>", "<secret:x>"),
    *([], [[]], [None], [1, "a"], ["* * 9-17 * * mon-fri *"]),
    *({}, {"": ""}, {"a": {}}, {"\x00": 1}, {"extra": {"extra": {}}}),
)
FRAGMENTS = (
    *("&a [", "]", "*a", "{", "}", ": ", "- ", "\n", "  ", '"', "'", "|\n", ">\n", "<<: ", "? ", "---\n"),
    *("#", "%YAML 1.2\n", "!!python/object:x ", "\t", "\x00", "\ufeff", "[" * 60, "a: " * 60),
    *("config:\n  ", "gitlab-runner-aws:", "pools:\n- "),
)


AS_TEXT = yaml.safe_dump(
    {"config": {"aws:region": REGION, **{f"gitlab-runner-aws:{key}": value for key, value in FULL.items()}}}
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value."""
    found = [at] if at else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        found += places(item, (*at, key))
    return found


PLACES = places(FULL)
KEY_NAMES = sorted({entry["key"] for entries in KEYS.values() for entry in entries})


def copied(value: Any) -> Any:
    """A copy that shares nothing; the library's own is several times slower."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def spoilt(chance: random.Random) -> dict[str, Any]:
    """Settings with one to four values, keys or tables replaced."""
    raw: dict[str, Any] = copied(FULL)
    for _ in range(chance.randint(1, 4)):
        *path, last = chance.choice(PLACES)
        table: Any = raw
        for key in path:
            table = table[key] if isinstance(table, dict) and key in table else None
            if not isinstance(table, dict):
                break
        if not isinstance(table, dict):
            continue
        match chance.randrange(4):
            case 0:
                table.pop(last, None)
            case 1:
                table[chance.choice(KEY_NAMES)] = copied(chance.choice(JUNK))
            case 2:
                table[str(chance.choice(JUNK))[:50]] = copied(chance.choice(JUNK))
            case _:
                table[last] = copied(chance.choice(JUNK))
    return raw


def torn(chance: random.Random) -> str:
    """A stack file's text with pieces cut out and others put in."""
    text = AS_TEXT
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text))
        cut = chance.choice((0, 0, 1, 5, 40))
        text = text[:at] + chance.choice(FRAGMENTS) * chance.choice((1, 1, 3)) + text[at + cut :]
    return text


def unknown_keys(content: dict[str, Any]) -> list[str]:
    """Keys of a rendered file that gitlab-runner does not know, but for those that were asked for as such."""
    known = {entry["key"] for entries in KEYS.values() for entry in entries}
    free = {
        "extra",
        "new",
        "labels",
        "sysctls",
        "tmpfs",
        "feature_flags",
        "services_tmpfs",
        "container_labels",
        "ulimit",
    }
    free |= {"volume_driver_ops", "services_devices", "log_options", "kubernetes"}

    def walk(table: dict[str, Any]) -> list[str]:
        found = []
        for key, value in table.items():
            if key in free:
                continue
            found += [] if key in known else [key]
            for each in value if isinstance(value, list) else [value]:
                found += walk(each) if isinstance(each, dict) else []
        return found

    return walk(content)


def judge(raw: dict[str, Any]) -> str:
    """Say what became of settings; raises whatever is not meant to come out."""
    settings, problems = problems_of(raw, token=TOKEN, region=REGION)
    if settings is None or problems:
        text = str(SettingsError(problems))
        assert problems, "refused without a reason"
        assert "\n" not in "".join(str(problem) for problem in problems), "a message over several lines"
        text.encode()
        return "refused"
    text = render(settings, FACTS)
    content = tomllib.loads(text)
    assert has_extra(settings) or unknown_keys(content) == [], unknown_keys(content)
    assert render(settings, FACTS) == text
    warnings_of(settings)
    return "rendered"


def has_extra(settings: Settings) -> bool:
    """Whether keys of a person's own were given anywhere."""

    def tables(value: Any) -> list[ConfigTable]:
        if isinstance(value, ConfigTable):
            return [value, *(inner for item in value.__dict__.values() for inner in tables(item))]
        return [inner for item in value for inner in tables(item)] if isinstance(value, tuple) else []

    return any(table.extra for table in tables(settings) if table.extra != {"new": {"a": [1]}})


def called(path: Path) -> str:
    """Say what the command line makes of a file; raises whatever a person should not see."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        code = command(["calendar", str(path), "--week", "2026-11-24"])
    assert code in (0, MISTAKEN), output.getvalue()
    if code == MISTAKEN:
        return "refused" if "error" in output.getvalue().splitlines()[-1] else "no settings file"
    return judge(dict(read_stack_file(path).settings))


def run(count: int, seed: int, folder: Path) -> Counter[str]:
    """Try `count` inputs, half of them settings and half of them texts; raises at the first that comes out wrong."""
    chance = random.Random(seed)  # noqa: S311  not for secrets
    outcome: Counter[str] = Counter()
    path = folder / "hostile.yaml"
    for number in range(count):
        if number % 2 == 0:
            given: Any = spoilt(chance)
            outcome[judge(given)] += 1
            continue
        given = torn(chance)
        path.write_text(given, errors="surrogatepass")
        outcome[called(path)] += 1
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(options.count, options.seed, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"seed {options.seed}: {options.count} inputs in {time.monotonic() - started:.0f} s, {peak:.0f} MiB at most")
    print(", ".join(f"{what}: {number}" for what, number in outcome.most_common()))


if __name__ == "__main__":
    main()
