"""`python -m config_render`: what a person gets to see, and exit codes."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from config_render.__main__ import main

ROOT = Path(__file__).parents[2]
GOOD = """\
aws:region: eu-central-1
gitlab: {url: https://gitlab.example.com}
manager: {sshFrom: [203.0.113.0/24]}
pools:
  - name: ci
    limit: 4
    machine:
      IdleTime: 0
      autoscaling:
        - {Periods: ["* * 9-17 * * mon-fri *"], IdleCount: 2, Timezone: Europe/Berlin}
"""
WRONG = """\
aws:region: eu-central-1
gitlab: {url: https://gitlab.example.com}
manager: {sshFrom: [203.0.113.0/24]}
concurent: 3
pools:
  - name: ci
    limit: 2
    docker: {privileged: "yes", dns: [resolver]}
    machine:
      IdleCount: 5
      MachineName: nope
      MachineOptions: [amazonec2-zon=a]
      autoscaling:
        - {Periods: ["* * 9-17 * * mon-fri"], Timezone: Europe/Berln}
    driver: {amazonec2-volume-type: io1}
"""


@dataclass
class Answer:
    returncode: int
    stdout: str
    stderr: str


Call = Callable[..., Answer]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command in this process, in a folder with a good and a wrong file."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "wrong.yaml").write_text(WRONG)
    (tmp_path / "facts.yaml").write_text("bucket: 5\nsubnets: []\n")
    monkeypatch.chdir(tmp_path)

    def answer(*arguments: str) -> Answer:
        try:
            code = main(arguments)
        except SystemExit as ended:  # how argparse refuses a call
            code = int(str(ended.code))
        return Answer(code, *capsys.readouterr())

    return answer


def test_all_mistakes_come_at_once_each_with_its_line(call: Call) -> None:
    done = call("check", "wrong.yaml")

    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == """\
wrong.yaml:4: concurent: unknown; did you mean `concurrent`?
wrong.yaml:7: pools[0].limit = 2: is below IdleCount 5; raise limit or lower IdleCount
wrong.yaml:8: pools[0].docker.dns[0] = resolver: is not a valid IP address; write it as 10.0.0.2
wrong.yaml:8: pools[0].docker.privileged = yes: must be true or false
wrong.yaml:11: pools[0].machine.MachineName = nope: must contain %s exactly once: the machine's own number goes there
wrong.yaml:12: pools[0].machine.MachineOptions[0]: has the unknown option amazonec2-zon; did you mean `amazonec2-zone`?
wrong.yaml:14: pools[0].machine.autoscaling[0].Periods[0] = "* * 9-17 * * mon-fri": has 6 fields; there must be 7: \
second minute hour day-of-month month day-of-week year
wrong.yaml:14: pools[0].machine.autoscaling[0].Timezone = Europe/Berln: is not a valid time zone; \
did you mean `Europe/Berlin`?
wrong.yaml:15: pools[0].driver.amazonec2-volume-type = io1: needs amazonec2-volume-iops, from 100 to 2000 for 40 GiB; \
set it, or use gp3
9 errors
"""
    )


WARNING = (
    "good.yaml:8: pools[0].machine.IdleTime = 0: removes a spare machine at once, so that most jobs wait for a new "
    "one; set 600, say\n1 warning\n"
)


CHECKED = """\
good.yaml: no errors
pool    jobs at once  machines at most  on demand of these  [[runners]]  placements
ci                 4                 4                   0            1           1
in all             4                 4                   0            1           1
"""


def test_all_mistakes_of_several_files_come_at_once(call: Call) -> None:
    alone = call("check", "wrong.yaml").stderr
    done = call("check", "wrong.yaml", "good.yaml", "nowhere.yaml")

    assert (done.returncode, done.stdout) == (2, CHECKED)
    assert done.stderr == f"{WARNING}{alone}nowhere.yaml: can't be read (No such file or directory)\n"


def test_warnings_let_pass_and_strict_does_not(call: Call) -> None:
    lenient, strict = call("check", "good.yaml"), call("check", "--strict", "good.yaml")

    assert (lenient.returncode, lenient.stdout, lenient.stderr) == (0, CHECKED, WARNING)
    assert (strict.returncode, strict.stdout, strict.stderr) == (2, "", WARNING)


COMPARED = """\
good.yaml: no errors
pool    executor           jobs at once  machines at most  on demand of these  [[runners]]  placements  machines that wait  highest price
ci      docker+machine                4                 4                   0            1           1              0 to 2      on demand
ci      docker-autoscaler             4                 4                   0            1           1              0 to 2      on demand
in all  docker+machine                4                 4                   0            1           1
in all  docker-autoscaler             4                 4                   0            1           1
"""  # noqa: E501


def test_what_another_executor_would_change_is_told_in_numbers_and_warnings(call: Call) -> None:
    Path("good.yaml").write_text(GOOD.replace("IdleTime: 0", "IdleTime: 0\n      MaxGrowthRate: 3"))
    done = call("check", "good.yaml", "--executor", "docker-autoscaler")

    assert (done.returncode, done.stdout) == (0, COMPARED)
    first, second = done.stderr.split("1 warning\n", 1)
    assert first.startswith("good.yaml:8: pools[0].machine.IdleTime")
    assert second.startswith("good.yaml:9: pools[0].machine.MaxGrowthRate: has no counterpart in docker-autoscaler")
    assert call("check", "good.yaml", "--executor", "docker+machine").stdout == CHECKED


def test_what_another_executor_would_refuse_is_a_mistake(call: Call) -> None:
    Path("good.yaml").write_text(GOOD.replace("* * 9-17 * * mon-fri *", "* * * L * * *"))
    done = call("check", "good.yaml", "--executor", "docker-autoscaler")

    assert done.returncode == 2
    assert "good.yaml:10: pools[0].machine.autoscaling[0].Periods[0]" in done.stderr


def test_config_toml_goes_to_standard_output_alone(call: Call) -> None:
    Path("facts.yaml").write_text("vpc_id: vpc-1\nbucket: some-bucket\nimages: {arm64: ami-1}\n")
    done = call("render", "good.yaml", "--facts", "facts.yaml")
    (runner,) = tomllib.loads(done.stdout)["runners"]

    assert (done.returncode, done.stderr) == (0, WARNING)
    assert runner["cache"]["s3"]["BucketName"] == "some-bucket"
    assert "amazonec2-vpc-id=vpc-1" in runner["machine"]["MachineOptions"]
    assert "amazonec2-subnet-id=(known after creation)" in runner["machine"]["MachineOptions"]
    assert call("render", "good.yaml", "--facts", "facts.yaml").stdout == done.stdout


def test_the_calendar_is_drawn_as_text_and_as_a_picture(call: Call) -> None:
    done = call("calendar", "good.yaml", "--week", "2026-11-26", "--timezone", "UTC", "--svg", "week.svg")

    assert done.returncode == 0
    assert done.stdout.startswith("ci: machines that wait for jobs, by hour (UTC, week of 2026-11-23)\n")
    assert done.stdout.splitlines()[3].split()[3:] == [*["0"] * 8, *["2a"] * 9, *["0"] * 7]
    assert Path("week.svg").read_text().startswith("<svg ")


def test_the_schema_is_json(call: Call) -> None:
    assert json.loads(call("schema").stdout)["title"] == "A stack of gitlab-runner-aws"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["render", "absent.yaml"], "absent.yaml: can't be read (No such file or directory)\n"),
        (["render", "good.yaml", "--facts", "good.yaml"], "good.yaml: must be a table of bucket, bucket_region,"),
        (["render", "good.yaml", "--facts", "facts.yaml"], "facts.yaml: subnets: must be a table of keys and values\n"),
        (["render", "good.yaml", "--facts", "facts.yaml"], "facts.yaml: bucket: must be text; put it in quotes\n"),
        (["calendar", "good.yaml", "--svg", "."], ".: can't be written (Is a directory)\n"),
        (["calendar", "good.yaml", "--week", "today"], "today is not a valid day; write it as 2026-11-24"),
        (["calendar", "good.yaml", "--timezone", "Berlin"], "Berlin is not a valid time zone; did you mean"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_a_wrong_call_is_told_and_ends_with_2(arguments: list[str], said: str, call: Call) -> None:
    done = call(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_it_runs_as_a_module_and_a_reader_that_goes_away_is_no_error() -> None:
    pipe = f"{sys.executable} -m config_render schema | head -n 1"
    done = subprocess.run(pipe, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S602

    assert (done.stdout, done.stderr) == ("{\n", "")


def test_an_existing_network_is_rendered_with_its_ids_and_no_zone_of_our_own(call: Call, tmp_path: Path) -> None:
    network = "{vpcId: vpc-0abc, subnetIds: [subnet-0a, subnet-0b], workerSecurityGroup: ci}"
    (tmp_path / "there.yaml").write_text(f"{GOOD}network: {network}\n")
    (runner,) = tomllib.loads(call("render", "there.yaml").stdout)["runners"]
    options = runner["machine"]["MachineOptions"]

    assert "amazonec2-vpc-id=vpc-0abc" in options
    assert "amazonec2-subnet-id=subnet-0a" in options
    assert "amazonec2-zone=(zone of subnet-0a)" in options
    assert "amazonec2-security-group=ci" in options
