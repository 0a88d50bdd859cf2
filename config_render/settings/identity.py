"""Who the manager and its workers are in IAM."""

from typing import Annotated, Literal

from pydantic import Field

from ..base.section import Section
from ..base.values import Pattern


def _arn(kind: str, example: str) -> Pattern:
    return Pattern(
        rf"arn:aws[a-z-]*:iam::(\d{{12}}|aws):{kind}/[\w+=,.@/-]+",
        f"is no ARN of this kind; write it as arn:aws:iam::123456789012:{kind}/{example}",
    )


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
    path: Annotated[str, Pattern(r"/|/[\w+=,.@/-]{1,500}/", "is no IAM path; write it as /ci/")] = Field(
        default="/", description="IAM path of all that is made, such as /ci/"
    )
    manager_instance_profile: (
        Annotated[str, Pattern(r"[\w+=,.@-]{1,128}", "is no name of an instance profile, nor may it be an ARN")] | None
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

    @property
    def by_key(self) -> bool:
        """Whether the manager has an access key instead of an instance profile."""
        return self.mode == "accessKey"
