"""What a program gives to an `AutoscalingRunner`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from config_render import TOKENS, ExistingResources, Problem, Settings, in_words_of

from .dicts import SettingsDict
from .network import GivenNetwork


@dataclass(frozen=True, kw_only=True)
class AutoscalingRunnerArgs:
    """What a caller decides about an `AutoscalingRunner`.

    Args:
        settings: What stands under `gitlab-runner-aws:` in a stack file, as a dict, which is checked; or what `parse`
            or `read_stack` returned. Type checkers know a dict's keys and values by `SettingsDict`. Plain values, no
            Outputs: they decide which resources there are and are the text of config.toml. What another resource makes
            goes into `network`, `token` and `secrets`.
        region: The AWS region, such as eu-central-1. Without it the component asks its provider.
        token: The runner's authentication token (`glrt-...`); secret from then on. None where `settings` name another
            source, such as `tokenParameter`.
        registration_token: A registration token, which GitLab has deprecated; secret from then on.
        access_token: With `createRunner` in `settings`: a personal, group or project access token with the scope
            create_runner; secret from then on.
        secrets: What `<secret:NAME>` in `settings` stands for, by NAME; secret from then on.
        network: The VPC and subnets to use, where the same program makes them. `settings` then name none.
        existing: The existing resources that `settings` name, from `read_stack`. Without it the component looks
            them up and checks them.
        place: What stands before the names of settings in messages: where the program has them, such as `acme:runner.`
            for a table of the stack's configuration.
    """

    settings: Settings | SettingsDict
    region: str | None = None
    token: pulumi.Input[str] | None = None
    registration_token: pulumi.Input[str] | None = None
    access_token: pulumi.Input[str] | None = None
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    network: GivenNetwork | None = None
    existing: ExistingResources | None = None
    place: str = "settings."

    def tokens(self) -> dict[str, pulumi.Input[str]]:
        """The tokens that are given, by the names that settings have for them."""
        given = zip(TOKENS, (self.token, self.registration_token, self.access_token), strict=True)
        return {name: token for name, token in given if token is not None}

    def in_words(self, problem: Problem) -> Problem:
        """Return a problem with the names of settings as the program has them."""
        return in_words_of(self.place, problem)
