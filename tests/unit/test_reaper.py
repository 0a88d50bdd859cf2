"""What the reaper takes for orphaned, and what it leaves alone."""

import json
import math
import os
import time
from collections.abc import Mapping
from typing import Any

import pytest

from components.manager_tool import host
from components.manager_tool.aws.api import Aws
from components.manager_tool.aws.ec2_sweep import Ec2Resource, instances
from components.manager_tool.config.config_toml import parse
from components.manager_tool.config.machine_names import template_of, templates
from components.manager_tool.config.runners import sections
from components.manager_tool.executors.docker_machine import folders as machine_folders
from components.manager_tool.executors.docker_machine import reaping
from components.manager_tool.executors.docker_machine.folders import Folder
from components.manager_tool.executors.docker_machine.reaper import (
    Inventory,
    Orphan,
    Ownership,
    findings,
    machines_in_error,
)
from components.manager_tool.host import StepError

NOW, GRACE = 1_000_000.0, 600.0
OLD, NEW = NOW - 601, NOW - 599
NAME = "runner-abcdefghi-spot-1764000000-0a1b2c3d"
TEMPLATE = "runner-abcdefghi-spot-%s"
OURS = Ownership(
    "test",
    "workers",
    "worker-group",
    apart=True,
    templates={TEMPLATE},
    manager="i-manager",
    manager_name="runner-manager",
)
TAGGED = Ec2Resource("i-1", OLD, NAME, "test", NAME, "workers", ("worker-group",))
UNTAGGED = Ec2Resource("i-1", OLD, "", "", NAME, "workers", ("worker-group",))
FOLDER = Folder(NAME, "i-1", OLD, ("10.0.0.1",))


def found(seen: Inventory, since: Mapping[str, float] | None = None, ours: Ownership = OURS) -> list[tuple[str, str]]:
    return [(finding.kind, finding.id) for finding in findings(seen, ours, since or {}, GRACE)]


def seen(**what: Any) -> Inventory:
    return Inventory(**{"now": NOW, **what})


@pytest.mark.parametrize(
    ("instance", "orphaned"),
    [
        (TAGGED, True),
        (UNTAGGED, True),
        (TAGGED._replace(key="shared-key"), True),
        (TAGGED._replace(name=NAME.replace("spot", "pool-of-old")), True),
        (TAGGED._replace(made=NEW), False),
        (TAGGED._replace(deployment="another"), False),
        (TAGGED._replace(profile="another"), False),
        (TAGGED._replace(profile=""), False),
        (TAGGED._replace(id="i-manager"), False),
        (TAGGED._replace(name="runner-manager", key="runner-manager-login"), False),
        (UNTAGGED._replace(made=NEW), False),
        (UNTAGGED._replace(profile="another"), False),
        (UNTAGGED._replace(groups=("another",)), False),
        (UNTAGGED._replace(key=NAME.replace("abcdefghi", "xxxxxxxxx")), False),
        (UNTAGGED._replace(key=NAME.replace("spot", "another")), False),
        (UNTAGGED._replace(key="somebody"), False),
    ],
)
def test_an_instance_without_a_machine_is_orphaned_if_it_is_ours_and_old_enough(
    instance: Ec2Resource, orphaned: bool
) -> None:
    assert found(seen(instances=[instance])) == ([("instance", instance.id)] if orphaned else [])


def test_an_untagged_instance_stays_where_another_deployment_may_have_started_it() -> None:
    shared = OURS._replace(apart=False)
    assert found(seen(instances=[UNTAGGED]), ours=shared) == []
    assert found(seen(instances=[TAGGED]), ours=shared) == [("instance", "i-1")]


@pytest.mark.parametrize(
    ("instance", "ours", "orphaned"),
    [
        (TAGGED, {"own_profile": False}, True),
        (TAGGED._replace(groups=("another",)), {"own_profile": False}, False),
        (TAGGED._replace(groups=("another",)), {"own_profile": True}, True),
        (TAGGED._replace(groups=("another",)), {"own_profile": False, "apart": False}, True),
        (
            TAGGED._replace(name=NAME.replace("spot", "b"), key=NAME.replace("spot", "b")),
            {"own_profile": False, "apart": False},
            False,
        ),
    ],
)
def test_the_tag_alone_tells_no_machine_of_ours_from_one_of_a_stack_that_had_our_name(
    instance: Ec2Resource, ours: dict[str, Any], orphaned: bool
) -> None:
    assert found(seen(instances=[instance]), ours=OURS._replace(**ours)) == (
        [("instance", instance.id)] if orphaned else []
    )


FORMER = OURS._replace(deployment="project/test/runner", former={"test"})


@pytest.mark.parametrize(
    ("instance", "orphaned"),
    [
        (TAGGED._replace(deployment=FORMER.deployment, groups=()), True),
        (TAGGED, True),
        (TAGGED._replace(key="shared-key"), True),
        (UNTAGGED, True),
        (TAGGED._replace(profile="another"), False),
        (TAGGED._replace(groups=("another",)), False),
        (TAGGED._replace(name=NAME.replace("abcdefghi", "xxxxxxxxx"), key=NAME.replace("spot", "b")), False),
        (TAGGED._replace(made=NEW), False),
        (TAGGED._replace(deployment="another/test/runner"), False),
    ],
)
def test_a_tag_that_other_projects_may_have_too_says_no_more_than_none(instance: Ec2Resource, orphaned: bool) -> None:
    assert found(seen(instances=[instance]), ours=FORMER) == ([("instance", instance.id)] if orphaned else [])
    if instance.deployment != FORMER.deployment:
        assert found(seen(instances=[instance]), ours=FORMER._replace(apart=False)) == []


def test_managers_of_before_a_change_of_names_are_known_by_their_key_pair() -> None:
    key = "runner-manager-login-1234567"
    own = Ec2Resource("i-manager", OLD, "runner-manager", FORMER.deployment, key, "managers")
    old = own._replace(id="i-old", deployment="test")
    orphan = TAGGED._replace(deployment=FORMER.deployment)
    assert found(seen(instances=[own, old, orphan]), ours=FORMER) == []
    # That of another project is called the same, and continues.
    foreign = old._replace(key="runner-manager-login-7654321")
    assert found(seen(instances=[own, foreign, orphan]), ours=FORMER) == [("instance", "i-1")]
    assert found(seen(instances=[foreign, orphan]), ours=FORMER) == []


def test_while_another_manager_of_the_deployment_is_there_its_machines_and_ours_are_not_told_apart() -> None:
    other = TAGGED._replace(id="i-old", name="runner-manager", key="runner-manager-login", profile="manager")
    key = Ec2Resource(NAME.replace("0a1b", "ffff"), OLD, NAME.replace("0a1b", "ffff"))
    assert found(seen(instances=[TAGGED, other], key_pairs=[key])) == []
    ourselves = other._replace(id="i-manager")
    assert len(found(seen(instances=[TAGGED, ourselves], key_pairs=[key]))) == 2


def test_what_is_older_than_this_managers_life_is_spared_where_that_is_asked_for() -> None:
    young = OURS._replace(spared_before=OLD + 0.5)
    assert found(seen(instances=[TAGGED]), ours=young) == []
    assert found(seen(instances=[TAGGED]), ours=young._replace(spared_before=OLD)) == [("instance", "i-1")]


def test_an_instance_of_an_auto_scaling_group_is_never_orphaned_however_much_it_is_ours() -> None:
    groups_own = TAGGED._replace(scaling_group="test/pool")
    untagged = UNTAGGED._replace(id="i-2", scaling_group="test/pool")
    assert found(seen(instances=[TAGGED, groups_own._replace(id="i-3"), untagged])) == [("instance", "i-1")]
    # Nor is one that is called like the managers taken for a manager, which would keep all else from being removed.
    worker = groups_own._replace(id="i-3", name="runner-manager", key="")
    assert found(seen(instances=[TAGGED, worker])) == [("instance", "i-1")]


def test_the_group_of_an_instance_is_the_one_that_aws_itself_has_tagged_it_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = """<item><instanceId>{}</instanceId><launchTime>2026-11-27T00:00:00.000Z</launchTime><tagSet>
      <item><key>gitlab-runner-aws</key><value>test</value></item>{}</tagSet></item>"""
    tag = "<item><key>{}aws:autoscaling:groupName</key><value>test/pool</value></item>"
    items = [item.format("i-1", tag.format("")), item.format("i-2", tag.format("x")), item.format("i-3", "")]
    answer = f"""<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>
      <instancesSet>{"".join(items)}</instancesSet></item></reservationSet></DescribeInstancesResponse>"""
    monkeypatch.setattr(Aws, "_send", lambda *_: answer.encode())
    groups = {each.id: each.scaling_group for each in instances(Aws("eu-central-1"), "vpc-1")}
    assert groups == {"i-1": "test/pool", "i-2": "", "i-3": ""}


def test_a_machine_of_docker_machines_is_not_orphaned_nor_is_one_that_it_is_making() -> None:
    known = seen(instances=[TAGGED], folders=[FOLDER], alive={"i-1"})
    assert found(known) == []
    making = FOLDER._replace(instance="", changed=NEW)
    assert found(known._replace(folders=[making])) == []
    # One of the same name whose folder knows another instance was started twice.
    unreadable = FOLDER._replace(instance="", changed=OLD, readable=False)
    assert found(known._replace(folders=[unreadable])) == [("machine", NAME), ("instance", "i-1")]
    twice = TAGGED._replace(id="i-2")
    assert found(known._replace(instances=[TAGGED, twice], alive={"i-1", "i-2"})) == [("instance", "i-2")]


def test_a_machine_whose_instance_is_gone_is_removed_once_it_was_gone_for_the_grace_time() -> None:
    gone = seen(folders=[FOLDER])
    assert found(gone) == []
    since = machines_in_error(gone, {})
    soon, late = gone._replace(now=NOW + 20), gone._replace(now=NOW + GRACE + 1)
    assert found(soon, since) == []
    since = machines_in_error(soon, since)
    assert found(late, since) == [("machine", NAME)]
    back = late._replace(alive={"i-1"})
    assert found(back, since) == []
    # EC2 knew it again in between: the time counts from the next look that misses it.
    assert found(late, machines_in_error(back, since)) == []


def test_a_clock_that_was_ahead_shields_no_broken_machine_for_longer_than_the_grace() -> None:
    gone = seen(folders=[FOLDER])
    since = machines_in_error(gone, machines_in_error(gone._replace(now=NOW + 86_400), {}))
    assert found(gone._replace(now=NOW + GRACE - 1), since) == []
    assert found(gone._replace(now=NOW + GRACE + 1), since) == [("machine", NAME)]


def test_a_creation_that_died_before_ec2_answered_is_removed_after_the_grace_time() -> None:
    def dead(changed: float) -> list[tuple[str, str]]:
        folder = FOLDER._replace(instance="", changed=changed)
        return found(seen(folders=[folder]), {NAME: 0.0})

    assert dead(NEW) == []
    assert dead(OLD) == [("machine", NAME)]


@pytest.mark.parametrize("folder", [FOLDER._replace(on_ec2=False), FOLDER._replace(name="by-hand")])
def test_machines_that_gitlab_runner_has_not_made_stay(folder: Folder) -> None:
    assert found(seen(folders=[folder]), {folder.name: 0.0}) == []


def test_key_pairs_requests_and_volumes_go_with_the_same_care() -> None:
    key = Ec2Resource(NAME, OLD, NAME)
    assert found(seen(key_pairs=[key])) == [("key pair", NAME)]
    assert found(seen(key_pairs=[key._replace(made=NEW)])) == []
    assert found(seen(key_pairs=[key], instances=[UNTAGGED._replace(profile="another")])) == []
    assert found(seen(key_pairs=[key], keys_elsewhere={NAME})) == []
    # Another deployment with the same token has a pool whose name begins like ours.
    alike = NAME.replace("spot", "spot-large")
    assert found(seen(key_pairs=[Ec2Resource(alike, OLD, alike)])) == []
    at_another_placement = f"{NAME}-b-m5-large"
    assert found(seen(key_pairs=[Ec2Resource(at_another_placement, OLD, at_another_placement)])) == [
        ("key pair", at_another_placement)
    ]
    assert found(seen(key_pairs=[key], folders=[FOLDER], alive={"i-1"})) == []
    foreign = NAME.replace("abcdefghi", "xxxxxxxxx")
    assert found(seen(key_pairs=[Ec2Resource(foreign, OLD, foreign), Ec2Resource("somebody", OLD, "somebody")])) == []

    assert found(seen(requests=[UNTAGGED._replace(id="sir-1")])) == [("spot request", "sir-1")]
    assert found(seen(requests=[UNTAGGED._replace(id="sir-1", groups=())])) == []

    volume = Ec2Resource("vol-1", OLD, NAME, "test")
    assert found(seen(volumes=[volume])) == [("volume", "vol-1")]
    for other in (volume._replace(made=NEW), volume._replace(name="runner-manager"), volume._replace(deployment="b")):
        assert found(seen(volumes=[other])) == []


@pytest.mark.parametrize(
    ("machine", "template"),
    [
        (NAME, TEMPLATE),
        ("runner-a-b_c-x-1764000000-0a1b2c3d-y", "runner-a-b_c-x-%s-y"),
        ("runner-123456789-deadbeef-1764000000-0a1b2c3d", "runner-123456789-deadbeef-%s"),
        ("runner-manager", None),
        ("other-1764000000-0a1b2c3d", None),
    ],
)
def test_a_machines_name_tells_its_entry(machine: str, template: str | None) -> None:
    assert template_of(machine) == template


def test_the_names_of_machines_follow_from_config_toml_however_it_is_indented() -> None:
    text = """
[[runners]]
  name = "a"
  token = "glrt-t1_AbCdE_ghiJKL"
  pre_build_script = \"\"\"
token = "not this one"
\"\"\"
  [runners.machine]
    MachineName = "a-%s"

[[runners]]
token = "0123456789abc"
[runners.machine]
MachineName = "b-%s"

[[runners]]
token = "glrt-withoutmachines"
"""
    assert templates(sections(parse(text))) == {"runner-abcdeghi-a-%s", "runner-01234567-b-%s"}


def test_a_section_with_docker_autoscaler_makes_no_machines_and_says_so() -> None:
    autoscaler = '[[runners]]\nname = "a"\ntoken = "glrt-a"\nexecutor = "docker-autoscaler"\n'
    assert templates(sections(parse(autoscaler))) == set()
    left_over = '[runners.machine]\nMachineName = "a-%s"\n'
    assert templates(sections(parse(autoscaler + left_over))) == set()
    beside = '[[runners]]\nname = "b"\ntoken = "0123456789abc"\nexecutor = "docker+machine"\n[runners.machine]\n'
    assert templates(sections(parse(f'{autoscaler}{beside}MachineName = "b-%s"\n'))) == {"runner-01234567-b-%s"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "no [[runners]] with docker+machine", id="empty"),
        pytest.param(
            '[[runners]]\nname = "a"\ntoken = "glrt-a"\nexecutor = "shell"\n', "no [[runners]] with", id="shell"
        ),
        pytest.param(
            '[[runners]]\nname = "a"\ntoken = "glrt-a"\nexecutor = "docker+machine"\n', "a of", id="without machines"
        ),
        pytest.param(
            '[[runners]]\nname = "a"\ntoken = " "\n[runners.machine]\nMachineName = "a-%s"\n', "no token", id="token"
        ),
    ],
)
def test_a_file_that_does_not_say_which_machines_are_wanted_is_told_apart_from_one_that_wants_none(
    text: str, said: str
) -> None:
    with pytest.raises(StepError) as failure:
        templates(sections(parse(text)))
    assert said in str(failure.value)


def test_folders_are_read_without_docker_machine(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(host.ENVIRONMENT, "MACHINE_STORAGE_PATH", str(tmp_path))
    assert list(machine_folders.folders()) == []
    for name, text in (
        ("a", json.dumps({"DriverName": "amazonec2", "Driver": {"InstanceId": "i-1", "PrivateIPAddress": "10.0.0.1"}})),
        ("b", json.dumps({"DriverName": "none", "Driver": {}})),
        ("c", '{"Driv'),
        ("d", '{"DriverName": "amazonec2", "Driver": null}'),
        ("e", "[]"),
        ("f", None),
    ):
        folder = tmp_path / "machines" / name
        folder.mkdir(parents=True)
        if text is not None:
            (folder / "config.json").write_text(text)
            os.utime(folder / "config.json", (1_000, 1_000))
        else:
            os.utime(folder, (1_000, 1_000))
    read = {folder.name: folder for folder in machine_folders.folders()}
    for damaged in "cdef":
        assert (read[damaged].changed, read[damaged].instance, read[damaged].readable) == (1_000, "", False)
    assert (read["a"].instance, read["a"].addresses, read["a"].on_ec2) == ("i-1", ("10.0.0.1",), True)
    assert (read["b"].on_ec2, read["c"].instance) == (False, "")


def test_one_instance_that_cannot_be_terminated_does_not_keep_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[str] = []

    def remove(aws: object, kind: str, ids: list[str]) -> None:
        if "i-2" in ids:
            raise StepError("AWS: OperationNotPermitted")
        gone.extend(ids)

    monkeypatch.setattr(reaping, "_remove", remove)
    said: list[str] = []
    orphans = [Orphan("instance", f"i-{number}", "orphaned") for number in range(4)]
    done = reaping.remove(None, orphans, said.append)  # type: ignore[arg-type]
    assert gone == ["i-0", "i-1", "i-3"]
    assert (done["instance"], done["failed"]) == (3, 1)
    assert "instance i-2 could not be removed: AWS: OperationNotPermitted" in said


def test_a_pass_leaves_what_takes_too_long_to_the_next_one_and_the_last_look_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    monkeypatch.setattr(reaping, "_remove", lambda *_: moment.__setitem__(0, moment[0] + 0.5))
    orphans = [Orphan("key pair", f"runner-{number}", "orphaned") for number in range(5_000)]
    said: list[str] = []
    assert reaping.remove(None, orphans, said.append)["key pair"] == 120  # type: ignore[arg-type]
    assert said[-1] == "4880 more are left to the next pass"
    assert reaping.remove(None, orphans, said.append, math.inf)["key pair"] == 5_000  # type: ignore[arg-type]
