"""What a program gets of its stack's settings, and when AWS's prices and offers stop it."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.resolve import stack_settings
from components.resolve.market_report import market_problems
from components.resolve.stack_settings import StackSettings, read_stack
from config_render import Surroundings, parse, placed
from planning.market import Market

from .conftest import SSH, TOKEN, Deploy

REGION = "eu-central-1"
POOL = {"name": "ci", "limit": 4, "instanceTypes": ["m5.large"], "spot": {"maxPrice": 0.05, "onDemandPrice": 0.2}}
SETTINGS = {
    "gitlab": {"url": "https://gitlab.example.com", "check": False},
    "manager": SSH,
    "pools": [{**POOL, "machine": {"MaxGrowthRate": 2}}],
}
ELSEWHERE = {"m5.large": frozenset[str](), "t3.micro": frozenset({f"{REGION}a"})}
MARKET = Market(offered=ELSEWHERE, on_demand={("m5.large", REGION): 0.115})
"""A type that has no zone here, and another price than the settings say."""


@pytest.fixture
def read(deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read settings as a program does, those that are secrets by their names."""

    def run(hidden: tuple[str, ...] = (), **given: Any) -> dict[str, Any]:
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        config = {f"gitlab-runner-aws:{name}": text for name, text in texts.items()}
        pulumi.runtime.set_all_config(
            {"aws:region": REGION, **config}, [f"gitlab-runner-aws:{name}" for name in hidden]
        )
        monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: str(tmp_path))
        found: dict[str, Any] = {}

        def program() -> pulumi.Output[Any]:
            stack = found["stack"] = read_stack()
            taken = {"token": stack.token, "market": stack.market, **stack.secrets}
            return pulumi.Output.all(**taken).apply(found.update)

        try:
            deploy(program)
        finally:
            pulumi.runtime.set_all_config({})
        return found

    return run


def test_a_stack_that_shares_nothing_has_its_own_settings_and_secrets(read: Any) -> None:
    secret = {"token": TOKEN, "secrets": {"hook": "s3cret"}}
    found = read(("token", "secrets"), preflight="off", **SETTINGS, **secret)

    stack: StackSettings = found["stack"]
    assert stack.settings == parse({**SETTINGS, "preflight": "off"}, token=TOKEN, region=REGION, secrets=("hook",))
    assert (stack.surroundings, stack.region) == (Surroundings(), REGION)
    assert (stack.registration_token, stack.access_token) == (None, None)
    assert (found["token"], found["hook"], found["market"]) == (TOKEN, "s3cret", Market())


def test_what_a_stack_shares_is_under_its_own(read: Any, tmp_path: Path) -> None:
    shared = "config: {gitlab-runner-aws:tags: {team: ci, of: all}, gitlab-runner-aws:concurrent: 3}"
    (tmp_path / "shared.yaml").write_text(shared)
    given = {"preflight": "off", "concurrent": 4, **SETTINGS, "extends": ["shared.yaml"]}
    stack = read(("token",), token=TOKEN, **given)["stack"]

    assert (stack.settings.concurrent, stack.settings.tags) == (4, {"team": "ci", "of": "all"})


def test_all_mistakes_of_a_stack_are_told_at_once(read: Any) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        read((), preflight="off", **SETTINGS, token=TOKEN, secrets={"hook": 1}, tags={"aws:x": "y"})

    said = str(refused.value)
    for part in ("token: stands in the stack file in clear text", "secrets: stands in", "secrets.hook: must be text"):
        assert f"gitlab-runner-aws:{part}" in said
    assert "tags" in said
    assert TOKEN not in said


def test_what_aws_does_not_offer_stops_a_strict_stack_in_an_up_too(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.resolve.market_report.look", lambda *_, **__: MARKET)

    with pytest.raises(pulumi.RunError, match=r"= m5\.large: is not offered in"):
        read(("token",), preflight="strict", token=TOKEN, **SETTINGS)
    assert read(("token",), preflight="warn", token=TOKEN, **SETTINGS)["market"] == MARKET


TYPE = "gitlab-runner-aws:pools[0].instanceTypes[0]"
PRICE = "gitlab-runner-aws:pools[0].spot.onDemandPrice"


@pytest.mark.parametrize(
    ("preflight", "preview", "stops", "warned"),
    [
        ("strict", True, [TYPE, PRICE], []),
        ("strict", False, [TYPE, PRICE], []),
        ("warn", True, [TYPE], [PRICE]),
        ("warn", False, [], []),
        ("off", True, [], []),
    ],
)
def test_doubts_stop_a_strict_stack_and_are_warnings_in_the_previews_of_others(
    preflight: str, preview: bool, stops: list[str], warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.resolve.market_report.look", lambda *_, **__: MARKET)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    shown: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", shown.append)
    settings = parse({**SETTINGS, "preflight": preflight}, token=TOKEN, region=REGION)
    warnings: list[str] = []

    found = market_problems(
        placed(settings, REGION, None), REGION, lambda doubts: warnings.extend(each.path for each in doubts)
    )

    assert ([each.path for each in found], warnings) == (stops, warned)
    assert any("no offer" in text for text in shown) == bool(stops)


def test_a_warning_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(stack_settings, "_stack_file", lambda: Path("nowhere.yaml"))
    settings = parse({**SETTINGS, "preflight": "warn"}, token=TOKEN, region=REGION)
    monkeypatch.setattr("components.resolve.market_report.look", lambda *_, **__: MARKET)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    market_problems(placed(settings, REGION, None), REGION, stack_settings._warn)

    assert [text.partition(" = ")[0] for text in said] == [PRICE]
