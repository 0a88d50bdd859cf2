"""Why a resource is replaced or deleted."""

import re
from typing import Any

import pytest

from review.causes import Quoted, causes_of
from review.changes import Changes, Op, Property, Resource
from review.differences import RemovedResources
from review.setting_changes import RunnerSettings, SettingChange

from ..engine.changes import Row, rows
from .recorded import changes

_DELETED = re.compile(r"deletes (?P<names>.+?)( and \d+ more)?$")


def resource(name: str, op: Op = "delete", type_: str = "aws:ec2/x:X", *properties: Property) -> Resource:
    return Resource(f"urn:pulumi:d::p::{type_}::{name}", type_, name, op, properties)


def said(one: Resource, *settings: str, runner: str = "ci", others: tuple[Resource, ...] = ()) -> list[str]:
    changed = RunnerSettings(runner, True, tuple(SettingChange(path, "1", "2") for path in settings))
    every = Changes("p", "d", (one, *others), settings=(changed,))
    return ["".join(cause) for cause in causes_of(one, every)]


def leaves(path: str, value: Any) -> list[str]:
    """The paths of all values in a setting."""
    if not isinstance(value, dict):
        return [path]
    return [leaf for key, each in value.items() for leaf in leaves(f"{path}.{key}", each)]


DELETIONS = [
    (row, name) for row in rows() if (found := _DELETED.search(row.plan)) for name in found["names"].split(", ")
]


@pytest.mark.parametrize(("row", "name"), DELETIONS, ids=[f"{row.change} {name}" for row, name in DELETIONS])
def test_each_deletion_of_the_page_about_changes_names_a_setting_behind_it(row: Row, name: str) -> None:
    given = {path.replace("pools.", "pools[0]."): value for path, value in row.settings({}).items()}
    settings = {path for start, value in given.items() for path in leaves(start, value)}
    kind = "aws:ec2/instance:Instance" if name == "manager-instance" else "aws:ec2/x:X"
    (sentence,) = said(resource(f"ci-{name}", "delete", kind), *settings)

    assert any(setting in sentence for setting in settings)


@pytest.mark.parametrize("case", ["manager", "network", "bucket"])
def test_each_recorded_replacement_and_deletion_has_a_setting_or_a_resource_behind_it(case: str) -> None:
    changed = changes(case)
    names = {each.name for each in changed.resources} | {each.path for one in changed.settings for each in one.changes}
    going = [each for each in changed.resources if each.goes]

    assert going
    for each in going:
        for cause in causes_of(each, changed):
            assert any(isinstance(part, Quoted) and part in names for part in cause), (each.name, cause)


def test_settings_that_did_not_change_or_have_nothing_to_do_with_it_are_not_named() -> None:
    assert said(resource("ci-cache-bucket"), "concurrent", "cache.forceDestroy") == [
        "the program no longer declares it"
    ]
    assert said(resource("ci-cache-bucket"), "cache.s3.BucketName") == ["setting cache.s3.BucketName"]
    assert said(resource("mine-of-my-own"), "cache.s3.BucketName") == ["the program no longer declares it"]


@pytest.mark.parametrize(
    "name", ["identity-manager", "identity-groups", "network-worker-docker", "network-manager-to-worker-docker"]
)
def test_what_only_one_executor_needs_goes_with_it(name: str) -> None:
    assert said(resource(f"ci-{name}"), "executor") == ["setting executor"]
    assert said(resource(f"ci-{name}"), "pools[2].limit", "pools[2].executor") == ["setting pools[2].executor"]


def test_a_group_goes_with_its_pool() -> None:
    assert said(resource("ci-workers-old-group"), "pools[1]") == ["setting pools[1]"]


def test_the_settings_are_those_of_the_resources_own_runner() -> None:
    one = resource("ci-arm-network-nat")
    settings = [
        RunnerSettings(name, True, (SettingChange(f"network.{key}", "1", "2"),))
        for name, key in (("ci", "cidr"), ("ci-arm", "private"))
    ]
    changed = Changes("p", "d", (one,), settings=(*settings,))

    assert ["".join(cause) for cause in causes_of(one, changed)] == ["setting network.private"]


def test_many_settings_are_cut() -> None:
    names = [f"network.{name}" for name in "abcde"]

    assert said(resource("ci-network-vpc"), *names) == ["settings network.a, network.b, network.c and 2 more"]


def test_a_property_has_its_values_and_the_setting_behind_it() -> None:
    image = Property("ami", True, "ami-1", "ami-2")
    size = Property("rootBlockDevice.volumeSize", False, "20", "30")
    one = resource("ci-manager-instance", "replace", "aws:ec2/instance:Instance", image, size)

    assert said(one, "manager.ami", "manager.rootSize") == ["ami: ami-1 → ami-2 (setting manager.ami)"]


def test_another_existing_host_is_no_trigger() -> None:
    one = resource("ci-registration-life", "replace", "command:remote:Command", Property("triggers[0]", True))

    assert said(one, "manager.host.address") == ["the manager is another host (setting manager.host.address)"]


def test_an_instance_of_another_architecture_is_named() -> None:
    kind = "aws:ec2/instance:Instance"
    one, other = resource("ci-manager-instance-arm64", "delete", kind), resource("ci-manager-instance", "create", kind)

    assert said(one, "manager.instanceType", others=(other, resource("x-manager-instance", "create", kind))) == [
        "another architecture: ci-manager-instance comes in its place (setting manager.instanceType)"
    ]


@pytest.mark.parametrize("turn", [1, -1])
def test_where_several_resources_have_an_id_the_property_tells_which_is_meant(turn: int) -> None:
    kinds = {"ci-cache-expiry": "aws:s3/bucketLifecycle:BucketLifecycle", "ci-cache-bucket": "aws:s3/bucket:Bucket"}
    steps = [
        {"op": "replace", "urn": f"urn:pulumi:d::p::{kind}::{name}", "type": kind, "old": {"id": "b"}}
        for name, kind in kinds.items()
    ]
    removed = RemovedResources(steps[::turn])

    assert removed.name_of("bucket", "b", "urn:pulumi:d::p::x::ci-cache-tls") == "ci-cache-bucket"
    assert removed.name_of("bucket", "b", str(steps[1]["urn"])) == ""
    assert removed.name_of("bucket", "other", "urn") == removed.name_of("bucket", None, "urn") == ""


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("network-nat", "network.private"),
        ("network-endpoint-ec2", "network.interfaceEndpoints"),
        ("network-manager-metrics-10.0.0.0/8", "manager.metricsFrom"),
        ("identity-cache", "cache.uploadRole"),
        ("identity-token", "tokenParameter"),
        ("identity-ssm", "manager.ssm"),
        ("manager-address", "manager.elasticIp"),
        ("watch-cpu", "manager.alarms.topicArn"),
        ("watch-spot", "manager.logs"),
        ("registration-user-data", "pools[0].userData"),
    ],
)
def test_what_goes_with_a_setting_that_is_taken_back_names_it(name: str, setting: str) -> None:
    assert said(resource(f"ci-{name}"), "concurrent", setting) == [f"setting {setting}"]
