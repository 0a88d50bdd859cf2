"""The note of a merge request: the most important first, readable, and never too long for GitLab."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from config_render.files.stack_file import read_stack_file
from localcloud.cloud import ROOT
from planning.costs import as_plain
from planning.fees import NetworkRow
from review.bill import bill_of
from review.changes import Changes, ConfigToml, Diagnostic, Property, Resource
from review.note import LONGEST, Origin, marker, note
from review.policy import POLICIES, verdicts
from review.setting_changes import SET, RunnerSettings, SettingChange
from review.statements import StatementChange
from review.toml_diff import toml_diff

from .record import settings
from .recorded import MARKET, changes, row, with_machines

BEFORE = [row("local", 5), row("manager", 1, type_="t3.small")]
AFTER = [row("local", 9), row("manager", 1, type_="t3.small")]


def of(case: str, *labels: str) -> str:
    changed = changes(case)
    return note(changed, None, verdicts(changed, None, enforced=POLICIES, labels=labels))


def sections(text: str) -> list[str]:
    """The headings and the titles of what is folded, in their order."""
    return [a or b for a, b in re.findall(r"^#### (.+)$|<summary>(.+?)</summary>", text, re.MULTILINE)]


def test_a_first_preview_says_so_and_folds_what_is_long() -> None:
    text = of("first")

    assert re.search(r"^### Preview of `local`: a new stack, 3\d created$", text, re.MULTILINE)
    assert re.match(r"3\d created", sections(text)[0])
    assert "config.toml" in sections(text)
    assert '+ name = "local"' in text
    assert "amazonec2-vpc-id=(known after creation)" in text
    assert "interrupted" not in text


def test_a_changed_limit_shows_its_line_and_interrupts_nothing() -> None:
    text = of("limit")

    assert "### Preview of `local`: 1 changed\n\n- Jobs: nothing is interrupted.\n\n#### Settings" in text
    assert "| `pools[0].limit` | `5` | `9` |\n\n#### Changed" in text
    assert "- limit = 5\n+ limit = 9" in text
    assert "| `runner-registration-config` | step on the manager | input |" in text
    assert "no_entry" not in text


def test_a_replacement_of_the_manager_comes_first_with_what_it_interrupts() -> None:
    text = of("manager")

    heading, blocked, effect, _, setting, replaced = text.split("\n\n")[1:7]
    assert heading == "### Preview of `local`: 1 replaced, 1 deleted, 7 changed, 1 created"
    assert blocked == (
        "- :no_entry: `the manager is replaced, or goes`: the job fails; if it is meant, put the label "
        "`allow-manager-replacement` on the merge request and run the job again"
    )
    assert effect == "- Jobs: **the manager is replaced**; jobs on the old manager finish first."
    assert setting.splitlines()[2:] == ["| `manager.instanceType` | `t3.small (default)` | `t4g.small` |"]
    assert replaced == "#### Replaced or deleted"
    assert (
        "| `runner-registration-life` | step on the manager | replaced | the manager is another host: "
        "`runner-manager-instance` is deleted |" in text
    )
    assert (
        "| `runner-manager-instance` | `aws ec2 Instance` | deleted | another architecture: "
        "`runner-manager-instance-arm64` comes in its place (setting `manager.instanceType`) |" in text
    )
    assert "triggers" not in text
    assert sections(text)[:4] == ["Settings", "Replaced or deleted", "Changed", "7 steps"]


@pytest.mark.parametrize(("case", "steps"), [("manager", 7), ("network", 7), ("cap", 2), ("first", 8)])
def test_all_steps_on_the_manager_are_one_folded_row(case: str, steps: int) -> None:
    rows = re.findall(r"^\| (.+) \| steps? on the manager \|(.*)\|?$", of(case), re.MULTILINE)
    folded = [(names, rest) for names, rest in rows if "replaced" not in rest]

    ((names, _),) = folded
    assert re.fullmatch(
        rf"<details><summary>{steps} steps</summary>(`runner-registration-[a-z]+`(, )?)+</details>", names
    )
    assert names.count("`runner-") == steps


def test_steps_that_run_again_because_the_manager_is_another_host_say_so() -> None:
    assert "| steps on the manager | they run on the new host |" in of("manager")
    assert "| steps on the manager | input |" in of("secret")
    life = Resource("urn", "command:remote:Command", "ci-registration-life", "replace")
    steps = [
        Resource("urn", "command:remote:Command", f"{name}-registration-config", "update", (Property("stdin", False),))
        for name in ("ci", "other")
    ]
    assert "| step on the manager | they run on the new host |" in note(Changes("p", "d", (life, steps[0])), None, [])
    assert "| steps on the manager | input |" in note(Changes("p", "d", (life, *steps)), None, [])


def test_the_page_quotes_what_the_note_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "merge-requests.md").read_text()
    replaced, permissions = re.findall(r"^````text\n(.+?)\n````$", page, re.MULTILINE | re.DOTALL)
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"config": settings("manager")}, sort_keys=False))
    changed = replace(changes("manager"), stack="dev").located(read_stack_file(file), file.name)
    text = note(changed, None, verdicts(changed, None, enforced=POLICIES, labels=[]))

    assert " ".join(replaced.split()) in " ".join(
        re.sub(r"<details><summary>(.+?)</summary>.+?</details>", r"\1", text).split()
    )
    assert {*permissions.splitlines()} <= {*of("cap").splitlines()}


def test_a_label_shows_that_it_is_meant() -> None:
    text = of("manager", "allow-manager-replacement")

    assert ":white_check_mark: `the manager is replaced, or goes`: allowed by the label" in text
    assert "no_entry" not in text


def test_a_network_that_is_replaced_says_what_of_it_and_why() -> None:
    text = of("network")

    assert "- Jobs: **machines are replaced with their network: running jobs fail**." in text
    assert (
        "| `runner-network-vpc` | `aws ec2 Vpc` | replaced | `cidrBlock`: `10.0.0.0/16` → `10.1.0.0/16` "
        "(setting `network.cidr`) |" in text
    )
    assert (
        "| `runner-network-worker` | `aws ec2 SecurityGroup` | replaced | `vpcId`: `runner-network-vpc` is replaced |"
        in text
    )
    assert "`aws ec2 Instance` | replaced | `subnetId`: `runner-network-public-a` is replaced |" in text


def test_statements_of_a_policy_come_and_go_by_their_sids() -> None:
    text = of("cap")

    assert "#### Permissions\n\n`runner-identity-manager`, `aws iam RolePolicy`:\n\n```diff\n  Look\n" in text
    assert "+   Action ec2:DescribeSpotInstanceRequests" in text
    assert "\n+ TagSpot\n+   Effect Allow\n+   Action ec2:CreateTags\n" in text
    assert "Statement" not in text


def test_a_policy_that_is_not_known_yet_says_so() -> None:
    assert "```diff\n  all statements\n+   (known after creation)\n```" in of("network")


def test_a_secret_that_changes_is_told_without_its_value() -> None:
    text = of("secret")

    assert "| `pools[0].environment` |  | changed |" in text
    assert "| `secrets.planted or token` |  | changed |" in text


def of_settings(*given: SettingChange, known: bool = True) -> str:
    resource = Resource("urn", "aws:ec2/vpc:Vpc", "ci-network-vpc", "update")
    return note(Changes("p", "dev", (resource,), settings=(RunnerSettings("ci", known, given),)), None, [])


def test_a_change_without_a_changed_setting_says_that_something_else_is_behind_it() -> None:
    assert "#### Settings\n\nNo setting changed: the program, its packages or existing resources did." in of_settings()


def test_a_state_without_settings_is_not_taken_for_one_with_others() -> None:
    text = of_settings(known=False)

    assert "#### Settings\n\nThe state does not hold the settings of the last `pulumi up` yet" in text
    assert "| setting |" not in text


def test_settings_have_their_place_and_many_are_folded() -> None:
    few = of_settings(SettingChange("concurrent", "4", "5", "shared.yaml:7"), SettingChange("tags.a", None, SET))
    many = of_settings(*(SettingChange(f"tags.t{number}", None, "1") for number in range(12)))

    assert "| setting | before | after | where |" in few
    assert "| `concurrent` | `4` | `5` | `shared.yaml:7` |\n| `tags.a` | - | set |  |" in few
    assert "<details><summary>12 settings</summary>\n\n| setting | before | after |\n" in many


def test_settings_are_cut_where_a_note_would_be_too_long() -> None:
    text = of_settings(*(SettingChange(f"tags.t{number}", None, "x" * 300) for number in range(20_000)))

    assert len(text) <= LONGEST
    assert "\n\nand 19,500 more\n" in text


def test_nothing_to_do_is_one_line() -> None:
    text = of("same")

    assert "### Preview of `local`: nothing changes\n" in text
    assert "####" not in text


def test_mistakes_are_shown_as_the_program_says_them() -> None:
    text = of("errors")

    assert "### Preview of `local`: failed, nothing was changed\n\n```text\n2 errors in the settings" in text
    assert "pools[0].limit = -9: must be at least 1" in text
    assert "unhandled" not in text


def test_a_preview_without_a_word_leads_to_the_jobs_log() -> None:
    text = note(Changes("p", "dev", failed=True), None, [])

    assert "The engine said no reason; the job's log has its last words." in text


def test_a_cap_under_todays_price_is_a_warning_at_its_line() -> None:
    text = of("cap")

    assert "#### :warning: 1 warning\n\n- `Pulumi.local.yaml:" in text
    assert "is under today's spot price of m5.large" in text


def test_costs_are_shown_before_and_after_at_the_same_prices() -> None:
    changed = with_machines(changes("limit"), BEFORE, AFTER)
    text = note(changed, bill_of(changed, MARKET), [])

    assert "| machines at most | 6 | **10** |" in text
    assert "| an hour, if all of them run | 0.52 USD | **0.92 USD** |" in text
    assert "| a month, if all of them run | 379.60 USD | **671.60 USD** |" in text
    assert "| a month without any job | 87.60 USD | 87.60 USD |" in text


def test_a_cost_says_what_it_is_for_and_what_is_not_in_it() -> None:
    after = [replace(each, disk_gib=100, public_address=True) for each in AFTER]
    gateway = NetworkRow(what="NAT gateway", zone="eu-central-1a", count=1)
    changed = with_machines(changes("limit"), BEFORE, after, [gateway])
    text = note(changed, bill_of(changed, MARKET), [])

    dash = "\N{EN DASH}"
    assert f"| {dash} machines | 379.60 USD | **671.60 USD** |\n| {dash} disks | 0.00 USD | **73.00 USD** |" in text
    assert (
        f"| {dash} public addresses | 3.65 USD | **40.15 USD** |\n| {dash} NAT gateways | 36.50 USD | 36.50 USD" in text
    )
    assert "| a month, if all of them run | 419.75 USD | **821.25 USD** |" in text
    assert "Not counted: data transfer, requests, and what the cache and the logs hold." in text


def test_with_a_price_that_is_not_known_a_cost_is_at_least_the_rest() -> None:
    changed = with_machines(changes("first"), None, [*AFTER, row("arm", 2, type_="t9.huge")])
    text = note(changed, bill_of(changed, MARKET), [])

    assert "| machines at most | - | **12** |" in text
    assert "| an hour, if all of them run | - | **at least 0.92 USD** |" in text
    assert "| a month, if all of them run | - | **at least 671.60 USD** |" in text
    assert "| a month without any job | - | **at least 87.60 USD** |" in text


def test_a_cost_of_which_nothing_is_known_is_not_made_up() -> None:
    changed = with_machines(changes("first"), None, [row("arm", 2, type_="t9.huge")])
    text = note(changed, bill_of(changed, MARKET), [])
    assert "| an hour, if all of them run | - | **not known** |" in text


def test_machines_that_may_be_in_either_zone_are_counted_once_at_the_dearer_price() -> None:
    here = row("local", 9)
    there = replace(here, zone="eu-central-1b", type="t3.small", idle_hours=0)
    on_demand = replace(row("local", 2), group="local on demand")
    changed = with_machines(changes("limit"), [here], [here, there, on_demand])
    text = note(changed, bill_of(changed, MARKET), [])

    assert "| machines at most | 9 | **11** |" in text
    assert "| an hour, if all of them run | 0.90 USD | **1.10 USD** |" in text


def test_what_a_release_without_groups_says_of_machines_is_not_compared() -> None:
    changed = with_machines(changes("limit"), BEFORE, AFTER)
    before = [{key: value for key, value in each.items() if key != "group"} for each in as_plain(BEFORE)]
    bill = bill_of(replace(changed, outputs_before={**changed.outputs_before, "machines": before}), MARKET)

    assert bill
    assert (bill.before, bill.after and bill.after.most) == (None, 10)


def test_a_stack_without_the_output_has_no_costs() -> None:
    assert "Cost" not in of("limit")


def test_the_first_line_finds_the_note_again_whatever_the_stack_is_called() -> None:
    names = ["dev", "dev-2", "a--b", "a b", "ä/ö", "-->"]
    markers = [marker(Changes("p", name)) for name in names]

    assert len({*markers}) == len(names)
    for each, name in zip(markers, names, strict=True):
        assert note(Changes("p", name), None, []).splitlines()[0] == each
        assert re.fullmatch(r"<!-- [^>]* -->", each)
        assert "--" not in each[4:-3]


def hostile(text: str, *, failed: bool) -> Changes:
    """All that is told of a stack is this text."""
    statement = StatementChange(text, (text,), (text,))
    resource = Resource("urn", f"aws:ec2/x:{text}", text, "replace", (Property(text, True, text, text),), (statement,))
    gone = Resource("urn", f"aws:ec2/x:{text}", text, "delete")
    steps = [Resource("urn", "command:remote:Command", text, "update", (Property(text, False),)) for _ in "ab"]
    settings = RunnerSettings(text, True, (SettingChange(text, text, text, text),))
    config = ConfigToml("runner", f"{text}\n", f"{text} \n{text}\n")
    said = tuple(Diagnostic(severity, text) for severity in ("info", "warning", "error"))
    every = (resource, gone, *steps)
    return Changes("p", text, every, (config,), {}, {}, said, failed=failed, settings=(settings,))


@pytest.mark.parametrize(
    "text",
    [
        "@everybody #1 !2 ~label &3",
        "/close\n/merge",
        "a | b `c` ``d``",
        "</details><script>alert(1)</script>",
        "```\n/close\n```",
        "# heading\n\n<!-- gone -->",
    ],
)
@pytest.mark.parametrize("failed", [False, True])
def test_what_is_quoted_does_nothing(text: str, failed: bool) -> None:
    made = note(hostile(text, failed=failed), None, [])
    # GitLab's Markdown is CommonMark with tables: all of the text has to be in code, or in the one known HTML.
    tokens = MarkdownIt("commonmark").enable("table").parse(made)
    inline = [child for token in tokens for child in token.children or []]
    outside = "".join(token.content for token in inline if token.type == "text")
    marked, *html = [token.content.strip() for token in [*tokens, *inline] if token.type.startswith("html")]

    assert not re.search(r"@everybody|/close|#1|alert|gone", outside)
    assert marked == marker(hostile(text, failed=failed))
    assert all(re.fullmatch(r"(</?(details|summary)>|<details><summary>[\w ',]+</summary>)", each) for each in html)
    assert not re.search(r"^/", made, re.MULTILINE)


def test_a_note_that_is_too_long_is_cut_where_it_is_longest_and_says_so() -> None:
    config = ConfigToml("runner", None, "".join(f'line = "{number:050}"\n' for number in range(40_000)))
    text = note(Changes("p", "dev", configs=(config,)), None, [])

    assert LONGEST / 10 < len(text) <= LONGEST
    assert "and 35,000 more lines, in the artifact" in text
    assert text.count("```") == 2


def test_a_note_that_no_cut_makes_short_enough_ends_with_where_the_rest_is() -> None:
    resource = Resource("urn", "aws:ec2/x:X", "n" * 1_000, "create")
    text = note(Changes("p", "dev", (resource,) * 2_000), None, [])

    assert len(text) == LONGEST
    assert text.endswith("The rest is too long for a note; the artifact has it whole.\n")


def test_it_says_what_it_was_made_of() -> None:
    text = note(changes("same"), None, [], Origin("0123456789abcdef", "https://gitlab.example.com/g/p/-/jobs/7"))

    assert "Made for commit `01234567` by [this job](https://gitlab.example.com/g/p/-/jobs/7)" in text


def test_each_runner_of_a_stack_has_its_config() -> None:
    (config,) = changes("limit").configs
    both = replace(changes("limit"), configs=(config, replace(config, runner="other")))

    assert [each for each in sections(note(both, None, [])) if "toml" in each] == [
        "config.toml of `runner`",
        "config.toml of `other`",
    ]


def test_a_change_deep_in_the_file_says_in_which_runner_and_section_it_is() -> None:
    def file(types: dict[str, str]) -> str:
        return "".join(
            f'[[runners]]\nname = "{name}"\nlimit = 1\n\n[runners.machine]\nIdleCount = 1\nA = 1\nB = 2\nC = {c}\n\n'
            for name, c in types.items()
        )

    diff = toml_diff(file({"a": "1", "b": "1", "c": "1"}), file({"a": "1", "b": "2", "c": "1"}))

    assert diff.splitlines()[0] == '@@ line 16, runner "b", runners.machine @@'
    assert [line for line in diff.splitlines() if line[:1] in "+-" and line] == ["- C = 1", "+ C = 2"]
