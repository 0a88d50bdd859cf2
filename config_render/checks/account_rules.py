"""Rules that join settings of the AWS side: network, identities, manager, cache."""

import re
from collections.abc import Callable, Iterator

from ..base.marks import Mark, marked
from ..base.problems import Location, Problem, problem
from ..settings.cache import is_amazons, is_amazons_in_another_spelling
from ..settings.manager import ManagerSettings
from ..settings.network import DEFAULT_VPC, NetworkSettings
from ..settings.process import METRICS_PORT
from .raw import RawStack, text

_WITHOUT_INBOUND = (
    ". pulumi up needs SSH even with ssm; without inbound ports run it from inside the VPC, such as in a CI job there, "
    "and give that network: 10.0.0.0/16"
)
"""For whom the networks of sshFrom are none on the internet."""


def _network_is_new_or_old(stack: RawStack) -> Iterator[Problem]:
    network = stack.table("network")
    vpc = text(network.get("vpcId"))
    given = [key for key, value in network.items() if value is not None]
    for key in marked(NetworkSettings, Mark.NEW_VPC if vpc else Mark.EXISTING_VPC):
        if key in given:
            reason = "is for a new VPC, while vpcId names an existing one" if vpc else "needs vpcId beside it"
            yield problem(("network", key), f"{reason}; leave out one or the other" if vpc else reason)
    if vpc == DEFAULT_VPC and "subnetIds" in given:
        message = f"has no effect: {DEFAULT_VPC} means its default subnets in zones; give the VPC's id instead"
        yield problem(("network", "subnetIds"), message)
    elif vpc and vpc != DEFAULT_VPC:
        if "subnetIds" not in given:
            yield problem(("network", "subnetIds"), "missing; needed: subnets of vpcId, one for each zone")
        if "zones" in given:
            yield problem(
                ("network", "zones"), "has no effect: each of subnetIds says which zone it is in; leave it out"
            )
    if "natGateways" in given and not network.get("private") and not vpc:
        yield problem(("network", "natGateways"), "has no effect unless private is true; set that or leave this out")


def _manager_can_be_reached(stack: RawStack) -> Iterator[Problem]:
    manager, network = stack.table("manager"), stack.table("network")
    if manager.get("host") is not None:
        for key in marked(ManagerSettings, Mark.NEW_INSTANCE):
            if manager.get(key) is not None:
                yield problem(("manager", key), "is for a new instance, while host is an existing one; leave it out")
        return
    if manager.get("sshFrom") is None:
        needed = ManagerSettings.model_fields["ssh_from"].description
        inside = _WITHOUT_INBOUND if manager.get("ssm") or manager.get("publicAddress") is False else ""
        yield problem(("manager", "sshFrom"), f"missing; needed: {needed}{inside}")
    if manager.get("publicAddress") is False:
        if manager.get("elasticIp"):
            yield problem(("manager", "elasticIp"), "is a public address, which publicAddress rules out; leave out one")
        if not network.get("private") and network.get("vpcId") is None:
            message = "leaves it without a way out: the new VPC's subnets are public; set network.private"
            yield problem(("manager", "publicAddress"), message, False)


def _metrics_can_be_read(stack: RawStack) -> Iterator[Problem]:
    if stack.table("manager").get("metricsFrom") is None:
        return
    address = text(stack.content.get("listen_address"))
    if address is None:
        message = f"needs listen_address beside it, where gitlab-runner serves them, such as :{METRICS_PORT}"
        yield problem(("manager", "metricsFrom"), message)
    elif re.match(r"127\.|localhost\b|\[::1\]", address):
        message = f"is reached from the manager alone, not from manager.metricsFrom; write :{METRICS_PORT}"
        yield problem(("listen_address",), message, address)


def _images_are_named_once(stack: RawStack) -> Iterator[Problem]:
    places: list[tuple[Location, object, object]] = [
        (pool.at("image"), pool.content.get("ami"), pool.content.get("image")) for pool in stack.pools
    ]
    manager = stack.table("manager")
    places.append((("manager", "image"), manager.get("ami"), manager.get("image")))
    for at, ami, image in places:
        if not isinstance(image, dict):
            continue
        if ami is not None:
            yield problem(at, f"looks up what ami names too ({ami}); leave out one")
        named = [key for key in ("owner", "name", "ssmParameter") if image.get(key) is not None]
        if named not in (["owner", "name"], ["ssmParameter"]):
            yield problem(at, "needs owner and name, or ssmParameter alone")


def _user_data_is_given_once(stack: RawStack) -> Iterator[Problem]:
    for pool in stack.pools:
        if pool.content.get("userData") is not None and pool.options.get("amazonec2-userdata") is not None:
            message = "is a file of the manager's, while userData says what is in it; leave out one"
            yield problem(pool.option_at("amazonec2-userdata"), message)


def _identities_are_whole(stack: RawStack) -> Iterator[Problem]:
    identity, manager = stack.table("identity"), stack.table("manager")
    worker, role = identity.get("workerInstanceProfile"), identity.get("workerRole")
    own = identity.get("managerInstanceProfile")
    at = "identity"
    if worker is not None and role is None and own is None:
        message = "missing; the manager may hand workers no other role than this: the ARN of workerInstanceProfile's"
        yield problem((at, "workerRole"), message)
    if role is not None and worker is None:
        yield problem((at, "workerRole"), "has no effect without workerInstanceProfile; set both or neither")
    if identity.get("mode") == "accessKey":
        if own is not None:
            message = "is another way to sign in than the mode accessKey; leave out one"
            yield problem((at, "managerInstanceProfile"), message, own)
        if manager.get("ssm"):
            yield problem(
                ("manager", "ssm"), "needs an instance profile, which the mode accessKey has not; leave it out"
            )
    elif own is not None and manager.get("ssm"):
        message = "needs a right of the existing profile: attach AmazonSSMManagedInstanceCore to its role yourself"
        yield problem(("manager", "ssm"), f"{message}, and leave this out")


def _bucket_settings_have_their_bucket(stack: RawStack) -> Iterator[Problem]:
    cache, s3 = stack.table("cache"), stack.table("cache", "s3")
    kind, bucket, server = cache.get("Type", "s3"), s3.get("BucketName"), text(s3.get("ServerAddress")) or ""
    ours = kind == "s3" and bucket is None
    if not ours:
        for key in ("expireDays", "forceDestroy", *(() if kind == "s3" else ("kmsKey",))):
            if cache.get(key) is not None:
                yield problem(("cache", key), "is for a bucket of this stack, while another one is named; leave it out")
    if s3.get("BucketLocation") is not None and bucket is None:
        message = "is the stack's region unless BucketName names an existing bucket; set both or neither"
        yield problem(("cache", "s3", "BucketLocation"), message)
    if server and not is_amazons(server) and not is_amazons_in_another_spelling(server):
        needed = [key for key in ("BucketName", "AccessKey", "SecretKey") if s3.get(key) is None]
        if needed:
            message = f"is another server than Amazon's, for which {' and '.join(needed)} must be set too"
            yield problem(("cache", "s3", "ServerAddress"), message, server)
    if cache.get("uploadRole"):
        if s3.get("RoleARN") is not None:
            yield problem(("cache", "uploadRole"), "makes a role, while s3.RoleARN names one; leave out one", True)
        elif kind != "s3" or (server and not is_amazons(server)) or s3.get("AccessKey") is not None:
            message = "needs an S3 bucket of Amazon's that the manager itself signs in to; leave it out"
            yield problem(("cache", "uploadRole"), message, True)


def _the_watch_is_on(stack: RawStack) -> Iterator[Problem]:
    if stack.table("manager", "watch").get("enabled") is False and stack.table("manager", "logs").get("journal"):
        message = "is shipped by the watch, which manager.watch.enabled turns off; leave out one"
        yield problem(("manager", "logs", "journal"), message, True)


ACCOUNT_RULES: tuple[Callable[[RawStack], Iterator[Problem]], ...] = (
    _network_is_new_or_old,
    _manager_can_be_reached,
    _metrics_can_be_read,
    _images_are_named_once,
    _user_data_is_given_once,
    _identities_are_whole,
    _bucket_settings_have_their_bucket,
    _the_watch_is_on,
)
