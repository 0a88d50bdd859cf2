"""The GitLab instance, and the runner that is created there."""

import re
from typing import Annotated, Literal

from pydantic import Field

from ..base.section import Section
from ..base.values import BaseUrl, Items, Pattern, Positive, checked_by

_LONGEST_NOTE = 960
"""GitLab takes 1024 characters; the manager adds a word by which it finds the runner again."""


def _check_gitlab_url(url: str) -> str | None:
    host, _, path = url.partition("://")[2].partition("/")
    if "/-/" in f"{url}/" or re.search(r"(^|/)(ci|api/v\d|admin.*|users/sign_in)$", path):
        return "is a page of GitLab; give the address that GitLab's start page has"
    if host == "gitlab.com" and path:
        return "has a path; GitLab.com is https://gitlab.com"
    return None


def _check_authorities(pem: str) -> str | None:
    if "PRIVATE KEY" in pem:
        return "holds a private key; give the authority's certificate alone, and make a new key: this one is known now"
    import ssl  # noqa: PLC0415 - it takes a while to load, and few need it

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (TypeError, ValueError, ssl.SSLError):  # the first one for what is not ASCII
        return (
            "is not a certificate in PEM format; write it as |, and below it the lines from BEGIN CERTIFICATE to "
            "END CERTIFICATE"
        )
    return None


def _check_tag(tag: str) -> str | None:
    return (
        "is not a valid tag: 1 to 255 characters without a comma"
        if not 0 < len(tag.strip()) < 256 or "," in tag
        else None
    )


class Gitlab(Section):
    """The GitLab instance whose jobs are run."""

    url: Annotated[BaseUrl, checked_by(_check_gitlab_url)] = Field(
        description="Address of the GitLab instance, such as https://gitlab.example.com",
        examples=["https://gitlab.example.com"],
    )
    ca: Annotated[str, checked_by(_check_authorities)] | None = Field(
        default=None,
        description="PEM text of the authority that GitLab's certificate is from, where the system knows it not",
    )
    check: bool = Field(
        default=True, description="Whether to ask GitLab, before anything is created, if it takes the token"
    )


class CreateRunner(Section):
    """A runner that the manager creates in GitLab, with accessToken, and that goes when the stack is destroyed.

    https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user
    """

    runner_type: Literal["instance_type", "group_type", "project_type"] = Field(
        alias="runnerType", description="Whose jobs it takes: everybody's, a group's or a project's"
    )
    group_id: Positive | None = Field(default=None, alias="groupId", description="Id of the group, with group_type")
    project_id: Positive | None = Field(
        default=None, alias="projectId", description="Id of the project, with project_type"
    )
    each: Literal["deployment", "pool", "entry"] = Field(
        default="deployment",
        description="Whether one runner is for all pools, each pool has its own, or each zone and instance type of a "
        "pool has, so that the pool's machines are spread over them",
    )
    description: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="What GitLab calls it; by default the stack's name and the component's"
    )
    tags: Annotated[Items[Annotated[str, checked_by(_check_tag)]], Field(max_length=50)] = Field(
        default=(), description="Tags of the jobs that it takes"
    )
    run_untagged: bool = Field(default=True, alias="runUntagged", description="Whether it takes jobs without tags")
    locked: bool = Field(default=False, description="Whether it stays with its project")
    paused: bool = Field(default=False, description="Whether GitLab gives it no jobs")
    access_level: Literal["not_protected", "ref_protected"] = Field(
        default="not_protected",
        alias="accessLevel",
        description="Whether it takes all jobs, or those of protected branches and tags alone",
    )
    maximum_timeout: Annotated[int, Field(ge=600)] | None = Field(
        default=None, alias="maximumTimeout", description="Seconds that a job may take"
    )
    maintenance_note: Annotated[str, Field(max_length=_LONGEST_NOTE)] | None = Field(
        default=None, alias="maintenanceNote", description="A note for GitLab's administrators"
    )

    def attributes(self) -> dict[str, object]:
        """Return what GitLab's API is told, by the names that it has there."""
        told = self.model_dump(exclude={"tags", "each"})
        belonging = {key for key in ("group_id", "project_id", "description") if told[key] is None}
        return {**{key: told[key] for key in told if key not in belonging}, "tag_list": ",".join(self.tags)}


ParameterName = Annotated[
    str,
    Pattern(r"/?[\w.-]+(/[\w.-]+)*", "is not a valid parameter name; write it as /ci/runner-token"),
]
SecretId = Annotated[
    str,
    Pattern(
        r"(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}",
        "is not a valid secret name or ARN; write it as ci/runner-token",
    ),
]
