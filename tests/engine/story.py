"""The life of one manager in a transcript: `python -m tests.engine.story`.

Up, a change, a rotated token, an upgrade, a bad one taken back, a pool removed, a lockout of spot and the recovery from
it, the end. What is printed is what `pulumi up` and the manager say; it stops with an error where one of them lies.
"""

import copy
import json
import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import yaml

from components.manager_tool.contract.constants import TARGET
from components.manager_tool.texts import COLORS
from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from .conftest import STACK, TOKEN_KEY, Deployment

_SETTINGS = "/etc/gitlab-runner/staged/watch.json"
_COOL_DOWN = 5
_NOISE = re.compile(
    r"^\s*$|^[@\s]*(updating|destroying)|^(Updating|Destroying|Resources|Duration|Diagnostics|Outputs)|~ pulumi"
)
_NOISE = re.compile(r"command:remote:Command|pulumi:pulumi:Stack|^\s*[0-9a-f]{400,}$|^\s*error: ")
_DRAWN = re.compile(r"\d{10}-[0-9a-f]{8}|127\.0\.0\.1:\d+")


def say(text: str) -> None:
    for line in filter(None, map(str.strip, text.splitlines())):
        print(f"  {_DRAWN.sub('...', COLORS.sub('', line))[:150]}", flush=True)


def chapter(title: str) -> None:
    print(f"\n# {title}", flush=True)


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"after five minutes: {what}")
        time.sleep(0.2)


def hold(condition: bool, what: str) -> None:
    """Go on only if what was told is so."""
    if not condition:
        raise SystemExit(f"it is not so that {what}")
    print(f"  => {what}", flush=True)


def say_what_was_told(output: str) -> None:
    """Print what commands said, less their headings and what the engine adds."""
    told = re.split(r"\n(?:Outputs|Resources):", output.partition("Diagnostics:")[2])[0]
    say("\n".join(line for line in told.splitlines() if not _NOISE.search(line)))


def up(deployment: Deployment, *, fails: bool = False) -> str:
    """Print what the manager says during an up, and how many resources of each kind of change there were."""
    deployment.configure()
    started = time.monotonic()
    result = deployment.up(check=False)
    output = result.stdout + result.stderr
    say_what_was_told(output)
    summary = ", ".join(re.findall(r"^\s+([~+-]+ ?\d+ \w+)", output, re.MULTILINE))
    print(f"  [pulumi up: exit {result.returncode}, {summary}, {time.monotonic() - started:.0f} s]", flush=True)
    if (result.returncode != 0) != fails:
        raise SystemExit(output)
    return output


def runners(deployment: Deployment) -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in tomllib.loads(deployment.live()).get("runners", [])}


def job(deployment: Deployment, seconds: float) -> Callable[[str], bool]:
    """Hand a job to GitLab; return how to ask for its state."""
    number = control.gitlab(deployment.cloud, "jobs", {"seconds": seconds})["id"]

    def is_in(state: str) -> bool:
        jobs = control.gitlab(deployment.cloud, "state")["jobs"]
        return any(each["id"] == number and each["state"] == state for each in jobs)

    return is_in


def program(deployment: Deployment, version: str) -> None:
    deployment.config["gitlab-runner-aws:manager"]["gitlabRunner"] = {"version": version}


def made(cloud: LocalCloud, folder: Path) -> Deployment:
    config = copy.deepcopy(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])
    project = Project.create(cloud, folder, STACK, control.with_addresses(config, cloud))
    deployment = Deployment(project, config, control.create_runner(cloud))
    project.set_secret(TOKEN_KEY, deployment.token)
    program(deployment, "19.2.0")
    # The story looks by itself, with a shorter pause than settings allow.
    config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600, "breaker": {"failures": 2}}
    deployment.pool["machine"] = {"IdleCount": 1, "IdleTime": 1800, "MaxGrowthRate": 2}
    deployment.pool["spot"] = {"maxPrice": 0.07, "onDemandPrice": 0.115, "onDemandLimit": 1}
    extra = {**copy.deepcopy(deployment.pool), "name": "extra"}
    del extra["spot"]
    config["gitlab-runner-aws:pools"].append(extra)
    return deployment


def tell(deployment: Deployment) -> None:
    chapter("up: gitlab-runner 19.2.0, two pools")
    up(deployment)
    pid = deployment.service_pid()
    hold(len(deployment.managers()) == 1, "one manager is registered at GitLab")

    chapter("change: limit 5 -> 7")
    deployment.pool["limit"] = 7
    up(deployment)
    hold(deployment.service_pid() == pid, "it is live without a restart")

    chapter("rotate: gitlab-runner changes its token by itself, then concurrent changes")
    time.sleep(1)
    before = {runner["token"] for runner in runners(deployment).values()}
    deployment.host().run("gitlab-runner reset-token --name extra")
    rotated = {runner["token"] for runner in runners(deployment).values()} - before
    hold(len(rotated) == 1, "gitlab-runner has another token in one of three entries")
    deployment.config["gitlab-runner-aws:concurrent"] = 12
    up(deployment)
    now = {runner["token"] for runner in runners(deployment).values()}
    hold(
        len(now) == 1 and now <= rotated and len(deployment.managers()) == 1, "all entries have the newest token, once"
    )

    chapter("upgrade: 19.2.0 -> 19.3.0, while a job runs")
    running = job(deployment, 12)
    until(lambda: running("running"), "the job was not taken")
    program(deployment, "19.3.0")
    up(deployment)
    hold(running("success"), "the job has ended well")

    chapter("bad upgrade: a version that does not start")
    program(deployment, "99.0.0-no-start")
    up(deployment, fails=True)
    version = deployment.host().run("gitlab-runner --version | head -1").split()[-1]
    hold(version == "19.3.0" and deployment.service_pid() > 0, f"gitlab-runner {version} runs")
    program(deployment, "19.3.0")

    chapter("pool removed: extra")
    host = deployment.host()
    until(lambda: "extra" in host.run("docker-machine ls -q --filter state=Running"), "the pool has no machine")
    del deployment.config["gitlab-runner-aws:pools"][1]
    up(deployment)
    hold("extra" not in host.run("docker-machine ls -q"), "its machines are gone")

    lockout(deployment)

    chapter("destroy")
    say_what_was_told(deployment.destroy().stdout)
    left = control.leftovers(deployment.cloud)
    hold(left == [], "nothing is left in the emulated AWS, and no manager in the emulated GitLab")


def lockout(deployment: Deployment) -> None:
    host = deployment.host()
    settings = json.loads(host.read(_SETTINGS))
    settings["breaker"]["coolDownSeconds"] = _COOL_DOWN
    host.run(f"echo '{json.dumps(settings)}' > {_SETTINGS}")

    def look() -> str:
        return host.run(f"{TARGET} watch")

    def breaker_says(text: str) -> bool:
        told = look()
        say("\n".join(line for line in told.splitlines() if line.startswith("breaker:")))
        return text in told

    def limits() -> dict[str, object]:
        return {name: runner["limit"] for name, runner in runners(deployment).items()}

    chapter("lockout: AWS has no spot capacity when IdleCount goes from 1 to 3")
    control.refuse(deployment.cloud, {"code": "InsufficientInstanceCapacity", "market": "spot"})
    usual = limits()
    deployment.pool["machine"]["IdleCount"] = 3
    up(deployment)
    until(lambda: breaker_says("makes no machines"), "the breaker did not open")
    hold(limits() != usual, f"the limits that are live: {limits()}, instead of {usual}")
    meanwhile = job(deployment, 0.5)
    until(lambda: meanwhile("success"), "nobody took the job")
    hold(True, "a job is done meanwhile")
    control.refuse(deployment.cloud)
    until(lambda: breaker_says("makes machines again"), "the breaker did not close")
    hold(limits() == usual, f"the limits that are live: {limits()}")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud.start(Path(folder) / "cloud")
        try:
            tell(made(cloud, Path(folder) / "project"))
        finally:
            cloud.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
