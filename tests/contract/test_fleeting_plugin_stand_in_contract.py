"""The stand-in for fleeting-plugin-aws against `recordings/fleeting_aws_calls.json`: its 58 steps, in order."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.host_programs.gitlab_runner_stand_in.autoscaler import _connector
from localcloud.host_programs.gitlab_runner_stand_in.connector import ConnectError
from localcloud.host_programs.gitlab_runner_stand_in.plugin_process import PluginFailedError

from .emulated_fleet import REGION, Account, account, refusal, until
from .led_plugin import ENVIRONMENT, POLL, Call, Led, generalised, polled, recorded_calls
from .recorded_aws import RECORDINGS

RECORDED = json.loads((RECORDINGS / "fleeting_aws_calls.json").read_text())["recorded"]
STEPS = [step["step"] for steps in RECORDED.values() for step in steps]

OTHER_STATUS = {
    "small max of the group: increase above MaxSize of the group": "AWS refuses; moto did not",
    "gone: connect info of a terminated instance": "AWS refuses the key; moto did not",
}
OTHER_EVENTS = {
    **OTHER_STATUS,
    "main: instance terminated outside (EC2 TerminateInstances)": "AWS shows the dead one as terminating",
    "main: desired capacity raised outside by one": "the dead one is forgotten before that",
    "drain: shutdown with two instances marked for removal (delete_instances_on_shutdown)": "AWS shows them still",
    "main: request above the maximum": "the dead one is forgotten long before",
}
NO_CALL_OF_MOTO = "https response error StatusCode: 500"


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with account() as made:
        yield made


class Story:
    """The steps of one part of the recording, each led by the method that its text names."""

    def __init__(self, aws: Account, folder: Path, url: str, calls: list[Call]) -> None:
        self.aws, self.folder, self.url, self.calls = aws, folder, url, calls
        self.led: Led | None = None
        self.error = ""
        self.first = self.key = ""

    @property
    def now(self) -> Led:
        assert self.led is not None
        return self.led

    def lead(self, step: str) -> None:
        """Do what the step says."""
        part, _, text = step.partition(": ")
        actions: list[tuple[str, Callable[[], None]]] = [
            (r"start$", lambda: self.start(part)),
            (r"idle|steady", lambda: until(polled(self.calls))),
            (r"increase by (\d)$|increase$", lambda: self.increase(text)),
            (r"increase above MaxSize", self.increase_above),
            (r"list|second delete$", lambda: None),
            (r"connect info of a terminated", self.connect_to_terminated),
            (r"connect info", self.connect),
            (r"decrease one$", self.decrease),
            (r"instance terminated outside", self.terminate_outside),
            (r"desired capacity raised outside", self.raise_outside),
            (r"request above the maximum", self.ask_too_much),
            (r"delete <i-b>$", self.mark),
            (r"shutdown with two", lambda: self.now.stop(delete=True)),
            (r"shutdown", self.shut_down),
            (r"decrease of an instance that the group no longer has", self.decrease_gone),
            (r"the group was deleted under it", self.delete_group),
        ]
        next(act for pattern, act in actions if re.match(pattern, text))()

    def start(self, part: str) -> None:
        self.error = ""
        config: dict[str, Any] = {"name": "open" if part in ("static", "not protected") else "pool"}
        environment = dict(ENVIRONMENT)
        connector: dict[str, Any] = {"username": "" if part in ("main", "gone") else "ubuntu"}
        if part == "static without username" or (part == "static" and not self.first):
            self.first = "refused"
            self._refused(lambda: _connector({"use_static_credentials": True}))
            return
        if part == "static":
            connector = {"username": "ubuntu", "password": "x", "use_static_credentials": True}
        if part.startswith("key "):
            connector["key"] = _private_key(self.folder, part)
        if part == "missing group":
            config = {"name": "nosuch"}
        if part == "misspelled plugin_config key":
            config = {"nmae": "pool"}
        if part in ("no region", "region as a plugin_config key", "config_file with a region"):
            del environment["AWS_REGION"]
        if part == "region as a plugin_config key":
            config["region"] = REGION
        if part == "config_file with a region":
            (self.folder / "config").write_text(f"[default]\nregion = {REGION}\n")
            config["config_file"] = str(self.folder / "config")
        if part == "unknown profile":
            config["profile"] = "nosuch"
        self.led = Led(self.folder, self.url, environment)
        self.now.provisioner.most = 2000 if part == "max above 1000" else 5 if part == "small max of the group" else 3
        self._refused(lambda: self.now.start(connector, **config))

    def _refused(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except (ConnectError, PluginFailedError) as error:
            self.error = str(error)
            if self.led is not None and not self.led.running():
                self.led.plugin.kill()
                self.led = None

    def increase(self, text: str) -> None:
        if self.led is not None:
            self.now.grow(int((re.findall(r"\d", text) or ["1"])[0]))
            (self.first, *_) = self.now.running()

    def increase_above(self) -> None:
        self.now.provisioner.request(2)
        until(lambda: any(each["action"] == "SetDesiredCapacity" for each in self.calls))

    def connect(self) -> None:
        self.now.provisioner.connect_info(self.now.running()[0])

    def connect_to_terminated(self) -> None:
        with pytest.raises(PluginFailedError, match="EC2InstanceStateInvalidException"):
            self.now.provisioner.connect_info(self.first)

    def decrease(self) -> None:
        first = self.now.running()[0]
        self.now.provisioner.delete(first)
        self.now.gone(first)

    def terminate_outside(self) -> None:
        first = self.now.running()[0]
        self.aws.ec2.terminate_instances(InstanceIds=[first])
        until(lambda: first not in self.now.running() and len(self.now.running()) == 1)

    def raise_outside(self) -> None:
        self.aws.resize(2)
        until(lambda: len(self.now.running()) == 2)

    def ask_too_much(self) -> None:
        self.now.provisioner.request(6)
        until(lambda: len(self.now.running()) == 3)
        assert self.now.provisioner.requested == 5

    def mark(self) -> None:
        self.now.pause()
        for identity in self.now.running():
            self.now.provisioner.delete(identity)

    def shut_down(self) -> None:
        if self.led is not None:
            self.now.stop()

    def decrease_gone(self) -> None:
        self.aws.control("auto-scaling", {"shutdown": 1.0})
        self.aws.groups.terminate_instance_in_auto_scaling_group(
            InstanceId=self.first, ShouldDecrementDesiredCapacity=True
        )
        until(lambda: self.first not in self.now.running())
        self.now.provisioner.delete(self.first)
        self.now.gone(self.first)

    def delete_group(self) -> None:
        self.aws.groups.delete_auto_scaling_group(AutoScalingGroupName="pool", ForceDelete=True)
        until(lambda: refusal(lambda: self.aws.resize(0))[0] == "ValidationError")
        until(polled(self.calls))


def _private_key(folder: Path, part: str) -> str:
    kind = ["rsa", "-m", "PEM"] if part == "key rsa" else ["ed25519"]
    path = folder / part.replace(" ", "-")
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(path), "-t", *kind], check=True)
    return path.read_text()


def _wanted(step: dict[str, Any]) -> list[Call]:
    calls = [generalised(call) for call in step["calls"] if call["action"] != POLL]
    return [{**call, "status": 400} for call in calls] if step["step"].startswith("small max") else calls


def _same(step: dict[str, Any], calls: list[Call]) -> None:
    seen = [generalised(call) for call in calls]
    wanted, of_step = _wanted(step), [call for call in seen if call["action"] != POLL]
    for call, other in zip(wanted, of_step, strict=False):
        if "AvailabilityZone" in call["parameters"] and step["step"] in OTHER_STATUS:
            call["status"] = other["status"]
    # Refused, it is tried again in each cycle.
    assert (of_step[:1] if step["step"].startswith("small max") else of_step) == wanted, step["step"]
    polls = [generalised(call) for call in step["calls"] if call["action"] == POLL]
    if polls:
        assert polls[0] in [{**call, "status": 200} for call in seen], step["step"]


@pytest.mark.parametrize("part", list(RECORDED))
def test_the_calls_of_every_recorded_step_are_made(aws: Account, tmp_path: Path, part: str) -> None:
    aws.clear()
    with recorded_calls(aws.url) as (url, calls):
        story = Story(aws, tmp_path, url, calls)
        for step in RECORDED[part]:
            _prepare(aws, step["step"])
            calls.clear()
            before = len(story.led.events) if story.led and not step["step"].endswith(": start") else 0
            story.lead(step["step"])
            _same(step, list(calls))
            _tell_alike(step, story, before)


def _tell_alike(step: dict[str, Any], story: Story, before: int) -> None:
    errors = [each.partition("INIT ERROR ")[2] for each in step["seen_by_the_runner"] if each.startswith("INIT")]
    if errors and NO_CALL_OF_MOTO in errors[0]:
        assert story.error.endswith("Invalid Configuration: Missing Region")
    elif errors:
        # In 19.3.0 of a password or key there is no need.
        expected = errors[0].replace("username and password/key is required", "username is required")
        assert story.error.removeprefix("creating taskscaler: ") == expected
    elif step["step"] not in OTHER_EVENTS and story.led is not None:
        wanted = [each.split(" ", 2)[2] for each in step["seen_by_the_runner"] if each.startswith("EVENT")]
        seen = [each for each in story.led.events[before:] if not each.startswith(("creating", "deleting"))]
        assert sorted(seen) == sorted(wanted), step["step"]


def _prepare(aws: Account, step: str) -> None:
    """What the recorded run had at that point."""
    if step in ("main: start", "drain: start", "gone: start"):
        _fresh(aws, "pool")
    elif step == "restart: start":
        _fresh(aws, "pool")
        aws.running(3)
    elif step == "small max of the group: start":
        _fresh(aws, "pool", most=3)
        aws.running(3)
    elif step == "static: start" and not aws.groups.describe_auto_scaling_groups()["AutoScalingGroups"]:
        _fresh(aws, "pool")
        _fresh(aws, "open")
    elif step == "key ed: start":
        _fresh(aws, "pool")
        aws.running(1)
    elif step == "not protected: start":
        _fresh(aws, "open", NewInstancesProtectedFromScaleIn=False)
    elif step == "config_file with a region: start":
        _fresh(aws, "pool")
        aws.running(1)


def _fresh(aws: Account, name: str, most: int = 10, **more: Any) -> None:
    found = aws.groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    if found:
        aws.groups.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        until(lambda: not aws.groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"])
    templates = aws.ec2.describe_launch_templates()["LaunchTemplates"]
    kept = [each["LaunchTemplateId"] for each in templates if each["LaunchTemplateName"] == f"of-{name}"]
    aws.group(name, kept[0] if kept else "", most, **more)


def test_all_recorded_steps_are_led_through() -> None:
    assert len(STEPS) == 58
    assert {*OTHER_STATUS, *OTHER_EVENTS} <= {*STEPS}


def test_a_newer_plugin_asks_for_spot_requests_and_gives_up_what_ec2_takes_back(aws: Account, tmp_path: Path) -> None:
    """That is this project's assumption of 1.1.0; known is that it may not be refused the call."""
    _fresh(aws, "pool")
    aws.running(2)
    with recorded_calls(aws.url) as (url, calls):
        led = Led(tmp_path, url, ENVIRONMENT, version="1.1.0")
        led.start({"username": "ubuntu"}, name="pool")
        until(lambda: len(led.running()) == 2)
        taken, kept = led.running()

        aws.control("auto-scaling", {"warn": taken})

        until(lambda: led.running() == [kept])
        assert any(each["action"] == "DescribeSpotInstanceRequests" for each in calls)
        led.stop()
