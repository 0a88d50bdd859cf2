"""From nothing to a working runner, through changes, and back to nothing.

But for the first test all are about one stack, and each continues from the one before.
"""

import json
import re
import time
import tomllib

import pytest

from components.manager_tool.contract.constants import END
from config_render import MARKER
from localcloud import control
from localcloud.cloud import LocalCloudError
from tests import needs

from .conftest import CONFIG, TOKEN_KEY, Deployment

LOADED = "grep -c 'Configuration loaded' /var/log/journal-stand-in/gitlab-runner.log"
"""Says how often the service has read its configuration."""


def without_name_suffixes(text: str) -> str:
    """The engine draws the end of an automatic name anew at each preview."""
    return re.sub(r"-[0-9a-f]{7}\b", "", text)


def test_destroy_ends_when_the_host_is_gone_by_the_way_that_the_readme_names(deployment: Deployment) -> None:
    deployment.config["gitlab-runner-aws:manager"]["connectAttempts"] = 2
    deployment.pool["machine"]["IdleCount"] = 0
    deployment.pool["machine"]["autoscaling"] = []
    deployment.configure()
    deployment.up()
    control.power_off(deployment.cloud, deployment.outputs()["manager_instance_id"])
    with pytest.raises(LocalCloudError, match="after 2 failed attempts"):
        deployment.destroy()
    deployment.config["gitlab-runner-aws:manager"]["lost"] = True
    deployment.configure()
    deployment.run("destroy", "--yes", "--skip-preview", "--run-program")
    assert [r for r in deployment.resources() if r["type"].startswith(("aws:", "command:"))] == []
    control.delete_runner(deployment.cloud, deployment.token)
    assert control.leftovers(deployment.cloud) == []


def test_the_first_preview_shows_the_whole_config(shared: Deployment) -> None:
    shown = without_name_suffixes(shared.run("preview").stdout)
    planned = shared.plan()[CONFIG]["newState"]["inputs"]["stdin"]
    *lines, last = without_name_suffixes(planned).splitlines()
    assert [line for line in lines if line not in shown] == []
    assert last == END
    assert f"amazonec2-subnet-id={MARKER}" in planned
    sections = tomllib.loads(planned)["runners"][0]
    assert {"docker", "cache", "machine"} < set(sections)
    assert sections["machine"]["autoscaling"][0]["Timezone"] == "UTC"


def test_a_token_that_gitlab_refuses_fails_the_first_up_and_a_good_one_finishes(shared: Deployment) -> None:
    shared.project.set_secret("gitlab-runner-aws:token", "glrt-notknowntothisgitlab")
    failed = shared.up(check=False)
    assert failed.returncode != 0
    assert "did not accept the token" in failed.stdout + failed.stderr
    assert "glrt-notknowntothisgitlab" not in failed.stdout + failed.stderr

    shared.project.set_secret("gitlab-runner-aws:token", shared.token)
    shared.up()
    assert tomllib.loads(shared.live())["runners"][0]["token"] == shared.token


def test_an_up_ends_with_real_values_and_nothing_is_left_to_do(deployed: Deployment) -> None:
    live = deployed.live()
    assert MARKER not in live
    assert "<secret:" not in live
    machine_options = tomllib.loads(live)["runners"][0]["machine"]["MachineOptions"]
    assert any(option.startswith("amazonec2-subnet-id=subnet-") for option in machine_options)
    assert tomllib.loads(live)["runners"][0]["token"] == deployed.token

    deployed.up("--expect-no-changes")
    deployed.run("preview", "--expect-no-changes")
    deployed.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_the_outputs_of_a_stack(deployed: Deployment) -> None:
    outputs = json.loads(deployed.run("stack", "output", "--json").stdout)
    assert deployed.outputs() == outputs
    runner = deployed.runner_id

    assert outputs["runner_ids"] == {"local": runner}
    assert len(deployed.managers()) == 1
    assert outputs["machines"] == [
        {
            "pool": "local",
            "zone": "eu-central-1a",
            "type": "m5.large",
            "cap": None,
            "most": 5,
            "group": "local",
            "idle_hours": 213,
            "disk_type": "gp3",
            "disk_gib": 40,
            "disk_paid_by_speed": False,
            "public_address": True,
        },
        {
            "pool": "manager",
            "zone": "eu-central-1a",
            "type": "t3.small",
            "cap": None,
            "most": 1,
            "group": "the manager",
            "idle_hours": 168,
            "disk_type": "gp3",
            "disk_gib": 20,
            "disk_paid_by_speed": False,
            "public_address": True,
        },
    ]
    assert outputs["network_charges"] == []
    # Five machines for 0.10 and the manager for 0.02, disks of 220 GiB and six addresses, as the stand-in prices them.
    assert outputs["worst_case_cost"] == {"per_hour": 0.572, "per_month": 417.56, "currency": "USD", "complete": True}
    commands = outputs["next_commands"].splitlines()
    assert commands[1].startswith(
        f"aws ec2-instance-connect ssh --region eu-central-1 --instance-id {outputs['manager_instance_id']} "
    )
    assert f"# {deployed.cloud.addresses.gitlab}/admin/runners/{runner}" in commands
    shown = deployed.run("stack", "output").stdout.splitlines()
    assert f"next_commands        {commands[0]}" in map(str.strip, shown)
    assert all(f"{' ' * 25}{line}" in shown for line in commands[1:])
    assert deployed.token not in "\n".join(shown)


def test_a_preview_shows_outputs_that_change_and_another_token_brings_another_runner(deployed: Deployment) -> None:
    former = deployed.outputs()["runner_ids"]
    again = deployed.run("preview", "--expect-no-changes").stdout
    assert "Outputs:" not in again
    deployed.pool["limit"] = 9
    deployed.configure()
    changed = deployed.run("preview").stdout.partition("Outputs:")[2]
    names = [line.split()[1].rstrip(":") for line in changed.splitlines() if line.startswith("  ~ ")]
    assert names == ["config_toml", "machines", "worst_case_cost"]

    deployed.token = control.create_runner(deployed.cloud)
    deployed.project.set_secret(TOKEN_KEY, deployed.token)
    deployed.up()
    assert deployed.outputs()["runner_ids"] == {"local": control.runner_id(deployed.cloud, deployed.token)} != former
    assert deployed.managers() == [], "the manager is still one of the former runner's"
    # It is kept, and the next tests are about the other one.
    del deployed.runner_id


@needs.MACHINES
def test_an_up_brings_a_runner_online_that_starts_machines(deployed: Deployment) -> None:
    state = control.gitlab(deployed.cloud, "state")
    managers = [manager for runner in state["runners"] for manager in runner["managers"]]
    assert len(managers) == 1
    deadline = time.monotonic() + 100
    while not (machines := deployed.host().run("docker-machine ls -q").split()):
        assert time.monotonic() < deadline, "the runner started no idle machine"
        time.sleep(0.2)
    assert machines[0].startswith("runner-")
    assert deployed.host().run("stat -c %a /etc/gitlab-runner/config.toml").strip() == "600"


def test_a_changed_limit_is_one_update_in_place_that_is_live_at_once_without_a_restart(
    deployed: Deployment,
) -> None:
    before, limit = deployed.service_pid(), deployed.pool["limit"]
    loaded = deployed.host().run(LOADED)
    deployed.pool["limit"] = limit + 2
    deployed.configure()

    plan = deployed.plan()
    assert {name: step["op"] for name, step in plan.items() if "Stack" not in step["urn"].split("::")[2]} == {
        CONFIG: "update"
    }
    lines = [line.strip() for line in deployed.run("preview", "--diff").stdout.splitlines()]
    changed = {line for line in lines if line.startswith(("- ", "+ "))}
    assert {line for line in changed if "# Made by" not in line} == {f"- limit = {limit}", f"+ limit = {limit + 2}"}

    deployed.up()
    finished = time.monotonic()
    assert tomllib.loads(deployed.live())["runners"][0]["limit"] == limit + 2
    host = deployed.host()
    while host.run(LOADED) == loaded:
        assert time.monotonic() < finished + 5, "the service did not reread its configuration"
        time.sleep(0.1)
    assert deployed.service_pid() == before
    deployed.up("--expect-no-changes")


def test_a_config_that_gitlab_runner_refuses_changes_nothing_and_the_next_good_one_finishes(
    deployed: Deployment,
) -> None:
    live, pid, limit = deployed.live(), deployed.service_pid(), deployed.pool["limit"]
    deployed.pool["extra"] = {"no_such_key": 1}
    deployed.pool["limit"] = limit + 1
    deployed.configure()

    failed = deployed.up(check=False)
    assert failed.returncode != 0
    output = failed.stdout + failed.stderr
    assert "gitlab-runner refused config.toml" in output
    assert "no_such_key" in output
    assert "run `pulumi up` again" in output
    assert (deployed.live(), deployed.service_pid()) == (live, pid)

    del deployed.pool["extra"]
    deployed.configure()
    deployed.up()
    assert tomllib.loads(deployed.live())["runners"][0]["limit"] == limit + 1
    assert deployed.service_pid() == pid


def test_a_further_secret_can_be_added_changed_and_taken_away(deployed: Deployment) -> None:
    def set_password(password: str) -> None:
        deployed.project.set_secret("gitlab-runner-aws:secrets.password", password)

    def environment() -> list[str] | None:
        (runner,) = tomllib.loads(deployed.live())["runners"]
        return runner.get("environment")  # type: ignore[no-any-return]

    set_password("first")
    deployed.pool["environment"] = ["PASSWORD=<secret:password>"]
    deployed.configure()
    deployed.up()
    assert environment() == ["PASSWORD=first"]
    deployed.up("--expect-no-changes")

    set_password("second")
    deployed.up()
    assert environment() == ["PASSWORD=second"]

    # The secret goes first, while the file that names it is still live.
    del deployed.pool["environment"]
    deployed.run("config", "rm", "--path", "gitlab-runner-aws:secrets")
    deployed.configure()
    deployed.up()
    assert environment() is None
    deployed.up("--expect-no-changes")


@needs.MACHINES
def test_destroy_leaves_nothing_in_aws_and_no_manager_in_gitlab(deployed: Deployment) -> None:
    deadline = time.monotonic() + 100
    while not deployed.host().run("docker-machine ls -q --filter state=Running").split():
        assert time.monotonic() < deadline, "no machine to remove"
        time.sleep(0.2)
    assert control.leftovers(deployed.cloud) != []
    output = deployed.destroy().stdout
    assert "removed machine runner-" in output
    assert control.leftovers(deployed.cloud) == []
