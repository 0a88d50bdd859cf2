"""What settings mean once they are accepted, and the small rules behind them."""

from ipaddress import IPv4Network
from typing import Any

import pytest

from config_render import architecture, check_token, subnet_cidrs
from config_render.base.periods import check_period, check_timezone
from config_render.executors.docker_machine.entries import same_machines

from .settings_samples import TOKEN, lines, parsed, stack


def test_what_is_left_out_has_these_defaults() -> None:
    settings = parsed(stack())
    manager, (pool,) = settings.manager, settings.pools

    assert (settings.concurrent, settings.check_interval, settings.gitlab.check) == (10, 0, True)
    assert (settings.network.cidr, settings.tags) == (IPv4Network("10.0.0.0/16"), {})
    assert (settings.cache.expire_days, settings.cache.force_destroy, settings.cache.shared) == (14, False, True)
    assert (settings.manager.instance_type, settings.manager.login, settings.manager.ssh_port) == (
        "t3.small",
        "ubuntu",
        22,
    )
    assert (manager.connect_attempts, manager.root_size, manager.ami) == (20, 20, None)
    assert manager.gitlab_runner.version == "19.3.0"
    assert manager.docker_machine.release == "0.16.2-gitlab.48"
    driver = pool.driver
    assert (pool.instance_types, driver.ssh_user, driver.root_size, driver.volume_type) == (
        ("m5.large",),
        "ubuntu",
        40,
        "gp3",
    )
    assert (pool.docker.image, pool.docker.disable_cache, pool.machine.idle_time) == ("alpine", True, 1800)


def test_a_setting_can_not_be_changed_afterwards() -> None:
    settings = parsed(stack())

    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "concurrent", 3)  # noqa: B010  mypy knows that it is read-only


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://gitlab.example.com/", "https://gitlab.example.com"),
        ("http://127.0.0.1:8929", "http://127.0.0.1:8929"),
        ("https://example.com/gitlab/", "https://example.com/gitlab"),
        ("https://gitlab.com", "https://gitlab.com"),
    ],
)
def test_an_address_is_kept_without_its_last_slash(given: str, kept: str) -> None:
    assert parsed(stack(gitlab={"url": given})).gitlab.url == kept


def test_a_single_address_is_a_network_of_its_own() -> None:
    raw = stack(manager={"sshFrom": ["203.0.113.7", "2001:db8::/32"]})

    assert parsed(raw).manager.ssh_from == ("203.0.113.7/32", "2001:db8::/32")


def test_images_are_looked_up_for_pools_that_name_none() -> None:
    def pool(name: str, **keys: Any) -> dict[str, Any]:
        return {"name": name, "zones": ["a"], "limit": 2, **keys}

    own = {"ami": "ami-0123456789abcdef0", "instanceTypes": ["m5.large"]}
    mixed = parsed(stack(pools=[pool("one", instanceTypes=["m6g.large", "m5.large"]), pool("two", **own)]))
    graviton = parsed(stack(pools=[pool("one", instanceTypes=["m6g.large"]), pool("two", **own)]))

    assert set(mixed.image_lookups("aws")) == {"arm64", "x86_64"}
    assert set(graviton.image_lookups("aws")) == {"arm64"}
    assert parsed(stack(pools=[pool("two", **own)])).image_lookups("aws") == {}


GRAVITON = """
a1.large t4g.small m6g.large m7gd.metal c7gn.xlarge g5g.xlarge im4gn.large is4gen.medium x2gd.large hpc7g.4xlarge
r8gb.large p6e-gb200.36xlarge
"""
X86 = """
t3.small m5.large m6i.large m7i-flex.large c6a.large g4dn.xlarge g5.xlarge g6e.xlarge gr6.4xlarge p4d.24xlarge
p5en.48xlarge u-6tb1.56xlarge u7i-12tb.224xlarge x2iedn.large i3en.large inf2.xlarge trn1.2xlarge
"""


@pytest.mark.parametrize("instance_type", GRAVITON.split())
def test_graviton_types_are_arm64(instance_type: str) -> None:
    assert architecture(instance_type) == "arm64"


@pytest.mark.parametrize("instance_type", X86.split())
def test_other_types_are_x86(instance_type: str) -> None:
    assert architecture(instance_type) == "x86_64"


def test_a_zone_keeps_its_subnet_when_others_are_added() -> None:
    cidr = IPv4Network("10.0.0.0/16")
    two = subnet_cidrs(cidr, ["a", "b"])
    three = subnet_cidrs(cidr, ["a", "b", "-lax-1a"])

    assert two == {"a": IPv4Network("10.0.0.0/20"), "b": IPv4Network("10.0.16.0/20")}
    assert three == {**two, "-lax-1a": IPv4Network("10.0.32.0/20")}


def test_more_zones_than_slices_do_not_fit() -> None:
    with pytest.raises(ValueError, match="17 zones do not fit"):
        subnet_cidrs(IPv4Network("10.0.0.0/24"), [str(number) for number in range(17)])


@pytest.mark.parametrize("token", [TOKEN, "glrt-t1_" + "x" * 20, "glrt-" + "aB3_-" * 6 + ".01.0w1x2y3z4"])
def test_runner_authentication_tokens_pass(token: str) -> None:
    assert check_token(token) is None


CREATE = "create a runner in GitLab (CI/CD settings, Runners) and use the token it shows, which begins with glrt-"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("GR1348941" + "x" * 20, f"is a registration token, which GitLab has deprecated; {CREATE}"),
        (
            "glrtr-" + "x" * 20,
            "belongs to a runner made with a registration token: taking down its manager would delete the runner "
            f"itself; {CREATE}",
        ),
        ("glpat-" + "x" * 20, f"is not a runner authentication token; {CREATE}"),
        ("", f"is not a runner authentication token; {CREATE}"),
        ("glrt-short", "is too short: at least 20 characters follow glrt-; copy it again"),
        ("glrt-" + "x" * 19, "is too short: at least 20 characters follow glrt-; copy it again"),
        (TOKEN + "\n", "holds a blank, a line break or another character that no token has; copy it again"),
        (TOKEN + "é", "holds a blank, a line break or another character that no token has; copy it again"),
        ("glrt-a b" + "x" * 20, "holds a blank, a line break or another character that no token has; copy it again"),
    ],
)
def test_other_tokens_are_refused_with_the_reason(token: str, reason: str) -> None:
    assert check_token(token) == reason


@pytest.mark.parametrize(
    "period",
    [
        "* * 9-17 * * mon-fri *",
        "* * * * * sat,sun *",
        "* 0,30 */2 1-15/3 jan-MAR Monday 2026-2030",
        "* 5/10 ? L dec 5L *",
        "* * 00-08 15W,lw 1 0,7 *",
        "* * * * * mon#1 *",
        "*  *  *  *  *  ?  *",
    ],
)
def test_periods_that_gitlab_runner_reads_pass(period: str) -> None:
    assert check_period(period) is None


@pytest.mark.parametrize(
    "period",
    [
        "",
        "@daily",
        "* * * * * * * *",
        # The library takes a leading zero here and reads it as 0.
        "* * * * 03 * *",
        "* * * * * 01 *",
        "* * * 0 * * *",
        "* * * 32 * * *",
        "* 60 * * * * *",
        "* *-5 * * * * *",
        "* , * * * * *",
        "* * * * * 8 *",
        "* * * * * mon#6 *",
        "* * * 5L * * *",
        "* * * * * * 1969",
        "* * \u0661 * * * *",
        "* * * * mai * *",
    ],
)
def test_periods_that_would_fail_or_never_match_are_refused(period: str) -> None:
    assert check_period(period) is not None


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Local", ""])
def test_time_zones_pass(zone: str) -> None:
    assert check_timezone(zone) is None


@pytest.mark.parametrize("zone", ["America", "../etc/passwd", "/etc/passwd", "a\x00b", "CET+99x"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    assert "is not a valid time zone" in str(check_timezone(zone))


def test_without_zone_data_on_the_system_any_time_zone_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr("config_render.base.periods.ZoneInfo", missing)
    check_timezone.cache_clear()

    assert check_timezone("Europe/Berln") is None
    check_timezone.cache_clear()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("ci-%s", "ci-spot-%s", True), ("ci-spot-%s", "ci-%s", True), ("%s", "ci-%s", True), ("a-%s.x", "a-%s.y", True),
     ("ci-%s", "cispot-%s", False), ("ci-a-%s", "ci-b-%s", False)],
)  # fmt: skip
def test_machine_names_are_told_apart_by_what_stands_before_the_number(one: str, other: str, same: bool) -> None:
    assert same_machines(one, other) is same


def test_an_explicit_machine_name_lets_pools_have_names_that_begin_alike() -> None:
    pools: list[dict[str, Any]] = [
        {"name": "ci", "zones": ["a"], "limit": 1},
        {"name": "ci-spot", "zones": ["a"], "limit": 1, "machine": {"MachineName": "spot-%s"}},
    ]

    assert lines(stack(pools=pools)) == []
