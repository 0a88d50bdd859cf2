"""The manager's right to pull images from Amazon ECR, and the registries that these are in."""

from collections.abc import Sequence

import pulumi

from config_render.settings.identity import EcrSettings, ecr_registry

from ..policy_parts import Place, Policy, allow, document, length

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_FETCH = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")


def pulling(settings: EcrSettings, place: Place) -> Policy:
    """Return the policy that lets the manager pull images.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
    """
    repositories = settings.repositories or (place.arn("ecr", "repository/*"),)
    actions = (*_PULL, *(_FETCH if settings.pull_through_cache else ()))
    # ECR knows no resource of the first call.
    return document(
        allow("LogIn", ["ecr:GetAuthorizationToken"], ["*"]), allow("PullImages", sorted(actions), repositories)
    )


def longest(settings: EcrSettings | None) -> int:
    """Return how many characters of the role's inline policies `pulling` may take, wherever the stack is."""
    return 0 if settings is None else length(pulling(settings, Place("aws-us-gov", "ap-northeast-1", "0" * 12)))


def registries(settings: EcrSettings | None, vpc_arn: pulumi.Input[str]) -> pulumi.Input[Sequence[str]]:
    """Return the names of the registries for which Docker is to ask the credential helper."""
    if settings is None:
        return ()
    if settings.registries:
        return settings.registries
    place = pulumi.Output.from_input(vpc_arn).apply(Place.of)
    return place.apply(lambda known: [ecr_registry(known.account, known.region)])
