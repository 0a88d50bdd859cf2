"""All errors come at once, none shows a secret, and nothing else happens."""

from copy import deepcopy
from typing import Any

import pytest

from config_render import Problem, SettingsError, parse, problems_of

from .settings_samples import REGION, TOKEN, lines, parsed, problems, stack


def option(*options: str) -> dict[str, Any]:
    return stack({"machine": {"MachineOptions": list(options)}})


def test_the_samples_themselves_have_no_mistake() -> None:
    assert lines(stack()) == []


def test_all_mistakes_come_at_once_even_those_of_one_pool() -> None:
    raw = stack(
        {
            "limit": 3,
            "Limit": 4,
            "zones": ["d"],
            "docker": {"privileged": "yes"},
            "machine": {"IdleCount": 5, "MachineName": "x", "autoscaling": [{"Periods": ["bad"], "IdleCount": 7}]},
        },
        concurrent=0,
    )
    with pytest.raises(SettingsError) as caught:
        parse(raw, token=None, region="eu-centrl-1")

    assert (
        str(caught.value)
        == """\
9 errors in the settings; nothing was changed:
  aws:region = eu-centrl-1: is not a valid AWS region; did you mean `eu-central-1`?
  gitlab-runner-aws:concurrent = 0: must be at least 1
  gitlab-runner-aws:pools[0].Limit: unknown; did you mean `limit`?
  gitlab-runner-aws:pools[0].docker.privileged = yes: must be true or false
  gitlab-runner-aws:pools[0].limit = 3: is below IdleCount 5; raise limit or lower IdleCount
  gitlab-runner-aws:pools[0].machine.MachineName = x: must contain %s exactly once: the machine's own number goes there
  gitlab-runner-aws:pools[0].machine.autoscaling[0].Periods[0] = bad: has 1 fields; there must be 7: second minute \
hour day-of-month month day-of-week year
  gitlab-runner-aws:pools[0].zones[0] = d: is not in network.zones (a, b, c); add it there or leave it out here
  gitlab-runner-aws:token: missing; set it with: pulumi config set --secret gitlab-runner-aws:token
"""[:-1]
    )


@pytest.mark.parametrize(
    ("misspelt", "right", "place"),
    [
        ("limt", "limit", "pools[0]"),
        ("Name", "name", "pools[0]"),
        ("ssh_from", "sshFrom", "manager"),
        ("pool", "pools", ""),
    ],
)
def test_a_misspelt_key_is_one_mistake(misspelt: str, right: str, place: str) -> None:
    raw = stack()
    table: Any = {"pools[0]": raw["pools"][0], "manager": raw["manager"], "": raw}[place]
    table[misspelt] = table.pop(right)
    assert lines(raw) == [f"{place}.{misspelt}".lstrip(".") + f": unknown; did you mean `{right}`?"]


def test_what_is_missing_beside_an_unknown_key_that_is_not_like_it_is_told_too() -> None:
    raw = stack()
    raw["pools"][0]["something"] = raw["pools"][0].pop("limit")
    assert [each.partition(":")[0] for each in lines(raw)] == ["pools[0].limit", "pools[0].something"]


def test_a_single_mistake_is_counted_as_one() -> None:
    error = SettingsError([Problem("aws:region", None, "missing")])

    assert str(error) == "1 error in the settings; nothing was changed:\n  aws:region: missing"


@pytest.mark.parametrize(
    ("region", "line"),
    [
        (None, "aws:region: missing; set it with: pulumi config set aws:region eu-central-1"),
        ("eu-central-1a", "aws:region = eu-central-1a: is a zone; the region is eu-central-1"),
        ("frankfurt", "aws:region = frankfurt: is not a valid AWS region, such as eu-central-1"),
    ],
)
def test_the_region_is_checked(region: str | None, line: str) -> None:
    settings, found = problems_of(stack(), token=TOKEN, region=region)

    assert [str(each) for each in found] == [line]
    assert settings is not None


SECRETS = [
    "glpat-abcdefghij0123456789",
    "glrt-abcdefghij0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "-----BEGIN RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", [*SECRETS, "https://user:hunter2@example.com"])
def test_no_message_shows_a_secret(secret: str) -> None:
    raw = stack(
        {
            "token": secret,
            "limit": secret,
            "zones": [secret],
            "instanceTypes": [secret],
            "environment": [secret],
            "labels": {secret: secret},
            "extra": {secret: None},
            "unhealthy_interval": secret,
            "docker": {"pull_policy": secret, "privileged": secret, "unknown": secret, secret: secret},
            "machine": {
                "MachineName": secret,
                "MachineOptions": [secret, f"amazonec2-zon={secret}", f"amazonec2-root-size={secret}"],
                "autoscaling": [{"Periods": [f"* * {secret.replace(' ', '')} * * * *"], "Timezone": secret}],
            },
        },
        gitlab={"url": secret},
        tags={secret: secret + ","},
        sentry_dsn=[secret],
    )
    raw["network"]["zones"] = [secret, secret]
    raw[secret] = secret
    _, found = problems_of(raw, token=secret[:-1] + " ", region=secret)

    assert len(found) > 15
    assert secret[8:] not in str(SettingsError(found)) + repr(SettingsError(found))


def test_the_token_is_no_setting_and_stays_out_of_errors_and_models() -> None:
    raw = {**stack(), "token": TOKEN}

    assert TOKEN not in repr(parsed(raw))
    assert [each.path for each in problems_of(raw, token=None, region=REGION)[1]] == ["gitlab-runner-aws:token"]


def test_raw_settings_are_left_as_they_are() -> None:
    raw = stack({"machine": {"autoscaling": [{"Periods": ["* * 9-17 * * mon-fri *"]}]}}, tags={"b": "1", "a": "2"})
    before = deepcopy(raw)
    parsed(raw)

    assert raw == before


@pytest.mark.parametrize("junk", [None, 5, "text", [], {}, [[]], {"a": None}, [None]])
def test_junk_in_any_place_is_told_and_never_a_crash(junk: Any) -> None:
    for key in ("gitlab", "network", "manager", "cache", "tags", "pools", "machine", "extra", "labels"):
        problems_of({**stack(), key: junk}, token=TOKEN, region=REGION)
    for key in ("name", "zones", "instanceTypes", "spot", "limit", "docker", "machine", "labels", "ami", "environment"):
        problems_of(stack({key: junk}), token=TOKEN, region=REGION)
    for key in ("IdleCount", "MachineName", "MachineOptions", "autoscaling", "extra"):
        problems_of(stack({"machine": {key: junk}}), token=TOKEN, region=REGION)
    assert problems({**stack(), "gitlab": junk})


def test_fleets_pass_with_the_fork_that_knows_them() -> None:
    raw = option("amazonec2-use-fleet=true", "amazonec2-launch-template=lt")
    raw["manager"]["dockerMachine"] = {"fork": "cki", "sha256": "ab" * 32}

    assert lines(raw) == []
