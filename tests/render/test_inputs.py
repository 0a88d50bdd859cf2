"""Files and settings far beyond any stack: each is answered in two seconds, 300 MiB and one clear error, or read."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config_render import SettingsError, parse, render
from config_render.__main__ import MISTAKEN, main

from ..properties.hostile import FULL, PLACES
from .settings_samples import FACTS, REGION, TOKEN

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 2.0
SLOWER = 3
"""How many times slower than an idle machine the one may be that runs this."""
MOST_MIB = 300

HEAD = """config:
  aws:region: eu-central-1
  gitlab-runner-aws:gitlab: {url: https://gitlab.example.com}
  gitlab-runner-aws:manager: {sshFrom: [203.0.113.0/24]}
"""
POOL = """  gitlab-runner-aws:pools:
  - name: ci
    limit: 4
    instanceTypes: [m5.large]
    machine: {MaxGrowthRate: 2%s}
"""
ENTRY = """[[runners]]
name = "a"
url = "https://gitlab.example.com"
token = "glrt-x"
executor = "docker+machine"
[runners.machine]
MachineName = "a-%s"
MachineOptions = ["amazonec2-region=eu-central-1", "amazonec2-instance-type=m5.large"]
"""


@dataclass(frozen=True)
class Outcome:
    """What a run of the command came to."""

    code: int
    out: str
    err: str


Measured = Callable[..., Outcome]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Run the command in a process of its own, and see that it takes no more than it may."""
    folder = tmp_path_factory.mktemp("measured")
    with subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.forked_commands"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:

        def run(*arguments: str) -> Outcome:
            assert server.stdin
            assert server.stdout
            print(json.dumps([str(folder), *arguments]), file=server.stdin, flush=True)
            code, seconds, mib = json.loads(server.stdout.readline())
            said = [(folder / name).read_text().removesuffix("\n") for name in ("out", "err")]
            assert seconds < MOST_SECONDS * SLOWER
            assert mib < MOST_MIB
            return Outcome(code, *said)

        yield run


def listed(count: int, entry: Callable[[int], str]) -> str:
    return ", ".join(map(entry, range(count)))


def period(number: int) -> str:
    return f'"* {number % 60} {number // 60 % 24} {1 + number // 1440 % 28} * * *"'


def in_one_section() -> str:
    return HEAD + POOL % f", autoscaling: [{{Periods: [{listed(5000, period)}]}}]"


def in_sections() -> str:
    return HEAD + POOL % f", autoscaling: [{listed(5000, lambda number: f'{{Periods: [{period(number)}]}}')}]"


STACK = HEAD + POOL % ""
TOO_MUCH: dict[str, tuple[Callable[[], str], str]] = {
    "330,000 unknown settings": (
        lambda: STACK + "".join(f"  gitlab-runner-aws:k{number}: 1\n" for number in range(330_000)),
        "is larger than 4096 KiB",
    ),
    "330,000 unknown keys": (
        lambda: STACK + "".join(f"    k{number}: 1\n" for number in range(330_000)),
        "is larger than 4096 KiB",
    ),
    "330,000 keys in one line": (
        lambda: f"{STACK}    extra: {{{listed(330_000, lambda number: f'{number:x}: 1')}}}\n",
        "holds more than 100000 keys and values",
    ),
    "40,000 unknown keys": (
        lambda: STACK + "".join(f"    k{number}: 1\n" for number in range(40_000)),
        "gitlab-runner-aws:pools[0]: holds 40004 keys; at most 5000",
    ),
    "4,000 unknown keys": (
        lambda: STACK + "".join(f"    k{number}: 1\n" for number in range(4_000)),
        "more errors are not listed; correct these first",
    ),
    "4,000 long keys with dots": (
        lambda: STACK + "".join(f"    k{number}{'.a' * 300}: 1\n" for number in range(4_000)),
        "more errors are not listed; correct these first",
    ),
    "a key of a million characters": (
        lambda: f"{STACK}    {'a.' * 400}: 1\n    ? {'a.' * 500_000}\n    : 1\n",
        "has a key of",
    ),
    "90,000 zones": (
        lambda: f"{STACK}  gitlab-runner-aws:network: {{zones: [{listed(40_000, lambda number: f'a{number}')}]}}\n",
        "network.zones: holds 40000 entries; at most 100",
    ),
    "40,000 instance types": (
        lambda: STACK.replace("[m5.large]", f"[{listed(40_000, lambda number: f'm5.large{number}')}]"),
        "pools[0].instanceTypes: holds 40000 entries; at most 100",
    ),
    "a period of a million entries": (
        lambda: HEAD + POOL % f", autoscaling: [{{Periods: ['* {'1-59,' * 500_000}1 * * * * *']}}]",
        "has 2500013 characters; write it with at most 500",
    ),
    "deep lists": (lambda: f"{STACK}  gitlab-runner-aws:tags: {'[' * 100_000}\n", "is nested deeper than 50 levels"),
}


@pytest.mark.parametrize(("text", "said"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_far_beyond_any_stack_is_refused_at_once(
    text: Callable[[], str], said: str, measured: Measured, tmp_path: Path
) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text())
    outcome = measured("check", str(path))
    assert outcome.code == MISTAKEN
    assert said in outcome.err
    assert len(outcome.err) < 500_000


@pytest.mark.slow
@pytest.mark.parametrize("text", [in_one_section, in_sections], ids=["5,000 periods", "5,000 sections"])
@pytest.mark.parametrize("command", ["check", "render", "calendar"])
def test_thousands_of_periods_are_read_and_drawn(
    command: str, text: Callable[[], str], measured: Measured, tmp_path: Path
) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text())
    outcome = measured(command, str(path))
    assert outcome.code == 0
    assert outcome.out


TOML = {
    "a large file": (ENTRY + "#" * (1 << 19), "is larger than 512 KiB"),
    "deep lists": ("a = " + "[" * 100_000, "is nested too deeply"),
    "a key of many parts": (f"[{'.'.join('a' * 100_000)}]\n", "dots outside of quotes"),
    "a key of many quoted parts": ('[a."' + 'a"."' * 80_000 + 'a"]\n', "dots outside of quotes"),
    "many dotted keys": ("".join(f"k{number}{'.a' * 49} = 1\n" for number in range(4000)), "runners: missing"),
    "many keys": (ENTRY + "".join(f"k{number} = 1\n" for number in range(30_000)), "holds 30002 keys; at most 5000"),
    "many options": (
        ENTRY.replace('["ama', "[" + '"engine-env=a",' * 30_000 + '"ama'),
        "runners[0].machine.MachineOptions holds 30002 entries",
    ),
    "a list whose end is anywhere": ("a = [\n" + "[1],\n" * 80_000 + "]\n", "a holds 80000 entries; at most 5000"),
    "no end": ("a = [" + "1," * 200_000, "is not valid TOML"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "said"), TOML.values(), ids=TOML)
def test_a_config_toml_is_read_within_bounds_too(text: str, said: str, measured: Measured, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    outcome = measured("from-toml", str(path))
    assert outcome.code == MISTAKEN
    assert said in outcome.err
    assert outcome.err.count("\n") < 3


def test_a_value_with_many_dots_is_no_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.toml"
    path.write_text(ENTRY.replace('name = "a"', f'name = "a"\nenvironment = ["NO_PROXY={"10.0.0.1," * 100}"]'))
    assert main(["from-toml", str(path)]) == 0
    assert "NO_PROXY=10.0.0.1" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "from-toml"])
def test_a_file_that_never_ends_is_not_waited_for(command: str, measured: Measured, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        outcome = measured(command, str(path))
        assert outcome.code == MISTAKEN
        assert outcome.err == f"{path}: is not a regular file; write the settings into one first"


@pytest.mark.parametrize("command", ["check", "render", "calendar", "from-toml"])
def test_what_is_no_file_is_told(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path, said in (
        (loop, f"{loop}: can't be read (Too many levels of symbolic links)"),
        (tmp_path, f"{tmp_path}: can't be read (Is a directory)"),
        (tmp_path / ("a" * 300), "can't be read (File name too long)"),
        (Path("/dev/null"), "/dev/null: is not a regular file; write the settings into one first"),
    ):
        assert main([command, str(path)]) == MISTAKEN
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loop.yaml", "is not a file that can be found"),
        ("there/loop.yaml", "is not a file that can be found"),
        ("a\\0b", "is not a file that can be found"),
        ("fifo", "is not a regular file"),
        ("a" * 5000, "can't be read (File name too long)"),
        ("\\e[2J\\u202e", "can't be read (No such file or directory)"),
    ],
)
def test_a_file_that_can_not_be_extended_is_told_on_one_line(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop.yaml").symlink_to("pool.yaml")
    (tmp_path / "pool.yaml").symlink_to("loop.yaml")
    (tmp_path / "there").symlink_to(".")
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(f'{STACK}  gitlab-runner-aws:extends: ["{name}"]\n')
    assert main(["check", str(path)]) == MISTAKEN
    told, end = capsys.readouterr().err.splitlines()
    assert said in told
    assert told.isprintable()
    assert len(told) < 1000
    assert end == "1 error"


def test_no_more_files_are_extended_than_a_person_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(f"{STACK}  gitlab-runner-aws:extends: [{listed(2000, lambda number: f'{number}.yaml')}]\n")
    assert main(["check", str(path)]) == MISTAKEN
    assert "lists 2000 files; at most 20" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        'config:\n  "x\\e[2J": 1\n  "x\\e[2J": 1\n',
        f'{STACK}    "x\\e[2J\\u202e": 1\n',
        f'{STACK}  "gitlab-runner-aws:x\\e[2J": 1\n',
        f'{STACK}    image: "x\\e[2J"\n',
        'config:\n  aws:region: "x\\e[2J"\n  gitlab-runner-aws:pools: {"a b": {}, "\\e[2J": 1}\n',
        f"{STACK}  gitlab-runner-aws:extends: [shared.yaml]\n",
    ],
)
def test_no_text_of_a_file_steers_the_terminal(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shared.yaml").write_text('config: {"a\\e[2J": 1, "gitlab-runner-aws:b\\e[2J": 1}\n')
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text)
    assert main(["check", str(path)]) == MISTAKEN
    assert capsys.readouterr().err.replace("\n", "").isprintable()


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.yaml"
    for content, code in ((None, MISTAKEN), (STACK, 0)):
        if content:
            with open(name, "w") as file:
                file.write(content)
        done = subprocess.run(
            [sys.executable, "-m", "config_render", "check", name], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == code
        assert b"\\udcff.yaml: " in done.stdout + done.stderr
        assert b"Traceback" not in done.stderr


HALF = "a\ud800"


def _with(at: tuple[Any, ...], as_key: bool) -> dict[str, Any]:
    settings: Any = copy.deepcopy(FULL)
    table = settings
    for part in at[:-1]:
        table = table[part]
    if as_key:
        table[HALF] = table.pop(at[-1])
    else:
        table[at[-1]] = HALF
    return dict(settings)


@pytest.mark.parametrize("as_key", [False, True])
def test_half_a_character_from_a_program_is_refused_wherever_it_stands(as_key: bool) -> None:
    tried = 0
    for at in PLACES:
        if as_key and not isinstance(at[-1], str):
            continue
        with pytest.raises(SettingsError) as refusal:
            render(parse(_with(at, as_key), token=TOKEN, region=REGION), FACTS)
        str(refusal.value).encode()
        tried += 1
    assert tried > 30


@pytest.mark.parametrize(
    "given",
    [
        {"region": HALF},
        {"token": TOKEN + HALF},
        {"secrets": [HALF]},
        {"tokens": {"accessToken": HALF}},
    ],
)
def test_half_a_character_beside_the_settings_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse(FULL, **{"region": REGION, "token": TOKEN, **given})
    str(refusal.value).encode()


@pytest.mark.parametrize("count", [330_000, 10_000])
def test_unknown_keys_from_a_program_are_told_within_bounds(count: int) -> None:
    pools = json.loads(json.dumps(FULL["pools"]))
    pools[0].update({f"k{number}": 1 for number in range(count)})
    with pytest.raises(SettingsError, match="keys; at most 5000"):
        parse({**FULL, "pools": pools}, token=TOKEN, region=REGION)
    spread = [{**FULL["pools"][0], "name": f"p{n}", **{f"k{i}": 1 for i in range(33)}} for n in range(count // 33)]
    with pytest.raises(SettingsError, match=r"more errors are not listed|holds \d+ errors|holds more than") as told:
        parse({**FULL, "pools": spread}, token=TOKEN, region=REGION)
    assert len(told.value.problems) <= 201


def test_settings_that_hold_themselves_are_refused() -> None:
    extra: dict[str, Any] = {}
    extra["again"] = extra
    with pytest.raises(SettingsError, match="holds more than 500000 keys and values"):
        parse({**FULL, "pools": [{**FULL["pools"][0], "extra": extra}]}, token=TOKEN, region=REGION)
