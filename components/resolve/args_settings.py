"""Checking what a program gives to an `AutoscalingRunner`, before anything of that is registered with the engine."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import Any

import pulumi

from config_render import (
    DEFAULT_VPC,
    TOKENS,
    Problem,
    Settings,
    SettingsError,
    problem,
    problems_of,
)
from config_render.base.marks import Mark, marked
from config_render.settings.network import NetworkSettings

from .. import aws
from ..args import AutoscalingRunnerArgs
from ..network import GivenNetwork
from .resolved import Resolved, resolve


class InvalidSettingsError(pulumi.RunError):
    """What a program gives can't be used; its text reports all errors, a line for each.

    Attributes:
        problems: Every error that was found, with names as the program has them.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(str(SettingsError(problems)))


_LATER = "is an Output, but settings are plain values, which are checked before anything is created"
_ARGUMENTS = dict(zip(TOKENS, ("token", "registration_token", "access_token"), strict=True))
_TWICE = "has no effect: the argument network says which VPC and subnets there are; leave it out"


def resolved_args(args: AutoscalingRunnerArgs, component: pulumi.Resource) -> Resolved:
    """Return the settings that a program gives, having asked AWS through the component's provider.

    Raises `InvalidSettingsError` with all errors.
    """
    opts = pulumi.InvokeOptions(parent=component)
    region = args.region or _region_of_provider(opts)
    settings = _checked(args, region)
    if args.existing is not None:
        return Resolved.within(args.existing, settings, region)

    def warn(problems: Sequence[Problem]) -> None:
        for each in problems:
            pulumi.log.warn(str(args.in_words(each)), component)

    try:
        return resolve(settings, region, warn, opts, network_given=args.network is not None)
    except SettingsError as error:
        raise _refusal(error.problems, args) from None


def _region_of_provider(opts: pulumi.InvokeOptions) -> str:
    region: str | None = aws.get_region(opts=opts).region
    if region is None:  # the provider's settings are outputs of what is not there yet
        raise pulumi.RunError("the provider does not know its region at this preview; give it as the argument region")
    return region


def _checked(args: AutoscalingRunnerArgs, region: str) -> Settings:
    if isinstance(args.settings, Settings):
        if args.network is not None:
            raise pulumi.RunError("the argument network needs settings as a table, not as what parse returns")
        return args.settings
    if later := [*outputs_in(args.settings)]:
        whole = Problem(args.place.rstrip(".:"), None, _instead_of(()))
        raise _refusal([problem(at, _instead_of(at)) if at else whole for at in later], args)
    raw = args.settings if args.network is None else _in_network(args.settings, args.network, args)
    # An Output is unknown yet: its text can't be looked at.
    tokens = {name: token if isinstance(token, str) else None for name, token in args.tokens().items()}
    settings, problems = problems_of(raw, tokens=tokens, region=region, secrets=args.secrets.keys())
    if settings is None or problems:
        raise _refusal(problems, args)
    return settings


def outputs_in(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where in a table of settings Outputs are, and other promises of a value."""
    if isinstance(value, pulumi.Output) or isawaitable(value):
        yield at
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from outputs_in(each, (*at, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, each in enumerate(value):
            yield from outputs_in(each, (*at, index))


def _instead_of(at: tuple[str | int, ...]) -> str:
    """What is wrong with an Output at a place in the settings, and where it goes."""
    match at:
        case ():
            fix = "read them with require_object, and give secrets as the arguments token and secrets"
        case (name,) if name in TOKENS:
            fix = f"give it as the argument {_ARGUMENTS[str(name)]}"
        case ("secrets", *_):
            fix = "give it in the argument secrets"
        case ("network", *_):
            fix = "give the VPC and subnets as the argument network=GivenNetwork(vpc_id=..., subnet_ids={...})"
        case _:
            fix = (
                "write <secret:NAME> here and give it as the argument secrets={'NAME': ...}; a VPC goes into "
                "network=GivenNetwork(...), the runner's token into token"
            )
    return f"{_LATER}; {fix}"


def _in_network(raw: Mapping[str, Any], network: GivenNetwork, args: AutoscalingRunnerArgs) -> Mapping[str, Any]:
    """Return the settings as for an existing VPC, whose subnets are the region's default ones."""
    own = raw.get("network") or {}
    chosen = marked(NetworkSettings, Mark.VPC_CHOICE)
    if twice := [problem(("network", key), _TWICE) for key in sorted(chosen) if key in own]:
        raise _refusal(twice, args)
    return {**raw, "network": {**own, "vpcId": DEFAULT_VPC, "zones": [*network.subnet_ids]}}


def _refusal(problems: Sequence[Problem], args: AutoscalingRunnerArgs) -> InvalidSettingsError:
    return InvalidSettingsError([args.in_words(each) for each in problems])
