"""Who the manager and its workers are in IAM."""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.section import Section
from ..base.values import DistinctItems, Pattern


def _arn(kind: str, example: str) -> Pattern:
    return Pattern(
        rf"arn:aws[a-z-]*:iam::(\d{{12}}|aws):{kind}/[\w+=,.@/-]+",
        f"is not a valid ARN for this setting; write it as arn:aws:iam::123456789012:{kind}/{example}",
    )


PolicyArn = Annotated[str, _arn("policy", "jobs")]


ECR_REGISTRY = re.compile(r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/")
"""How the names of images begin that are in a private registry of Amazon's."""


def ecr_registry(account: str, region: str) -> str:
    """Return the name of an account's private registry in a region."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


class EcrSettings(Section):
    """Images in Amazon ECR that the manager may pull for jobs."""

    repositories: (
        DistinctItems[
            Annotated[
                str,
                Pattern(
                    r"arn:aws[a-z-]*:ecr:[a-z0-9-]+:\d{12}:repository/[a-z0-9._/*-]+",
                    "is not a valid repository ARN; write it as arn:aws:ecr:eu-central-1:123456789012:repository/ci/*",
                ),
            ]
        ]
        | None
    ) = Field(
        default=None,
        description="ARNs of the repositories, with * for any text, also of other accounts and regions; by default all "
        "of the stack's account and region",
    )
    pull_through_cache: bool = Field(
        default=False,
        alias="pullThroughCache",
        description="Whether a pull may have ECR fetch an image from another registry, by a pull through cache rule, "
        "and make its repository",
    )

    @property
    def registries(self) -> tuple[str, ...]:
        """The registries of the repositories, each once; empty for that of the stack's account and region."""
        parts = (arn.split(":") for arn in self.repositories or ())
        return tuple(dict.fromkeys(ecr_registry(account, region) for _, _, _, region, account, _ in parts))


class IdentitySettings(Section):
    """Roles, instance profiles and keys: made by this stack, or there already."""

    mode: Literal["instanceProfile", "accessKey"] = Field(
        default="instanceProfile",
        description="How the manager signs in to AWS: by its instance profile, whose keys change by themselves; or "
        "with the access key of an IAM user, as in GitLab's guide",
    )
    permissions_boundary: Annotated[str, _arn("policy", "boundary")] | None = Field(
        default=None, alias="permissionsBoundary", description="ARN of the policy that bounds all roles and users made"
    )
    path: Annotated[str, Pattern(r"/|/[\w+=,.@/-]{1,500}/", "is not a valid IAM path; write it as /ci/")] = Field(
        default="/", description="IAM path of all that is made, such as /ci/"
    )
    manager_instance_profile: (
        Annotated[str, Pattern(r"[\w+=,.@-]{1,128}", "is not a valid instance profile name, nor may it be an ARN")]
        | None
    ) = Field(
        default=None,
        alias="managerInstanceProfile",
        description="Name of an existing instance profile for the manager; its role needs the rights "
        "that docs/security.md describes",
    )
    worker_instance_profile: Annotated[str, _arn("instance-profile", "workers")] | None = Field(
        default=None,
        alias="workerInstanceProfile",
        description="ARN of an existing instance profile for the workers",
    )
    worker_role: Annotated[str, _arn("role", "workers")] | None = Field(
        default=None, alias="workerRole", description="With workerInstanceProfile: ARN of its role"
    )

    manager_policies: DistinctItems[PolicyArn] | None = Field(
        default=None,
        alias="managerPolicies",
        description="ARNs of managed policies to attach to the manager's role, or user, that the stack makes",
    )
    worker_policies: DistinctItems[PolicyArn] | None = Field(
        default=None,
        alias="workerPolicies",
        description="ARNs of managed policies to attach to the workers' role that the stack makes; every job that runs "
        "there can use them",
    )

    ecr: EcrSettings | None = Field(
        default=None,
        description="For images in Amazon ECR: gives the manager the right to pull them and Amazon's credential helper",
    )

    @property
    def by_key(self) -> bool:
        """Whether the manager has an access key instead of an instance profile."""
        return self.mode == "accessKey"
