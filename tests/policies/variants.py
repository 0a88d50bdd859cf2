"""The kinds of deployments whose policies are tested, and the policies of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from components.iam import ecr, policies
from components.iam.policies import CacheAccess, Groups, Place, Policy, Workers
from components.iam.token_access import read_parameter, read_secret
from config_render.settings.identity import EcrSettings

ACCOUNT = "123456789012"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A deployment: where it is, and which features it uses. The features are the ones that `cases.yaml` names."""

    partition: str = "aws"
    region: str = "eu-central-1"
    features: frozenset[str]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What the placeholders of `cases.yaml` stand for."""
        of_account = f"{self.region}:{ACCOUNT}"
        return {
            "partition": self.partition,
            "region": self.region,
            "ec2": f"arn:{self.partition}:ec2:{of_account}",
            "ecr": f"arn:{self.partition}:ecr:{of_account}",
            "kms": f"arn:{self.partition}:kms:{of_account}",
            "ssm": f"arn:{self.partition}:ssm:{of_account}",
            "secrets": f"arn:{self.partition}:secretsmanager:{of_account}:secret",
            "logs": f"arn:{self.partition}:logs:{of_account}:log-group",
            "events": f"arn:{self.partition}:events:{of_account}",
            "groups": f"arn:{self.partition}:autoscaling:{of_account}:autoScalingGroup:0a1b2c3d:autoScalingGroupName",
            "iam": f"arn:{self.partition}:iam::{ACCOUNT}",
            "s3": f"arn:{self.partition}:s3::",
            "ec2_service": "ec2.amazonaws.com.cn" if self.partition == "aws-cn" else "ec2.amazonaws.com",
            "suffix": "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com",
        }

    def fill(self, text: str) -> str:
        return text.format_map(self.names)

    @cached_property
    def workers(self) -> Workers:
        keys = ["key-by-id", "{kms}:key/key-by-arn", "alias/by-name", "{kms}:alias/by-alias-arn"]
        return Workers(
            vpc_arn=self.fill("{ec2}:vpc/vpc-1"),
            subnet_arns=[self.fill("{ec2}:subnet/subnet-1"), self.fill("{ec2}:subnet/subnet-2")],
            group_arns=[self.fill("{ec2}:security-group/sg-1")],
            any_group="any group" in self.features,
            image_ids=["ami-1"],
            instance_types=["m5.large", "m6i.large"],
            profile_arn=self.fill("{iam}:instance-profile/worker"),
            role_arn=self.fill("{iam}:role/worker"),
            machine_names=["spot-%s", "deploy-%s"],
            key_pairs=["shared-key"] if "own key pair" in self.features else [],
            deployment="test",
            former_deployments=["project/*/runner", "former"],
            spot="spot" in self.features,
            imdsv2="imdsv1" not in self.features,
            encrypted="unencrypted" not in self.features,
            kms_keys=[self.fill(key) for key in keys] if "kms" in self.features else [],
            fleet="fleet" in self.features,
            launch_templates=["lt-1"] if "fleet" in self.features else [],
        )

    @property
    def groups(self) -> Groups:
        names = {"ec2-user": ["project/stack/runner/pool"], "ubuntu": ["project/stack/runner/open"]}
        return Groups(vpc_arn=self.fill("{ec2}:vpc/vpc-1"), names=names)

    @property
    def cache(self) -> CacheAccess:
        rich = "kms" in self.features
        return CacheAccess(
            bucket_arn=self.fill("{s3}:cache"),
            kms_key=self.fill("{kms}:key/cache-key") if rich else None,
            role_arn=self.fill("{iam}:role/upload") if rich else None,
        )

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Every policy, by the name that `cases.yaml` has for it."""
        groups = [self.fill("{logs}:interruptions")]
        return {
            "manager": policies.manager(self.workers, self.cache),
            "groups": policies.group_manager(self.groups, None),
            "moved over": policies.group_manager(
                self.groups,
                None,
                policies.remove_earlier(self.workers.vpc_arn, self.workers.profile_arn, self.workers.deployment),
            ),
            "upload role": policies.cache_objects(self.cache),
            "reports": policies.reports(self.fill("{logs}:manager"), metrics=True),
            "worker trust": policies.assumed_by_ec2(self.partition),
            "upload trust": policies.assumed_by(self.fill("{iam}:role/manager")),
            "events": policies.events_to_logs(groups, [self.fill("{events}:rule/interruption")]),
            "parameter": read_parameter("/ci/token", Place.of(self.fill("{ec2}:vpc/vpc-1"))),
            "secret": read_secret("ci/token", Place.of(self.fill("{ec2}:vpc/vpc-1"))),
            "ecr": ecr.pulling(
                EcrSettings(
                    repositories=(self.fill("{ecr}:repository/ci/*"), self.fill("{ecr}:repository/base")),
                    pullThroughCache=True,
                ),
                Place.of(self.fill("{ec2}:vpc/vpc-1")),
            ),
            "ecr, all": ecr.pulling(EcrSettings(), Place.of(self.fill("{ec2}:vpc/vpc-1"))),
            "bucket": policies.tls_only(self.fill("{s3}:cache")),
        }


RESOURCE_POLICIES = {"worker trust", "upload trust", "events", "bucket"}
"""Those that lie with a resource; the others lie with whoever acts."""

_EVERYTHING = frozenset({"spot", "kms", "fleet"})

VARIANTS = {
    "on-demand": Variant(features=frozenset()),
    "spot": Variant(features=frozenset({"spot"})),
    "loose": Variant(features=frozenset({"spot", "any group", "imdsv1", "unencrypted", "own key pair"})),
    "kms": Variant(features=frozenset({"kms"})),
    "fleet": Variant(features=frozenset({"spot", "fleet"})),
    "china": Variant(partition="aws-cn", region="cn-north-1", features=_EVERYTHING),
    "govcloud": Variant(partition="aws-us-gov", region="us-gov-west-1", features=_EVERYTHING),
}
