"""`python -m review page`: what it writes, and what it says of files that can't be used."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from review.__main__ import main

from ..render.settings_samples import REGION, stack
from .document import read


def stack_file(folder: Path, **settings: Any) -> Path:
    path = folder / "Pulumi.prod.yaml"
    config = {"aws:region": REGION, **{f"gitlab-runner-aws:{key}": value for key, value in stack(**settings).items()}}
    path.write_text(yaml.safe_dump({"config": config}))
    return path


def events_file(folder: Path, *events: dict[str, Any]) -> Path:
    path = folder / "events.jsonl"
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return path


def test_it_writes_the_page_of_the_stack_that_the_file_is_named_after(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["page", str(stack_file(tmp_path)), "--market", "off", "-o", str(page)]) == 0

    document = read(page.read_text())
    assert document.all("title")[0].text == "prod: GitLab Runner in eu-central-1"
    assert "AWS was not asked for prices." in document.all("header")[0].text


def test_a_warning_says_where_in_the_file_its_value_stands(tmp_path: Path) -> None:
    file, page = stack_file(tmp_path, concurrent=1), tmp_path / "page.html"
    main(["page", str(file), "--market", "off", "-o", str(page)])

    (line,) = [number for number, text in enumerate(file.read_text().splitlines(), 1) if text.endswith("limit: 20")]
    assert f"Pulumi.prod.yaml:{line}: gitlab-runner-aws:pools[0].limit = 20" in page.read_text()


def test_preflight_off_asks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("review.page.command.look", lambda *_, **__: pytest.fail("AWS was asked"))
    page = tmp_path / "page.html"
    assert main(["page", str(stack_file(tmp_path, preflight="off")), "-o", str(page)]) == 0


def test_it_asks_as_whom_and_where_the_stack_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def look(_: object, **how: Any) -> Any:
        from planning.market import Market

        asked.append(how)
        return Market()

    monkeypatch.setattr("review.page.command.look", look)
    file = stack_file(tmp_path)
    content = yaml.safe_load(file.read_text())
    content["config"] |= {"aws:profile": "ci", "aws:endpoints": [{"ec2": "http://127.0.0.1:1"}]}
    file.write_text(yaml.safe_dump(content))

    main(["page", str(file), "-o", str(tmp_path / "page.html")])
    assert asked == [{"profile": "ci", "endpoints": {"ec2": "http://127.0.0.1:1"}}]


def test_existing_subnets_are_in_the_zones_that_the_preview_has_found(tmp_path: Path) -> None:
    file = stack_file(
        tmp_path, network={"vpcId": "vpc-0ours", "subnetIds": ["subnet-0c"]}, pools=[{"name": "ci", "limit": 2}]
    )
    row = {
        "pool": "ci",
        "zone": f"{REGION}c",
        "type": "m5.large",
        "cap": None,
        "most": 2,
        "group": "ci",
        "idle_hours": 0,
        "disk_type": "gp3",
        "disk_gib": 40,
        "disk_paid_by_speed": False,
        "public_address": True,
    }
    outputs = {"outputs": {"machines": [row], "network_charges": []}}
    metadata = {
        "op": "update",
        "urn": "urn:pulumi:prod::p::pulumi:pulumi:Stack::p-prod",
        "type": "pulumi:pulumi:Stack",
        "old": {},
        "new": outputs,
    }
    events = events_file(
        tmp_path, {"resOutputsEvent": {"metadata": metadata}}, {"summaryEvent": {"result": "succeeded"}}
    )
    page = tmp_path / "page.html"

    main(["page", str(file), "--market", "off", "--events", str(events), "-o", str(page)])
    assert "up to 2 m5.large on demand in eu-central-1c" in page.read_text()
    assert "known to AWS alone" not in page.read_text()

    main(["page", str(file), "--market", "off", "-o", str(page)])
    assert "known to AWS alone" in page.read_text()


def test_mistakes_are_told_with_their_lines_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = stack_file(tmp_path, concurrent=0), tmp_path / "page.html"

    assert main(["page", str(file), "-o", str(page)]) == 2
    told = capsys.readouterr().err
    assert told.endswith("gitlab-runner-aws:concurrent = 0: must be at least 1\n1 error\n")
    assert not page.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.yaml"], "none.yaml: can't be read (No such file or directory)"),
        (
            ["Pulumi.prod.yaml", "--events", "none"],
            "none: can't be read (No such file or directory); pulumi writes it with",
        ),
        (
            ["Pulumi.prod.yaml", "--events", "Pulumi.prod.yaml"],
            "Pulumi.prod.yaml:1: is not valid JSON; give the file of --event-log",
        ),
        (
            ["Pulumi.prod.yaml", "--market", "off", "-o", "none/page.html"],
            "none/page.html: can't be written (No such file",
        ),
    ],
)
def test_a_file_that_can_not_be_used_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    stack_file(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert main(["page", *arguments]) == 2
    assert capsys.readouterr().err.startswith(told)
