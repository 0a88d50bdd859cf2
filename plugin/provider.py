"""The provider that the engine starts for a program which has `AutoscalingRunner` as a remote component."""

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_command as command
from pulumi import provider

from components import AutoscalingRunner, AutoscalingRunnerArgs, GivenNetwork, SettingsDict
from components.resolve.args_settings import InvalidSettingsError, outputs_in
from config_render import NAMESPACE, SECRETS, TOKENS, Problem, Settings, in_words_of, problem, problems_of
from config_render.base.problems import path_of

from .names import TOKEN, as_settings, camel, in_program, keys_of, message_in_program
from .schema import INPUTS

_ROOT = Path(__file__).parents[1]
_SETTINGS = "settings"
_LATER = "is an Output or a secret, but settings are plain values, which are checked before anything is created; "
_NETWORK = (
    "must be an object with vpcId, subnetIds, which has an id for one zone suffix or more, and, if need be, "
    "managerSubnetId; the ids may be Outputs, the zones not"
)
_IDS = "the ids of a VPC and its subnets go into the input network, secrets into secrets with <secret:NAME> here"


@dataclass(frozen=True, kw_only=True)
class RemoteArgs(AutoscalingRunnerArgs):
    """What a program in any language gives: its messages name settings as such a program does."""

    def in_words(self, problem: Problem) -> Problem:
        """Return a problem with the inputs' names in place of the stack file's."""
        worded = in_words_of(f"{_SETTINGS}.", problem)
        path = in_program(problem.path) if problem.path.startswith(f"{NAMESPACE}:") else problem.path
        if path in ("*", _SETTINGS):
            path = _SETTINGS
        elif path == "aws:region":
            path = "region"
        elif re.split(r"[.\[]", path)[0] not in (*TOKENS, SECRETS):
            path = f"{_SETTINGS}.{path}"
        message = message_in_program(worded.message).replace("as the argument", "as the input")
        return replace(problem, path=path, message=message)


class RunnerProvider(provider.Provider):
    """Constructs `AutoscalingRunner` for programs in every language of Pulumi."""

    def __init__(self) -> None:
        version = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
        schema = json.loads(Path(__file__).with_name("schema.json").read_text())
        super().__init__(version, json.dumps({**schema, "version": version}))

    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: pulumi.ResourceOptions | None = None
    ) -> provider.ConstructResult:
        """Construct the component. Raises `InputPropertiesError` with all errors in the inputs."""
        if resource_type != TOKEN:
            raise ValueError(f"the package {NAMESPACE} has no resource {resource_type}, only {TOKEN}")
        try:
            runner = AutoscalingRunner(name, remote_args(inputs), options)
        except InvalidSettingsError as error:
            raise _refusal(error.problems) from None
        except pulumi.RunError as error:
            raise pulumi.InputPropertiesError(f"{name}: {error}") from None
        return provider.ConstructResult(runner.urn, _outputs(runner))


def remote_args(inputs: Mapping[str, Any]) -> RemoteArgs:
    """Return the component's arguments for the inputs of a program. Raises `InvalidSettingsError`."""
    given, secrets, network = inputs.get(_SETTINGS), inputs.get(SECRETS), inputs.get("network")
    own = [*_unfit(inputs)]
    settings, errors = as_settings(given) if isinstance(given, Mapping) else ({}, [])
    args = RemoteArgs(
        settings=cast(SettingsDict, settings),  # the component checks it
        region=inputs.get("region"),
        token=inputs.get("token"),
        registration_token=inputs.get("registrationToken"),
        access_token=inputs.get("accessToken"),
        secrets=secrets if isinstance(secrets, Mapping) else {},
        network=None if own or network is None else _network(network),
    )
    problems = [problem(at, f"{_LATER}{_IDS}") for at in outputs_in(settings)]
    if (errors or own) and isinstance(given, Mapping) and not problems:
        # The component does not get to see the settings then, and the other errors in them are to be reported too.
        problems = [each for each in _problems_of(args) if each.path != "aws:region"]
    own += [Problem(f"{_SETTINGS}.{path}", None, message) for path, message in errors]
    if found := [*map(args.in_words, problems), *own]:
        raise InvalidSettingsError(found)
    return args


def _unfit(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with inputs as a whole, which SDKs and their compilers let through."""
    for name in inputs:
        if name not in INPUTS and not name.startswith("__"):
            fix = f"it goes into {_SETTINGS}" if name in keys_of(Settings) else f"the inputs are {', '.join(INPUTS)}"
            yield Problem(in_program(path_of((name,))), None, f"unknown; {fix}")
    given = inputs.get(_SETTINGS)
    if not isinstance(given, Mapping):
        yield Problem(_SETTINGS, None, "missing" if given is None else f"{_LATER}{_IDS}")
    if not isinstance(inputs.get("region"), str | None):
        yield Problem("region", None, "must be plain text, such as eu-central-1")
    if not isinstance(inputs.get(SECRETS) or {}, Mapping):
        yield Problem(SECRETS, None, "must be an object whose names are plain; only the values may be Outputs")
    match inputs.get("network"):
        case None:
            pass
        case {"vpcId": _, "subnetIds": Mapping() as subnets, **rest} if subnets and rest.keys() <= {"managerSubnetId"}:
            pass
        case _:
            yield Problem("network", None, _NETWORK)


def _network(given: Mapping[str, Any]) -> GivenNetwork:
    subnets = given["subnetIds"]
    return GivenNetwork(
        vpc_id=given["vpcId"],
        subnet_ids={zone: subnets[zone] for zone in sorted(subnets)},
        manager_subnet_id=given.get("managerSubnetId"),
    )


def _problems_of(args: RemoteArgs) -> list[Problem]:
    tokens = {name: token if isinstance(token, str) else None for name, token in args.tokens().items()}
    raw: Mapping[str, Any] = args.settings if isinstance(args.settings, Mapping) else {}
    region = args.region if isinstance(args.region, str) else None
    return problems_of(raw, tokens=tokens, region=region, secrets=args.secrets.keys())[1]


def _refusal(problems: Sequence[Problem]) -> pulumi.InputPropertiesError:
    """Return an error of which the engine shows each path and reason.

    The engine adds the value that it finds at a path, and some values must not be shown. So each path here leads to
    none: it continues with the value as the problem shows it.
    Source: pkg/resource/deploy/source_eval.go, errorToMessage
    """
    count = len(problems)
    return pulumi.InputPropertiesError(
        f"{count} error{'' if count == 1 else 's'} in the inputs; nothing was changed",
        [{"property_path": _path_and_value(each), "reason": each.message} for each in problems],
    )


def _path_and_value(problem: Problem) -> str:
    if problem.value is None and problem.message.startswith("missing"):
        return problem.path
    return f"{problem.path} = {problem.value or '(not shown)'}"


def _outputs(runner: AutoscalingRunner) -> dict[str, Any]:
    return {
        "managerAddress": runner.manager_address,
        "managerInstanceId": runner.manager_instance_id,
        "cacheBucket": runner.cache_bucket,
        "connection": pulumi.Output.secret(_connection(runner.connection)),
        "configToml": runner.config_toml,
        "runnerIds": runner.runner_ids,
    }


def _connection(given: command.remote.ConnectionArgs) -> dict[str, Any]:
    found = _way(given)
    if isinstance(given.proxy, command.remote.ProxyConnectionArgs):
        found["proxy"] = _way(given.proxy)
    return found


def _way(given: command.remote.ConnectionArgs | command.remote.ProxyConnectionArgs) -> dict[str, Any]:
    names = ("host", "port", "user", "password", "private_key", "host_key")
    return {camel(name): value for name in names if (value := getattr(given, name)) is not None}


def main() -> None:
    """Serve the engine that has started this process."""
    provider.main(RunnerProvider(), sys.argv[1:])
