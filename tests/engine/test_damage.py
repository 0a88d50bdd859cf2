"""What was deleted, damaged or switched off on the manager, by hand or by a broken disk, comes back."""

import copy
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from localcloud import control
from localcloud.cloud import ROOT, LocalCloud, Project

from .conftest import STACK, Deployment

HOME = "/etc/gitlab-runner"
COPY = "/var/lib/gitlab-runner-aws/copy.json"
TOOL = "/usr/local/lib/gitlab-runner-aws/manager-tool watch"
TIMER = "gitlab-runner-aws-watch.timer"
LIFE = "**runner-registration-life"
STEPS_FILES = ("secrets.json", "gitlab.json", "runners.json", "watch.json", "written.json", "life.json")
"""What the steps of a deployment keep on the manager."""


@pytest.fixture(scope="module")
def deployed(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A stack whose watch looks when a test says so, and whose runner was created: GitLab tells its token once."""
    config = copy.deepcopy(yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text())["config"])
    config["gitlab-runner-aws:pools"][0]["machine"] = {"IdleCount": 0}
    config["gitlab-runner-aws:manager"]["watch"] = {"intervalSeconds": 3600}
    config["gitlab-runner-aws:createRunner"] = {"runnerType": "instance_type"}
    folder: Path = tmp_path_factory.mktemp("damage")
    project = Project.create(cloud, folder / "project", STACK, control.with_addresses(config, cloud))
    made = Deployment(project, config, "")
    access = control.gitlab(cloud, "access-tokens", {"scopes": ["create_runner", "manage_runner"]})["token"]
    project.set_secret("gitlab-runner-aws:accessToken", access)
    others = runners(made)
    made.up()
    yield made
    made.destroy()
    made.run("stack", "rm", "--yes", "--preserve-config")
    # Where all that is known of a runner was deleted, another one was created, and the first stays.
    for each in {*runners(made)} - {*others}:
        control.gitlab_api(cloud, "DELETE", f"runners/{each}", headers={"PRIVATE-TOKEN": access})


def runners(deployment: Deployment) -> list[int]:
    return [runner["id"] for runner in control.gitlab(deployment.cloud, "state")["runners"] if runner["managers"]]


def change(deployment: Deployment, limit: int) -> str:
    deployment.pool["limit"] = limit
    deployment.configure()
    told = deployment.up()
    assert f"limit = {limit}\n" in deployment.live()
    return told.stdout + told.stderr


def run_all_again(deployment: Deployment) -> str:
    manager = deployment.config["gitlab-runner-aws:manager"]
    manager["rerun"] = manager.get("rerun", 0) + 1
    deployment.configure()
    return deployment.up().stdout


def works(deployment: Deployment, runner: list[int]) -> bool:
    """Whether the same runner serves a job by the file that is live."""
    assert runners(deployment) == runner
    control.gitlab(deployment.cloud, "jobs", {"seconds": 0})
    return "token = " in deployment.live() and deployment.service_pid() > 0


@pytest.mark.parametrize("restarted", [False, True], ids=["the service continues", "the service was started anew"])
def test_the_watch_puts_back_a_deleted_folder(deployed: Deployment, restarted: bool) -> None:
    host, live, runner, pid = deployed.host(), deployed.live(), runners(deployed), deployed.service_pid()
    host.run(TOOL)
    kept = host.run(f"cd {HOME} && find . -type f | sort")
    host.run(f"rm -r {HOME}")
    if restarted:
        # It writes a file of its own, without any runner.
        host.run("systemctl restart gitlab-runner")
    told = host.run(f"{TOOL} 2>&1")

    assert "put back from" in told
    assert (deployed.live(), host.run(f"cd {HOME} && find . -type f | sort")) == (live, kept)
    assert {*host.run(f"find {HOME} {COPY} -type f -exec stat -c %a {{}} +").split()} == {"600"}
    assert restarted or deployed.service_pid() == pid
    assert "put back" not in host.run(f"{TOOL} 2>&1")
    deployed.up("--expect-no-changes")
    assert works(deployed, runner)


def test_any_step_puts_back_what_is_missing(deployed: Deployment) -> None:
    runner = runners(deployed)
    deployed.host().run(f"rm -r {HOME}")
    assert "put back from" in change(deployed, 6)
    assert works(deployed, runner)


def test_all_steps_run_again_by_a_setting_where_nothing_is_left(deployed: Deployment) -> None:
    host, pid = deployed.host(), deployed.service_pid()
    host.run(f"rm -r {HOME} {COPY} /usr/local/lib/gitlab-runner-aws /usr/local/bin/docker-machine")
    run_all_again(deployed)

    assert "token = " in deployed.live()
    assert host.run("docker-machine --version")
    assert deployed.service_pid() == pid
    deployed.up("--expect-no-changes")
    assert "put back" not in host.run(f"{TOOL} 2>&1")


def test_a_replacement_of_the_life_is_refused_and_ends_nothing(deployed: Deployment) -> None:
    host, live, runner = deployed.host(), deployed.live(), runners(deployed)
    for damaged in (False, True):
        if damaged:
            host.run(f"rm -r {HOME}")
        failed = deployed.up("--replace", LIFE, check=False)
        assert failed.returncode != 0
        assert "set manager.rerun to another number" in failed.stdout + failed.stderr
        assert deployed.live() == live
        assert works(deployed, runner)
    deployed.up("--expect-no-changes")
    # What the last line of the refusal says, for a state that was lost.
    host.run(f"rm {HOME}/staged/life.json {COPY}")
    deployed.up("--replace", "**runner-registration-watch")
    assert works(deployed, runner)
    run_all_again(deployed)


def test_a_damaged_file_of_the_tool_is_put_back(deployed: Deployment) -> None:
    host, runner = deployed.host(), runners(deployed)
    contents = f"cd {HOME}/staged && cat {' '.join(STEPS_FILES)} config.toml"
    before = host.run(contents)
    for damage in ("truncate -s 5", "printf '\\377\\376' >", "echo '[1' >", "echo null >"):
        host.run(f"for file in {HOME}/staged/*.json {HOME}/staged/config.toml; do {damage} $file; done")
        told = host.run(f"{TOOL} 2>&1")
        assert "put back from" in told, damage
        assert "Traceback" not in told
        assert host.run(contents) == before, damage
    change(deployed, deployed.pool["limit"] % 9 + 1)
    assert works(deployed, runner)


def test_without_a_copy_a_damaged_file_is_named_and_what_the_message_says_helps(deployed: Deployment) -> None:
    host = deployed.host()
    # That one file's damage alone is told says that the ones before it are whole again.
    for name in STEPS_FILES:
        file = f"{HOME}/staged/{name}"
        host.run(f"rm -f {COPY}; echo '{{' > {file}")
        manager = deployed.config["gitlab-runner-aws:manager"]
        manager["rerun"] = manager.get("rerun", 0) + 1
        deployed.configure()
        failed = deployed.up(check=False)
        told = failed.stdout + failed.stderr
        assert failed.returncode != 0, name
        assert {*re.findall(r"staged/(\S+) is damaged \(", told)} == {name}
        assert "delete it, set manager.rerun to another number" in told
        assert "Traceback" not in told
        host.run(f"rm {file}")
    run_all_again(deployed)
    assert host.run(f"cd {HOME}/staged && find {' '.join(STEPS_FILES)} -size +0 || true").split() == [*STEPS_FILES]
    assert works(deployed, runners(deployed))


def of_a_later_release(name: str, text: str) -> str:
    """What a file of the tool's holds, with more in it."""
    content, more = json.loads(text), {"a": [1], "url": "", "kind": "of a later release"}
    if name == "watch.json":
        content["breaker"]["of a later release"] = more
    if name == "written.json":
        return json.dumps([{**each, "of a later release": more} for each in [*content, {}]])
    # Nothing but secrets is in there, by their names.
    return text if name == "secrets.json" else json.dumps({**content, "of a later release": more})


def test_after_a_later_release_this_one_goes_on(deployed: Deployment) -> None:
    host, runner = deployed.host(), runners(deployed)
    host.run(TOOL)
    for name in host.run(f"cd {HOME}/staged && ls *.json").split():
        more = of_a_later_release(name, host.read(f"{HOME}/staged/{name}"))
        host.run(f"cat > {HOME}/staged/{name} <<'END'\n{more}\nEND")
    host.run(f"echo '{{}}' > {HOME}/staged/of-a-later-release.json")
    assert host.run(f"{TOOL} 2>&1") == ""
    change(deployed, deployed.pool["limit"] % 9 + 1)
    run_all_again(deployed)
    assert works(deployed, runner)


def timer(host: control.Host) -> list[str]:
    return host.run(f"systemctl is-active {TIMER}; systemctl is-enabled {TIMER} || true").split()


def test_a_watch_that_was_switched_off_by_hand_comes_back(deployed: Deployment) -> None:
    host = deployed.host()
    assert timer(host) == ["active", "enabled"]
    host.run(f"systemctl disable --now {TIMER}")
    assert timer(host) == ["inactive", "disabled"]
    assert "had been switched off on the manager" in change(deployed, deployed.pool["limit"] % 9 + 1)
    assert timer(host) == ["active", "enabled"]

    host.run(f"systemctl disable --now {TIMER}; systemctl restart gitlab-runner")
    deadline = time.monotonic() + 60
    while timer(host)[0] != "active":
        assert time.monotonic() < deadline, "nothing started the watch"
        time.sleep(1)
