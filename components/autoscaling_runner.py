"""`AutoscalingRunner`: a GitLab Runner that starts and removes its EC2 workers on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command

from config_render import DEPLOYMENT_TAG, Facts, Settings, render

from .cache import Cache, CacheArgs
from .identity import Identity, IdentityArgs
from .images import ubuntu_image
from .manager import Manager, ManagerArgs
from .network import Network, NetworkArgs
from .preview import or_marker, show_incomplete
from .registration import Registration, RegistrationArgs


@dataclass(frozen=True, kw_only=True)
class AutoscalingRunnerArgs:
    """What a caller decides about an `AutoscalingRunner`."""

    settings: Settings
    """Plain and validated: it settles which resources there are, and the text of config.toml."""

    region: str
    """The AWS region, as the provider has it."""

    token: pulumi.Input[str]
    """The runner's authentication token (`glrt-...`); kept secret."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """What the settings' `<secret:NAME>` stand for, by their names; kept secret."""


class AutoscalingRunner(pulumi.ComponentResource):
    """A manager instance with gitlab-runner and its `docker+machine` executor, and all that its workers need.

    The workers themselves are not resources of the stack: the manager starts and removes them, the last ones when
    the stack is destroyed.
    """

    manager_address: pulumi.Output[str]
    manager_instance_id: pulumi.Output[str]
    cache_bucket: pulumi.Output[str]
    connection: command.remote.ConnectionArgs
    """How the manager is reached, for remote commands of the caller's own."""

    config_toml: pulumi.Output[str]
    """What is live on the manager, with placeholders where it has secrets."""

    def __init__(self, name: str, args: AutoscalingRunnerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:AutoscalingRunner", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        # Tells this deployment's resources and machines from those of others in the same account.
        deployment = f"{pulumi.get_stack()}-{name}"
        tags = {**settings.tags, DEPLOYMENT_TAG: deployment}

        cache = Cache(f"{name}-cache", CacheArgs(settings=settings.cache, tags=tags), child)
        network = Network(
            f"{name}-network",
            NetworkArgs(
                settings=settings.network,
                region=args.region,
                ssh_from=settings.manager.ssh_from,
                ssh_port=settings.manager.ssh_port,
                tags=tags,
            ),
            child,
        )
        identity = Identity(
            f"{name}-identity",
            IdentityArgs(
                vpc_arn=network.vpc_arn,
                subnet_arns=network.subnet_arns,
                worker_group_arn=network.worker_group_arn,
                bucket_arn=cache.bucket_arn,
                tags=tags,
            ),
            child,
        )
        manager = Manager(
            f"{name}-manager",
            ManagerArgs(
                settings=settings.manager,
                subnet_id=next(iter(network.subnet_ids.values())),
                security_group_id=network.manager_group_id,
                instance_profile=identity.manager_profile,
                tags=tags,
            ),
            child,
        )
        registration = Registration(
            f"{name}-registration",
            RegistrationArgs(
                connection=manager.connection,
                settings=settings.manager,
                config_toml=self._config_toml(args, deployment, network, identity, cache),
                token=args.token,
                secrets=args.secrets,
                needs=[network, identity, cache],
            ),
            child,
        )

        self.manager_address = manager.address
        self.manager_instance_id = manager.instance_id
        self.cache_bucket = cache.bucket_name
        self.connection = manager.connection
        self.config_toml = registration.config_toml
        self.register_outputs(
            {
                "manager_address": self.manager_address,
                "manager_instance_id": self.manager_instance_id,
                "cache_bucket": self.cache_bucket,
                "config_toml": self.config_toml,
            }
        )

    def _config_toml(
        self, args: AutoscalingRunnerArgs, deployment: str, network: Network, identity: Identity, cache: Cache
    ) -> pulumi.Output[str]:
        late = pulumi.Output.all(
            deployment=deployment,
            region=args.region,
            bucket_region=args.region,
            vpc_id=or_marker(network.vpc_id),
            subnets=pulumi.Output.all(**{zone: or_marker(id_) for zone, id_ in network.subnet_ids.items()}),
            security_group=or_marker(network.worker_group_name),
            instance_profile=or_marker(identity.worker_profile),
            bucket=or_marker(cache.bucket_name),
            images=pulumi.Output.all(
                **{kind: or_marker(ubuntu_image(kind, self)) for kind in args.settings.architectures_without_image}
            ),
        )
        return late.apply(lambda facts: show_incomplete(render(args.settings, Facts(**facts)), self))
