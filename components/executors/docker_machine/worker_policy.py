"""What a manager may do to EC2, as statements of its IAM policy.

These are the calls that docker-machine's amazonec2 driver makes (`localcloud/recordings/driver_ec2_calls.json`) and
those of the reaper (`reaping.py` of the manager's tool), and no others. A spot machine is tagged only after it runs, so
machines are told from others by their instance profile, which they carry from their first moment. Which condition keys
EC2 has for which resource of a call: AWS's Service Authorization Reference, "Actions, resources, and condition keys for
Amazon EC2".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ...policy_parts import Place, Statement, allow, ec2_service, use_keys


@dataclass(frozen=True, kw_only=True)
class Workers:
    """The machines that a manager may start."""

    vpc_arn: str
    """Partition, region and account are taken from it."""

    subnet_arns: Sequence[str]
    group_arns: Sequence[str]
    """The security groups that the workers are in."""

    any_group: bool = False
    """Whether pools name further security groups: then it is any group of the VPC."""

    image_ids: Sequence[str]
    instance_types: Sequence[str]
    profile_arn: str
    """The workers' instance profile."""

    role_arn: str
    """The role of that instance profile."""

    machine_names: Sequence[str]
    """MachineName of every pool, such as `spot-%s`; in names of machines a placement stands behind the %s."""

    key_pairs: Sequence[str] = ()
    """Names of existing key pairs that pools use (`amazonec2-keypair-name`)."""

    deployment: str
    """Value of the tag `gitlab-runner-aws`, which every machine carries."""

    former_deployments: Sequence[str] = ()
    """Patterns of what it may have been, of releases up to 0.2 and of before the stack was renamed: machines get that
    until the same `up` has changed config.toml."""

    spot: bool = True
    """Whether a pool runs on spot capacity."""

    imdsv2: bool = True
    """Whether all pools require IMDSv2."""

    encrypted: bool = True
    """Whether all pools encrypt the root volume."""

    kms_keys: Sequence[str] = ()
    """Customer keys of the volumes: key id, key ARN, alias/NAME or alias ARN."""

    fleet: bool = False
    """Whether machines are made by CKI's fork, by CreateFleet or by the older calls for spot machines."""

    launch_templates: Sequence[str] = ()
    """Launch templates of that fork's fleets. IAM knows them by id (`lt-...`): with a name, it is any template."""


def start(workers: Workers) -> list[Statement]:
    """Return what a manager needs to start these machines: each resource of RunInstances with what EC2 knows of it."""
    here = Place.of(workers.vpc_arn)
    run = ["ec2:RunInstances", *(["ec2:RequestSpotInstances"] if workers.fleet else [])]
    names = [f"runner-*-{name.replace('%s', '*')}" for name in workers.machine_names]
    own_keys = here.ec2(*(f"key-pair/{name}" for name in names))
    groups = here.ec2("security-group/*") if workers.any_group else workers.group_arns
    look = ["DescribeInstances", "DescribeKeyPairs", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVolumes"]
    if workers.fleet:
        look += ["DescribeLaunchTemplateVersions", "DescribeLaunchTemplates"]
    if workers.spot or workers.fleet:
        look.append("DescribeSpotInstanceRequests")
    return [
        allow("Look", [f"ec2:{call}" for call in look], ["*"], {"StringEquals": {"ec2:Region": here.region}}),
        allow("Start", ["ec2:RunInstances"], here.ec2("instance/*"), _kind_of_machine(workers)),
        allow(
            "StartInVpc",
            run,
            [*workers.subnet_arns, *groups, *here.ec2("network-interface/*")],
            {"ArnEquals": {"ec2:Vpc": workers.vpc_arn}},
        ),
        allow(
            "StartFrom",
            run,
            [
                *here.images(workers.image_ids),
                *own_keys,
                *here.ec2(*(f"key-pair/{name}" for name in workers.key_pairs)),
                *here.ec2(*(["spot-instances-request/*"] if workers.spot else [])),
            ],
        ),
        allow(
            "StartVolumes",
            ["ec2:RunInstances"],
            here.ec2("volume/*"),
            {"Bool": {"ec2:Encrypted": "true"}} if workers.encrypted else {},
        ),
        allow("KeyPairs", ["ec2:DeleteKeyPair", "ec2:ImportKeyPair"], own_keys),
        allow(
            "WorkerRole",
            ["iam:PassRole"],
            [workers.role_arn],
            {"StringEquals": {"iam:PassedToService": ec2_service(here.partition)}},
        ),
        *_tag(workers, here),
        *_first_uses(workers, here),
        *(_fleet(workers, here) if workers.fleet else []),
        *_volume_keys(workers, here),
    ]


def _kind_of_machine(workers: Workers) -> dict[str, object]:
    # Types may be patterns such as m5.*; EC2 has no type whose name holds a wildcard.
    any_type = "*" in workers.instance_types
    types = {} if any_type else {"StringLike": {"ec2:InstanceType": list(workers.instance_types)}}
    tokens = {"StringEquals": {"ec2:MetadataHttpTokens": "required"}} if workers.imdsv2 else {}
    return {**_worker_profile(workers), **types, **tokens}


def _worker_profile(workers: Workers) -> dict[str, object]:
    return {"ArnEquals": {"ec2:InstanceProfile": workers.profile_arn}}


def _tag(workers: Workers, here: Place) -> list[Statement]:
    former = workers.former_deployments
    ours = {"aws:RequestTag/gitlab-runner-aws": [workers.deployment, *former] if former else workers.deployment}
    calls = ["RunInstances", *(["CreateFleet"] if workers.fleet else [])]
    made = ["instance/*", "network-interface/*", "volume/*", *(["fleet/*"] if workers.fleet else [])]
    statements = [
        allow(
            "TagOnStart",
            ["ec2:CreateTags"],
            here.ec2(*made),
            # One operator for both: a policy may hold but so many characters.
            {"StringLike": {"ec2:CreateAction": calls, **ours}},
        )
    ]
    if workers.spot:
        # The driver tags a spot machine ten tags at a time: one call holds our tag, the others hold none of that key.
        condition = {**_worker_profile(workers), "StringLikeIfExists": ours}
        statements.append(allow("TagSpot", ["ec2:CreateTags"], here.ec2("instance/*"), condition))
    return statements


def remove_earlier(vpc_arn: str, profile_arn: str, deployment: str) -> list[Statement]:
    """Return what a manager needs that makes no machines any more, to remove those that it has made.

    Their jobs may continue for hours after the `up` that takes its other rights away. `remove` has the reasons.
    """
    here = Place.of(vpc_arn)
    look = ["DescribeInstances", "DescribeKeyPairs", "DescribeSpotInstanceRequests", "DescribeVolumes"]
    stop, ours = ["ec2:StopInstances", "ec2:TerminateInstances"], _tagged(deployment)
    return [
        allow("LookAtEarlier", [f"ec2:{call}" for call in look], ["*"], {"StringEquals": {"ec2:Region": here.region}}),
        allow("RemoveEarlier", stop, here.ec2("instance/*"), {"ArnEquals": {"ec2:InstanceProfile": profile_arn}}),
        allow("RemoveVolumes", ["ec2:DeleteVolume"], here.ec2("volume/*"), {**ours, **_NAMED_BY_RUNNER}),
        allow("CancelRequests", ["ec2:CancelSpotInstanceRequests"], here.ec2("spot-instances-request/*"), ours),
        # Seconds since 1970 and four bytes in hexadecimal: the deployment's own key pair has another name.
        allow("RemoveKeyPairs", ["ec2:DeleteKeyPair"], here.ec2("key-pair/runner-*-*-??????????-????????*")),
    ]


def remove(workers: Workers) -> list[Statement]:
    """Return what a manager needs to remove these machines, those too that could not be tagged, and their leftovers."""
    here = Place.of(workers.vpc_arn)
    stop = ["ec2:StopInstances", "ec2:TerminateInstances"]
    ours = _tagged(workers.deployment)
    of_machine = {**ours, **_NAMED_BY_RUNNER}
    statements = [
        allow("Remove", stop, here.ec2("instance/*"), _worker_profile(workers)),
        allow("RemoveVolumes", ["ec2:DeleteVolume"], here.ec2("volume/*"), of_machine),
    ]
    if workers.spot or workers.fleet:
        # The requests of CKI's fork can't be told from others: they have no tag.
        requests, condition = here.ec2("spot-instances-request/*"), None if workers.fleet else ours
        statements.append(allow("CancelRequests", ["ec2:CancelSpotInstanceRequests"], requests, condition))
    return statements


def _tagged(deployment: str) -> dict[str, object]:
    return {"StringEquals": {"aws:ResourceTag/gitlab-runner-aws": deployment}}


_NAMED_BY_RUNNER: dict[str, object] = {"StringLike": {"aws:ResourceTag/Name": "runner-*-*-*"}}
"""The manager's own volume has the deployment's tag too, but none of gitlab-runner's names."""


def _first_uses(workers: Workers, here: Place) -> list[Statement]:
    """An account's first use of spot or fleets makes EC2 create a role, on behalf of whoever calls."""
    services = {
        **({"spot.amazonaws.com": "AWSServiceRoleForEC2Spot"} if workers.spot else {}),
        **({"ec2fleet.amazonaws.com": "AWSServiceRoleForEC2Fleet"} if workers.fleet else {}),
    }
    roles = [here.role(f"aws-service-role/{service}/{role}") for service, role in services.items()]
    named = {"StringEquals": {"iam:AWSServiceName": list(services)}}
    return [allow("FirstUse", ["iam:CreateServiceLinkedRole"], roles, named)] if services else []


def _fleet(workers: Workers, here: Place) -> list[Statement]:
    """CKI's fork starts what the template says: what the template alone knows is bound to the template."""
    ids = [template for template in workers.launch_templates if template.startswith("lt-")]
    known = bool(ids) and len(ids) == len(workers.launch_templates)
    templates = here.ec2(*(f"launch-template/{template}" for template in (ids if known else ["*"])))
    made = here.ec2("fleet/*", "instance/*", "volume/*")
    named = [*here.images(["*"]), *here.ec2("key-pair/*", "security-group/*")]
    return [
        allow("Fleet", ["ec2:CreateFleet"], [*made, *templates, *workers.subnet_arns, *here.images(["*"])]),
        allow(
            "FleetFromTemplate",
            ["ec2:RunInstances"],
            [*templates, *named],
            {"ArnLike": {"ec2:LaunchTemplate": templates}},
        ),
    ]


def _volume_keys(workers: Workers, here: Place) -> list[Statement]:
    use = ["Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"]
    grant = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        *use_keys("VolumeKeys", [f"kms:{call}" for call in use], workers.kms_keys, here, "ec2"),
        *use_keys("VolumeKeyGrants", ["kms:CreateGrant"], workers.kms_keys, here, "ec2", grant),
    ]


def ever_wider(workers: Workers) -> Iterator[Workers]:
    """The workers as they are, then with fewer and wider patterns in place of the longest lists."""
    yield workers
    for words in (3, 2, 1, 0):
        starts = ("-".join((*_words(name)[:words], "*")) for name in workers.machine_names)
        workers = replace(workers, machine_names=sorted(set(starts)))
        yield workers
    workers = replace(workers, instance_types=sorted({f"{name.split('.')[0]}.*" for name in workers.instance_types}))
    yield workers
    workers = replace(workers, image_ids=["*"])
    yield workers
    here = Place.of(workers.vpc_arn)
    workers = replace(workers, subnet_arns=here.ec2("subnet/*"), any_group=True)
    yield workers
    workers = replace(workers, instance_types=["*"])
    yield workers
    yield replace(workers, former_deployments=())


def _words(machine_name: str) -> list[str]:
    """The words before the part that is drawn by chance."""
    return list(takewhile(lambda word: "%s" not in word, machine_name.split("-")))
