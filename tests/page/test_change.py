"""What the page says of a change."""

from dataclasses import replace

import pytest

from review.changes import ConfigToml, Diagnostic

from .samples import changed, small, subject
from .test_contents import section


def test_replacements_come_first_with_what_they_interrupt() -> None:
    settings = small()
    shown = section(subject(settings, changes=changed(settings)), "change")

    assert "1 replaced, 1 deleted, 2 changed, 1 created; 2 stay as they are." in shown.text
    assert [each.text for each in shown.all("li")] == [
        "Interrupts the manager is replaced; jobs on the old manager finish first"
    ]
    names = [each.text for each in shown.all("summary")]
    assert names == [
        "± 1 replaced",
        "\N{MINUS SIGN} 1 deleted",
        "~ 2 changed",
        "+ 1 created",
        "IAM statements of runner-identity-manager",
        "config.toml of runner 2 lines more, 2 fewer",
    ]
    policy, config = ([(each.attributes["class"], each.text) for each in pre.all("span")] for pre in shown.all("pre"))
    assert policy == [("around", "Look"), ("added", "+ Action ec2:DescribeSpotInstanceRequests")]
    lines = config
    assert ("removed", "- limit = 9") in lines
    assert ("added", "+ limit = 10") in lines


def test_the_settings_that_changed_come_before_what_they_replace() -> None:
    settings = small()
    shown = section(subject(settings, changes=changed(settings)), "change")
    table, *_ = shown.all("table")

    assert [[cell.text for cell in row.all("th", "td")] for row in table.all("tr")] == [
        ["Setting", "Before", "After", "Where"],
        ["manager.ami", "nothing", "ami-0a1b2c3d4e5f60003", "Pulumi.prod.yaml:12"],
        ["pools[0].machine.autoscaling[0].IdleCount", "4", "6", "shared/pools.yaml:120"],
        ["pools[0].environment", "", "changed", "Pulumi.prod.yaml:31"],
    ]
    assert "ami: ami-0a1b2c3d4e5f60001 → ami-0a1b2c3d4e5f60003 (setting manager.ami)" in shown.text
    assert "the program no longer declares it" in shown.text


@pytest.mark.parametrize(("lines", "opened"), [(20, True), (60, False)])
def test_a_long_diff_is_folded(lines: int, opened: bool) -> None:
    settings = small()
    config = ConfigToml("runner", "", "".join(f"key{n} = {n}\n" for n in range(lines)))
    shown = section(subject(settings, changes=changed(settings, configs=(config,))), "change")
    assert ("open" in shown.all("details")[-1].attributes) == opened


def test_a_preview_that_failed_says_why() -> None:
    settings = small()
    failed = changed(settings, failed=True, diagnostics=(Diagnostic("error", "no credentials\nlog in"),))
    shown = section(subject(settings, changes=failed), "change")

    assert "The preview failed before its end" in shown.text
    assert shown.all("li")[0].text == "Error no credentials log in"


def test_a_new_stack_and_one_that_stays_say_so() -> None:
    settings = small()
    changes = changed(settings, configs=())
    new = tuple(replace(each, op="create") for each in changes.resources)
    same = tuple(replace(each, op="same") for each in changes.resources)

    assert (
        "The stack is new: 7 resources to create."
        in section(subject(settings, changes=replace(changes, resources=new)), "change").text
    )
    quiet = replace(changes, resources=same, outputs_before=changes.outputs_after)
    assert "Nothing changes; 7 resources stay as they are." in section(subject(settings, changes=quiet), "change").text
