"""What people's own configurations get wrong, and AWS or jobs would show only when they run: told, and let pass."""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network

from ..base.placeholders import secret_names
from ..base.problems import NAMESPACE, Location, Problem, problem
from ..base.secret_texts import holds_secret, names_a_secret
from ..settings.cache import is_amazons_in_another_spelling
from ..settings.identity import ECR_REGISTRY
from ..settings.pool import Pool
from ..settings.stack import Settings
from .raw import walk

PoolWarning = Callable[[Settings, Pool, Location], Iterator[Problem]]

_GPU = re.compile(r"(g\d|gr\d|p\d)[a-z]*\d*[a-z]*\.")
_WINDOWS = ("powershell", "cmd")
_ACCOUNT_WIDE = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
"""Managed policies of AWS that lead to all rights of an account, if only by machines that are started with others."""
_HOPS = "amazonec2-metadata-token-response-hop-limit"


def _doors_are_narrow(settings: Settings) -> Iterator[Problem]:
    doors = (
        ("sshFrom", settings.manager.ssh_from, "log in"),
        ("metricsFrom", settings.manager.metrics_from, "read them"),
    )
    for key, networks, what in doors:
        for index, network in enumerate(networks or ()):
            if ip_network(network).prefixlen == 0:
                message = f"lets the whole internet try to {what}; name your networks, such as 203.0.113.0/24"
                yield problem(("manager", key, index), message, network)


def _secrets_are_placeholders(settings: Settings) -> Iterator[Problem]:
    for at, value in walk(settings.given()):
        key = str(next((part for part in reversed(at) if isinstance(part, str)), ""))
        named = "extra" in at and names_a_secret(key) and value != key and not secret_names(value)
        if named or holds_secret(value, random=False):
            message = (
                "holds what looks like a secret, which config.toml, previews and the state show; write <secret:NAME> "
                f"in its place, and set that with: pulumi config set --secret --path {NAMESPACE}:secrets.NAME"
            )
            yield problem(at, message)


def _amazons_server_is_left_out(settings: Settings) -> Iterator[Problem]:
    server = settings.cache.s3.server_address
    if server and is_amazons_in_another_spelling(server):
        message = "is Amazon's own S3 in a spelling that newer regions have not; leave it out"
        yield problem(("cache", "s3", "ServerAddress"), message, server)


def _policies_are_narrow(settings: Settings) -> Iterator[Problem]:
    identity = settings.identity
    for key, policies, who in (
        ("managerPolicies", identity.manager_policies, "whoever gets hold of the manager"),
        ("workerPolicies", identity.worker_policies, "every job that runs on a worker"),
    ):
        for index, arn in enumerate(policies or ()):
            if re.fullmatch(rf"arn:[a-z-]+:iam::aws:policy/({'|'.join(_ACCOUNT_WIDE)})", arn):
                message = f"lets {who} take over the AWS account; name a policy with just the rights that are needed"
                yield problem(("identity", key, index), message, arn)


def _graphics_have_drivers(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    for index, each in enumerate(pool.instance_types):
        if _GPU.match(each) and pool.ami is None and pool.image is None:
            message = "has GPUs, for which the stock Ubuntu has no drivers; set ami or image to one that has them"
            yield problem((*at, "instanceTypes", index), message, each)


def _shell_is_there(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    if pool.shell in _WINDOWS:
        message = "is a shell of Windows, while machines run Linux: every job would fail; leave it out, or set bash"
        yield problem((*at, "shell"), message, pool.shell)


def _docker_machine_knows_its_options(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    for index, option in enumerate(pool.driver.extra or ()):
        message = (
            f"sets {option.partition('=')[0]}, which docker-machine 0.16.2-gitlab.30 does not know: one that does not "
            "know it creates no machine; name one that does in manager.dockerMachine, or leave it out"
        )
        yield problem((*at, "driver", "extra", index), message)


def _containers_have_credentials(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    options = pool.given_options()
    if options.get(_HOPS) == 1 and options.get("amazonec2-metadata-token") != "optional":
        message = (
            "keeps containers from the metadata service, so that jobs have no credentials of the instance profile; "
            "set 2 if they want them"
        )
        yield problem((*at, "driver", _HOPS), message, 1)


def _ecr_lets_the_manager_pull(settings: Settings, pool: Pool, at: Location) -> Iterator[Problem]:
    docker, ecr = pool.docker, settings.identity.ecr
    allowed = None if ecr is None else ecr.registries
    named: list[tuple[Location, str]] = [((*at, "docker", "image"), docker.image)]
    named += [((*at, "docker", "helper_image"), docker.helper_image)] if docker.helper_image else []
    services = enumerate(docker.services or ())
    named += [((*at, "docker", "services", index, "name"), service.name) for index, service in services]
    for place, name in named:
        registry = ECR_REGISTRY.match(name)
        if registry is None or (ecr is not None and (not allowed or registry[0].removesuffix("/") in allowed)):
            continue
        fix = "set identity.ecr: {}" if ecr is None else "add its repository to identity.ecr.repositories"
        message = f"is in Amazon ECR, from which the manager may not pull; {fix}, or give jobs DOCKER_AUTH_CONFIG"
        yield problem(place, message, name)


STACK_LIVE_WARNINGS: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _doors_are_narrow,
    _secrets_are_placeholders,
    _amazons_server_is_left_out,
    _policies_are_narrow,
)
POOL_LIVE_WARNINGS: tuple[PoolWarning, ...] = (
    _graphics_have_drivers,
    _shell_is_there,
    _containers_have_credentials,
    _ecr_lets_the_manager_pull,
)
MACHINE_LIVE_WARNINGS: tuple[PoolWarning, ...] = (_docker_machine_knows_its_options,)
