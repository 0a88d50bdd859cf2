"""What a program gets of its stack's settings, and when AWS's prices and offers stop it."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.resolve import stack_settings
from components.resolve.market_report import market_later, market_problems
from components.resolve.stack_settings import StackSettings, read_stack
from config_render import ExistingResources, Settings, parse, with_existing_zones
from planning.market import Market
from planning.prices import report, wanted

from .conftest import LOOP, SSH, TOKEN, Deploy

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
            tokens = {
                "token": stack.token,
                "registrationToken": stack.registration_token,
                "accessToken": stack.access_token,
            }
            taken = {**tokens, "market": stack.market, **stack.secrets}
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
    assert (stack.existing, stack.region) == (ExistingResources(), REGION)
    assert (stack.registration_token, stack.access_token) == (None, None)
    assert (found["token"], found["hook"], found["market"]) == (TOKEN, "s3cret", Market())


def test_what_a_stack_shares_is_under_its_own(read: Any, tmp_path: Path) -> None:
    shared = "config: {gitlab-runner-aws:tags: {team: ci, of: all}, gitlab-runner-aws:concurrent: 3}"
    (tmp_path / "shared.yaml").write_text(shared)
    given = {"preflight": "off", "concurrent": 4, **SETTINGS, "extends": ["shared.yaml"]}
    stack = read(("token",), token=TOKEN, **given)["stack"]

    assert (stack.settings.concurrent, stack.settings.tags) == (4, {"team": "ci", "of": "all"})


def test_what_a_stack_file_says_itself_overrides_what_it_shares_even_where_that_is_the_default(
    read: Any, tmp_path: Path
) -> None:
    (tmp_path / "shared.yaml").write_text(
        "config: {gitlab-runner-aws:concurrent: 3, gitlab-runner-aws:check_interval: 7}"
    )
    extends = "gitlab-runner-aws:extends: [shared.yaml]"
    (tmp_path / "Pulumi.test.yaml").write_text(f"config: {{gitlab-runner-aws:concurrent: 10, {extends}}}")
    # The engine adds the defaults of all settings that Pulumi.yaml declares: this one is not the stack's.
    given = {"preflight": "off", "concurrent": 10, "check_interval": 0, **SETTINGS, "extends": ["shared.yaml"]}
    stack = read(("token",), token=TOKEN, **given)["stack"]

    assert (stack.settings.concurrent, stack.settings.check_interval) == (10, 7)


@pytest.mark.parametrize(
    ("name", "token", "more"),
    [
        ("token", TOKEN, {}),
        ("registrationToken", "GR1348941abcdefghijklmnop", {}),
        ("accessToken", "glpat-0123456789abcdefghij", {"createRunner": {"runnerType": "group_type", "groupId": 5}}),
    ],
)
def test_each_token_and_all_secrets_are_secret_from_the_first_moment(
    read: Any, name: str, token: str, more: dict[str, Any]
) -> None:
    given = {name: token, "secrets": {"hook": "s3cret"}, **more}
    found = read((name, "secrets"), preflight="off", **SETTINGS, **given)

    stack: StackSettings = found["stack"]
    tokens = {
        "token": stack.token,
        "registrationToken": stack.registration_token,
        "accessToken": stack.access_token,
    }
    given_tokens = {each: output for each, output in tokens.items() if output is not None}
    assert [*given_tokens] == [name]
    assert found[name] == token
    for output in (*given_tokens.values(), *stack.secrets.values()):
        assert LOOP.run_until_complete(output.is_secret())


def test_all_mistakes_of_a_stack_are_told_at_once(read: Any) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        read((), preflight="off", **SETTINGS, token=TOKEN, secrets={"hook": 1}, tags={"aws:x": "y"})

    said = str(refused.value)
    for part in ("token: is in the stack file in clear text", "secrets: is in", "secrets.hook: must be text"):
        assert f"gitlab-runner-aws:{part}" in said
    assert "tags" in said
    assert TOKEN not in said


def test_what_aws_does_not_offer_stops_a_strict_stack_in_an_up_too(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.resolve.market_report.look", lambda *_, **__: MARKET)

    with pytest.raises(pulumi.RunError, match=r"= m5\.large: is not offered in"):
        read(("token",), preflight="strict", token=TOKEN, **SETTINGS)
    assert read(("token",), preflight="warn", token=TOKEN, **SETTINGS)["market"] == MARKET


@pytest.mark.parametrize(
    ("config", "as_whom"),
    [
        ({}, {"profile": None, "endpoints": {}}),
        (
            {"aws:profile": "company", "aws:endpoints": '[{"ec2": "http://ec2.example.com"}, {"pricing": "http://p"}]'},
            {"profile": "company", "endpoints": {"ec2": "http://ec2.example.com", "pricing": "http://p"}},
        ),
    ],
)
@pytest.mark.parametrize("ask", ["now", "later"])
def test_aws_is_asked_for_what_is_wanted_as_the_stacks_provider_would(
    monkeypatch: pytest.MonkeyPatch, config: dict[str, str], as_whom: dict[str, Any], ask: str
) -> None:
    asked = []

    def look(*what: object, **how: object) -> Market:
        asked.append((what, how))
        return MARKET

    monkeypatch.setattr("components.resolve.market_report.look", look)
    settings = with_existing_zones(parse({**SETTINGS, "preflight": "strict"}, token=TOKEN, region=REGION), REGION, None)
    pulumi.runtime.set_all_config(config)
    try:
        if ask == "now":
            market_problems(settings, REGION, lambda _: None)
        else:
            later = _later(settings)
    finally:
        pulumi.runtime.set_all_config({})

    assert asked == [((wanted(settings, REGION),), as_whom)]
    assert ask == "now" or later == MARKET


def _later(settings: Settings) -> object:
    async def ask() -> object:
        return await market_later(settings, REGION).future()

    return LOOP.run_until_complete(ask())


def test_what_machines_may_cost_is_shown_at_a_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.resolve.market_report.look", lambda *_, **__: Market())
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    shown: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", shown.append)
    settings = with_existing_zones(parse({**SETTINGS, "preflight": "warn"}, token=TOKEN, region=REGION), REGION, None)
    market_problems(settings, REGION, lambda _: None)

    assert shown == ["\n".join(("what the machines may cost:", *report(settings, REGION, Market()).lines))]


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
        with_existing_zones(settings, REGION, None), REGION, lambda found: warnings.extend(each.path for each in found)
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
    market_problems(with_existing_zones(settings, REGION, None), REGION, stack_settings._warn)

    assert [text.partition(" = ")[0] for text in said] == [PRICE]
