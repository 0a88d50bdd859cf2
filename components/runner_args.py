"""What a program gives to an `AutoscalingRunner`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from config_render import TOKENS, Settings, Surroundings

from .network import GivenNetwork


@dataclass(frozen=True, kw_only=True)
class AutoscalingRunnerArgs:
    """What a caller decides about an `AutoscalingRunner`."""

    settings: Settings | Mapping[str, Any]
    """Plain: it settles which resources there are, and the text of config.toml. A mapping holds what stands under
    `gitlab-runner-aws:` in a stack file, and is checked."""

    region: str | None = None
    """The AWS region, as the provider has it; the provider is asked where it is not given."""

    token: pulumi.Input[str] | None = None
    """The runner's authentication token (`glrt-...`); kept secret. None where it comes from somewhere else."""

    registration_token: pulumi.Input[str] | None = None
    """A registration token, which GitLab has deprecated; kept secret."""

    access_token: pulumi.Input[str] | None = None
    """With `settings.create_runner`: a personal, group or project access token; kept secret."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """What the settings' `<secret:NAME>` stand for, by their names; kept secret."""

    network: GivenNetwork | None = None
    """The VPC and subnets to use, where the caller's program makes them; the settings' `network` then says nothing of
    these."""

    surroundings: Surroundings | None = None
    """What the settings name as being there already; looked up, and checked, if it is not given."""

    place: str = "settings."
    """What stands before the settings' names in messages: where the caller has them, such as `acme:runner.` for a table
    of the stack's configuration."""

    def tokens(self) -> dict[str, pulumi.Input[str]]:
        """The tokens that are given, by the names that settings have for them."""
        given = zip(TOKENS, (self.token, self.registration_token, self.access_token), strict=True)
        return {name: token for name, token in given if token is not None}
