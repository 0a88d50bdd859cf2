"""Asking AWS about the market: what comes back, how long it may take, and what is kept."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.loaders import create_loader

from localcloud.aws_server import AwsServer
from localcloud.prices_stand_in import FEES, ON_DEMAND, QUOTAS
from planning.aws import look, market_cache
from planning.aws.market_questions import UNREADABLE, questions
from planning.market import Market, Wanted

from .hostile_answers import ESCAPES, NO_ANSWERS, PAGES
from .unhelpful_servers import Hanging, answering_server, hanging_server, http, refusing_server, unreachable_address

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
ZONES = ("eu-central-1a", "eu-central-1b")
STANDARD = "L-34B43A08"
SECRET = "wJalr-a-secret-of-the-tests"
PATIENT = 30.0
"""Seconds: the emulated AWS takes a while to answer its first request."""
DESCRIPTIONS = create_loader()
"""The SDK's descriptions of AWS, which each session reads anew: half a second of a processor."""


def asking(**given: Any) -> Wanted:
    base: dict[str, Any] = {
        "region": REGION,
        "instance_types": ("m5.large", "m9z.large"),
        "zones": ZONES,
        "priced": (("m5.large", REGION), ("m9z.large", REGION)),
        "fees": (("gp3", REGION),),
        "spot_types": ("m5.large",),
        "spot_zones": ZONES,
        "quotas": (STANDARD,),
    }
    return Wanted(**{**base, **given})


def endpoints(url: str) -> dict[str, str]:
    return dict.fromkeys(("ec2", "pricing", "servicequotas"), url)


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = AwsServer()
    server.start()
    yield server.url
    server.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's environment, with credentials and an empty cache; returns where the cache is."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(botocore.session, "create_loader", lambda data_path: DESCRIPTIONS)
    return tmp_path / "cache" / "gitlab-runner-aws" / "market"


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    with hanging_server() as server:
        yield server


@pytest.fixture
def black_hole() -> Iterator[str]:
    with unreachable_address() as url:
        yield url


@pytest.fixture
def refusing() -> Iterator[str]:
    with refusing_server() as url:
        yield url


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(market_cache, "time", SimpleNamespace(time=lambda: now))


def reasons(market: Market) -> set[str]:
    return {failure.why for failure in market.failures}


def test_aws_tells_prices_offers_and_quotas(aws: str) -> None:
    fees = tuple((what, REGION) for what in (*FEES, "sc1"))
    market = look(asking(fees=fees), profile=None, endpoints=endpoints(aws), seconds=PATIENT)

    assert market.failures == ()
    assert market.on_demand == {("m5.large", REGION): ON_DEMAND["m5.large"]}
    assert market.fees == {(what, REGION): price for what, price in FEES.items()}
    assert set(market.spot) == {("m5.large", zone) for zone in ZONES}
    day = market.spot["m5.large", ZONES[0]]
    assert (day.lowest, day.median, day.highest, day.latest) == pytest.approx((0.04, 0.045, 0.05, 0.045))
    assert market.offered == {"m5.large": frozenset(ZONES), "m9z.large": frozenset()}
    assert (market.vcpus, market.architectures) == ({"m5.large": 2}, {"m5.large": frozenset({"x86_64"})})
    assert market.quotas == {STANDARD: QUOTAS[STANDARD]}


def test_what_is_not_wanted_is_not_asked() -> None:
    little = asking(priced=(), fees=(), spot_types=(), spot_zones=(), quotas=())
    assert [question.what for question in questions(little)] == [
        "offers of instance types",
        "properties of instance types",
    ]


def test_aws_tells_the_ways_out_of_subnets_anew_until_each_has_one(aws: str) -> None:
    credentials = {"aws_access_key_id": "AKIDOFTHETESTS", "aws_secret_access_key": SECRET}
    ec2 = botocore.session.get_session().create_client("ec2", region_name=REGION, endpoint_url=aws, **credentials)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    shut, public = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{place}.0/24")["Subnet"]["SubnetId"] for place in (1, 2)
    )
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)

    def give_way(subnet: str) -> str:
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return str(table)

    def found() -> Market:
        wanted = asking(priced=(), fees=(), quotas=(), subnets=(vpc, (shut, public)))
        return look(wanted, profile=None, endpoints=endpoints(aws), seconds=PATIENT)

    give_way(public)
    assert (found().ways_out, found().failures) == ({shut: "none", public: "internet gateway"}, ())
    table = give_way(shut)
    well = {shut: "internet gateway", public: "internet gateway"}
    assert found().ways_out == well
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    assert found().ways_out == well, "it is kept for an hour"


@pytest.mark.parametrize("where", ["hanging", "black_hole"])
def test_nothing_is_waited_for_longer_than_allowed(where: str, request: pytest.FixtureRequest) -> None:
    place = request.getfixturevalue(where)
    url = place if isinstance(place, str) else place.url
    started = time.monotonic()
    market = look(asking(), profile=None, endpoints=endpoints(url), seconds=1.0)

    assert 0.9 < time.monotonic() - started < 10
    assert reasons(market) == {"AWS did not answer within 1 s; asked again in a minute at the earliest"}
    assert {failure.what for failure in market.failures} == {
        *("offers of instance types", "properties of instance types"),
        *("spot prices", "prices on demand", "prices of disks and network", "spot quotas"),
    }


def test_what_did_not_answer_is_left_alone_for_a_minute(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds() -> float:
        started = time.monotonic()
        assert look(asking(), profile=None, endpoints=endpoints(hanging.url), seconds=0.8).failures
        return time.monotonic() - started

    seconds()
    assert seconds() < 0.5
    later(monkeypatch, 61)
    assert seconds() > 0.7


PROGRAM = """
import sys
import time
from planning.aws import look
from planning.market import Wanted
started = time.monotonic()
market = look({wanted!r}, profile=None, endpoints={endpoints!r}, seconds=2.0)
print(len(market.on_demand), len(market.failures), *sorted({{"boto3", "botocore"}} & sys.modules.keys()))
print(time.monotonic() - started, time.time())
"""


def run(url: str) -> tuple[str, float, float]:
    """Look in a program of its own, one that has not imported what tests import.

    Returns what it says, the seconds that it looked, and those that it took to end after that.
    """
    program = PROGRAM.format(wanted=asking(), endpoints=endpoints(url))
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    now = time.time()
    said, times = result.stdout.splitlines()
    seconds, end = map(float, times.split())
    return said, seconds, now - end


def test_what_the_cache_knows_needs_neither_aws_nor_its_sdk(aws: str) -> None:
    look(asking(), profile=None, endpoints=endpoints(aws), seconds=PATIENT)
    said, seconds, _ = run(aws)
    assert said == "1 0"
    assert seconds < 0.3


def test_a_program_ends_although_a_question_hangs(hanging: Hanging) -> None:
    said, seconds, rest = run(hanging.url)
    assert said == "0 7 botocore"
    assert seconds < 3
    assert rest < 3  # a question is given two seconds, and asked twice


def test_answers_are_kept_for_an_hour(aws: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> Market:
        return look(asking(), profile=None, endpoints=endpoints(aws), seconds=PATIENT)

    first = asked()
    monkeypatch.setitem(ON_DEMAND, "m5.large", 0.2)
    assert asked() == first
    later(monkeypatch, 3601)
    assert asked().on_demand == {("m5.large", REGION): 0.2}


def test_only_the_person_can_read_what_is_kept_and_no_secret_is_in_it(aws: str, cache: Path) -> None:
    look(asking(), profile=None, endpoints=endpoints(aws), seconds=PATIENT)
    files = list(cache.iterdir())

    assert len(files) == 7
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert cache.stat().st_mode & 0o777 == 0o700
    assert not any(word in file.read_text() + file.name for file in files for word in (SECRET, "AKID"))


@pytest.mark.parametrize("change", ["profile", "access key", "endpoints"])
def test_another_account_or_cloud_gets_no_answer_of_this_one(
    change: str, aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"[other]\naws_access_key_id = AKIDOFOTHERS\naws_secret_access_key = {SECRET}\n"
    (tmp_path / "credentials").write_text(text)
    look(asking(), profile=None, endpoints=endpoints(aws), seconds=PATIENT)
    monkeypatch.setitem(ON_DEMAND, "m5.large", 0.2)
    if change == "access key":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFOTHERS")
    url = aws.replace("127.0.0.1", "localhost") if change == "endpoints" else aws
    other = look(asking(), profile="other" if change == "profile" else None, endpoints=endpoints(url), seconds=PATIENT)
    assert other.on_demand == {("m5.large", REGION): 0.2}


OF_ANOTHER_FORM = json.dumps({"asked": time.time(), "answer": [[1]], "trouble": None}).encode()


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", OF_ANOTHER_FORM], ids=["empty", "list", "binary", "answer"])
def test_a_broken_file_counts_as_none(content: bytes, aws: str, cache: Path) -> None:
    few = asking(instance_types=("m5.large",), priced=(("m5.large", REGION),))
    look(few, profile=None, endpoints=endpoints(aws), seconds=PATIENT)
    for file in cache.iterdir():
        file.write_bytes(content)
    market = look(few, profile=None, endpoints=endpoints(aws), seconds=PATIENT)
    assert market.failures == ()
    assert all((market.spot, market.on_demand, market.offered, market.vcpus, market.quotas))


def test_no_answer_of_another_form_gets_through() -> None:
    for question in questions(asking()):
        for answer in ("x", [[1]]):
            with pytest.raises(UNREADABLE):
                question.read(answer, *question.parameters)


@pytest.mark.parametrize("amount", [float("nan"), float("inf"), -1, "1e400", "-0.1", "free", [1], 10**30])
def test_no_amount_that_can_not_be_gets_into_config_toml(amount: Any) -> None:
    of_kind = {question.what: question for question in questions(asking())}
    answers = {
        "properties of instance types": [["m5.large", amount, ["x86_64"]]],
        "spot prices": {"until": 1.0, "points": [["m5.large", ZONES[0], 0.0, amount]]},
        "prices on demand": amount,
        "prices of disks and network": amount,
        "spot quotas": amount,
    }
    for what, answer in answers.items():
        with pytest.raises(UNREADABLE):
            of_kind[what].read(answer, *of_kind[what].parameters)


@pytest.mark.parametrize("answer", ["no HTTP", "less than promised", "a page", "bytes", "deep lists", "no number"])
def test_what_is_no_answer_of_awss_is_told_as_unknown(answer: str) -> None:
    with answering_server(lambda *_: (NO_ANSWERS | PAGES)[answer]()) as server:
        market = look(asking(), profile=None, endpoints=endpoints(server.url), seconds=PATIENT)
    assert not any((market.spot, market.on_demand, market.fees, market.offered, market.vcpus, market.quotas))
    assert len(market.failures) == len(questions(asking()))
    assert all(why.isprintable() and len(why) < 200 for why in reasons(market))


def test_a_code_that_steers_a_terminal_is_spelled_out() -> None:
    body = json.dumps({"__type": f"Code{ESCAPES}" + "long" * 1000, "message": "m"})
    with answering_server(lambda *_: http(body, 400)) as server:
        market = look(asking(), profile=None, endpoints=endpoints(server.url), seconds=PATIENT)
    assert any("AWS answered Code" in why for why in reasons(market))
    assert all(why.isprintable() and len(why) < 200 for why in reasons(market))


def test_without_a_place_to_keep_answers_they_are_asked_for(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert look(asking(), profile=None, endpoints=endpoints(aws), seconds=PATIENT).failures == ()


@pytest.mark.parametrize("given", ["", "relative"])
def test_by_default_answers_are_kept_in_the_home_folder(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = market_cache.MarketCache.of_user(None, {})
    assert cache.folder == tmp_path / ".cache" / "gitlab-runner-aws" / "market"


def test_without_credentials_nothing_is_sent(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    market = look(asking(), profile=None, endpoints=endpoints(hanging.url), seconds=PATIENT)

    assert reasons(market) == {"there are no AWS credentials; log in to AWS, or set aws:profile"}
    assert not hanging.was_called()


def test_a_search_for_credentials_takes_no_longer_either(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", hanging.url)
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "60")
    started = time.monotonic()
    assert look(asking(), profile=None, endpoints=endpoints(hanging.url), seconds=0.6).failures
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("", "the AWS credentials can't be used (ProfileNotFound); log in to AWS, or set aws:profile"),
        (
            "[profile ops]\nmfa_serial = arn:aws:iam::1:mfa/me\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = me",
            "the profile wants a code of an MFA device, which is not asked for here",
        ),
    ],
)
def test_a_profile_that_is_of_no_use_is_told(config: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config)
    market = look(asking(), profile="ops", endpoints=endpoints("http://127.0.0.1:9"), seconds=PATIENT)
    assert reasons(market) == {reason}


def test_a_missing_permission_is_named_and_not_remembered(refusing: str, cache: Path) -> None:
    market = look(asking(), profile=None, endpoints=endpoints(refusing), seconds=PATIENT)

    refused = {failure.what: failure.why for failure in market.failures}
    assert refused == {
        "offers of instance types": "AWS refuses it; allow ec2:DescribeInstanceTypeOfferings",
        "properties of instance types": "AWS refuses it; allow ec2:DescribeInstanceTypes",
        "spot prices": "AWS refuses it; allow ec2:DescribeSpotPriceHistory",
        "prices on demand": "AWS refuses it; allow pricing:GetProducts",
        "prices of disks and network": "AWS refuses it; allow pricing:GetProducts",
        "spot quotas": "AWS refuses it; allow servicequotas:GetServiceQuota",
    }
    assert not cache.exists()


@pytest.mark.parametrize(
    ("url", "kind"), [("http://127.0.0.1:9", "EndpointConnectionError"), ("no address", "ValueError")]
)
def test_an_address_that_leads_nowhere_is_told(url: str, kind: str) -> None:
    market = look(asking(), profile=None, endpoints=endpoints(url), seconds=PATIENT)
    assert reasons(market) == {f"AWS can't be reached ({kind})"}
