"""`AutoscalingRunner`: a GitLab Runner that starts and removes its EC2 workers on demand."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_command as command

from config_render import (
    DEPLOYMENT_TAG,
    CreatedResources,
    ExistingResources,
    further_subnets,
    partition,
    render,
    secret_names,
    worker_bounds,
)
from config_render.executors.docker_autoscaler.group import group_spec, groups_by_user
from config_render.executors.docker_autoscaler.user_data import user_data
from config_render.executors.docker_machine.permissions import looked_up_images
from config_render.executors.registry import pool_entries

from .args import AutoscalingRunnerArgs
from .cache import Cache, CacheArgs
from .executors.docker_autoscaler.worker_group import WorkerGroup, WorkerGroupArgs
from .iam import ecr, token_access
from .iam.identity import CacheGrant, Identity, IdentityArgs, WorkerBounds
from .images import image
from .manager import Manager, ManagerArgs, Registration, RegistrationArgs
from .manager.gitlab_plan import gitlab_plan
from .manager.watch_settings import watch_settings
from .monitoring import Watch, WatchArgs
from .network import Network, NetworkArgs
from .preview import or_marker, show_incomplete
from .resolve.args_settings import resolved_args


class AutoscalingRunner(pulumi.ComponentResource):
    """A manager instance with gitlab-runner and its `docker+machine` executor, and all that its workers need.

    The workers themselves are not resources of the stack: the manager starts and removes them, the last ones when
    the stack is destroyed. The type is `gitlab-runner-aws:index:AutoscalingRunner`.

    Args:
        name: What the names of all its resources begin with; another name replaces them.
        args: The settings, the tokens, and where it goes.
        opts: Provider, protection, aliases and so on; they hold for all its resources.

    Raises:
        pulumi.RunError: With all errors in the settings, before anything is registered with the engine.

    Attributes:
        manager_address: The manager's address for SSH: a public one, unless `manager.publicAddress` is false.
        manager_instance_id: The manager's EC2 instance; None with `manager.host`, an existing host.
        cache_bucket: The bucket that was made; None where the cache is elsewhere, or there is none.
        connection: How the manager is reached, for remote commands of your own. It holds a private key, a secret.
        config_toml: What is live on the manager, with placeholders such as `<secret:token>` where it has secrets.
        runner_ids: The ids at GitLab of the pools' runners, by the pools' names, or by those of their entries where
            each of these has a runner.
    """

    manager_address: pulumi.Output[str]
    manager_instance_id: pulumi.Output[str] | None
    cache_bucket: pulumi.Output[str] | None
    connection: command.remote.ConnectionArgs
    config_toml: pulumi.Output[str]
    runner_ids: pulumi.Output[dict[str, int]]

    def __init__(self, name: str, args: AutoscalingRunnerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:AutoscalingRunner", name, None, opts)
        self._name, self._args = name, args
        given = resolved_args(args, self)
        self._region, self._settings, settings = given.region, given.settings, given.settings
        self._tokens = {name: pulumi.Output.from_input(token) for name, token in args.tokens().items()}
        # Distinguishes this deployment's resources and machines from others in the account. Projects and stacks have no
        # slash in their names.
        self._deployment = f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"
        # For people, in GitLab. Until 0.2.0 it was the tag's value too.
        self._label = f"{pulumi.get_stack()}-{name}"
        self._tags = {**settings.tags, DEPLOYMENT_TAG: self._deployment}
        self._images = {
            key: image(lookup, self) for key, lookup in settings.image_lookups(partition(self._region)).items()
        }
        child = pulumi.ResourceOptions(parent=self)

        cache = None
        if settings.cache.makes_bucket:
            cache = Cache(f"{name}-cache", CacheArgs(settings=settings.cache, tags=self._tags), child)
        network = Network(f"{name}-network", self._network_args(given.existing), child)
        identity = Identity(f"{name}-identity", self._identity_args(network, cache), child)
        groups = self._worker_groups(network, identity, child)
        manager = Manager(f"{name}-manager", self._manager_args(network, identity), child)
        watch = None
        if settings.manager.alarms or settings.manager.logs:
            watch = Watch(f"{name}-watch", self._watch_args(manager, identity), child)
        created = self._created_resources(network, identity, cache)
        needs = [network, identity, *([cache] if cache else []), *groups]
        registration_args = self._registration_args(created, network, identity, manager, watch, needs)
        registration = Registration(f"{name}-registration", registration_args, child)

        self.manager_address = manager.address
        self.manager_instance_id = manager.instance_id
        self.cache_bucket = cache.bucket_name if cache else None
        self.connection = manager.connection
        self.config_toml = registration.config_toml
        self.runner_ids = registration.runner_ids
        # The engine keeps them only once all that is above is done: they are what was last deployed, and the old values
        # of the next preview's note.
        self.register_outputs(
            {
                "settings": settings.given(),
                "secret_names": sorted({**self._tokens, **self._secrets_of_config()}),
                "manager_address": self.manager_address,
                "manager_instance_id": self.manager_instance_id,
                "cache_bucket": self.cache_bucket,
                "config_toml": self.config_toml,
                "runner_ids": self.runner_ids,
            }
        )

    def _network_args(self, existing: ExistingResources) -> NetworkArgs:
        manager = self._settings.manager
        return NetworkArgs(
            settings=self._settings.network,
            region=self._region,
            existing=self._args.network or existing.network,
            ssh_from=manager.ssh_from or (),
            ssh_port=manager.ssh_port,
            metrics_from=manager.metrics_from or (),
            metrics_port=self._settings.metrics_port,
            manager_group_id=manager.host.security_group_id if manager.host else None,
            public_manager=manager.public_address,
            docker_port=bool(self._settings.pools_of("docker+machine")),
            tags=self._tags,
        )

    def _identity_args(self, network: Network, cache: Cache | None) -> IdentityArgs:
        settings = self._settings
        return IdentityArgs(
            settings=settings.identity,
            region=self._region,
            deployment=self._deployment,
            vpc_arn=network.vpc_arn,
            workers=self._worker_bounds(network) if settings.pools_of("docker+machine") else None,
            groups=groups_by_user(settings, self._deployment),
            cache=self._cache_grant(cache),
            token=token_access.reading(settings),
            ssm=settings.manager.ssm,
            tags=self._tags,
        )

    def _worker_bounds(self, network: Network) -> WorkerBounds:
        settings = self._settings
        own_images = [pool.ami for pool in settings.pools_of("docker+machine") if pool.ami]
        further = [network.arn_of_subnet(subnet) for subnet in further_subnets(settings)]
        return WorkerBounds(
            subnet_arns=[*network.subnet_arns, *further],
            group_arn=network.worker_group_arn,
            image_ids=[*own_images, *(self._images[key] for key in looked_up_images(settings))],
            plain={
                **worker_bounds(settings),
                "deployment": self._deployment,
                # Whatever the stack was called: a machine that is started meanwhile must not be refused.
                "former_deployments": [f"{pulumi.get_project()}/*/{self._name}", self._label],
            },
        )

    def _cache_grant(self, cache: Cache | None) -> CacheGrant | None:
        given = self._settings.cache
        if not given.at_amazon or given.s3.access_key is not None:
            return None
        arn = cache.bucket_arn if cache else f"arn:{partition(self._region)}:s3:::{given.s3.bucket_name}"
        return CacheGrant(
            bucket_arn=arn, kms_key=given.kms_key, role_arn=given.s3.role_arn, upload_role=given.upload_role
        )

    def _worker_groups(self, network: Network, identity: Identity, opts: pulumi.ResourceOptions) -> list[WorkerGroup]:
        groups = []
        for pool in self._settings.pools_of("docker-autoscaler"):
            spec = group_spec(self._settings, pool, self._deployment)
            args = WorkerGroupArgs(
                spec=spec,
                user_data=user_data(pool),
                subnet_ids=[network.subnet_ids[self._region + zone] for zone in spec.zones],
                security_group_id=network.worker_group_id,
                instance_profile=identity.worker_profile,
                images=self._images,
            )
            groups.append(WorkerGroup(f"{self._name}-workers-{pool.name}", args, opts))
        return groups

    def _manager_args(self, network: Network, identity: Identity) -> ManagerArgs:
        return ManagerArgs(
            settings=self._settings.manager,
            region=self._region,
            subnet_id=network.manager_subnet_id,
            security_group_id=network.manager_group_id,
            instance_profile=identity.manager_profile,
            secrets=self._args.secrets,
            tags=self._tags,
        )

    def _watch_args(self, manager: Manager, identity: Identity) -> WatchArgs:
        return WatchArgs(
            region=self._region,
            deployment=self._deployment,
            instance_id=manager.instance_id,
            manager_role=identity.manager_role,
            manager_user=identity.manager_user,
            iam_path=self._settings.identity.path,
            alarms=self._settings.manager.alarms,
            logs=self._settings.manager.logs,
            passes=self._settings.manager.watch,
            tags=self._tags,
        )

    def _registration_args(
        self,
        created: pulumi.Output[CreatedResources],
        network: Network,
        identity: Identity,
        manager: Manager,
        watch: Watch | None,
        needs: Sequence[pulumi.Resource],
    ) -> RegistrationArgs:
        settings = self._settings
        return RegistrationArgs(
            connection=manager.connection,
            host=manager.identity,
            settings=settings.manager,
            config_toml=created.apply(self._config_toml),
            gitlab=gitlab_plan(
                settings, deployment=self._label, region=self._region, secret=next(iter(self._tokens), None)
            ),
            secrets={**self._tokens, **self._secrets_of_config(), **identity.secrets},
            drain_seconds=settings.drain_seconds,
            autoscaler_region=self._region if settings.pools_of("docker-autoscaler") else None,
            pools={
                entry.name: entry.name if settings.own_runners else pool.name
                for pool in settings.pools
                for entry in pool_entries(settings, pool)
            },
            user_data={pool.name: pool.user_data for pool in settings.pools_of("docker+machine") if pool.user_data},
            registries=ecr.registries(settings.identity.ecr, network.vpc_arn),
            watch=self._watch_settings(created, network, identity, manager, watch),
            needs=needs,
        )

    def _watch_settings(
        self,
        created: pulumi.Output[CreatedResources],
        network: Network,
        identity: Identity,
        manager: Manager,
        watch: Watch | None,
    ) -> pulumi.Output[str]:
        late = pulumi.Output.all(
            created=created,
            deployment=self._deployment,
            formerly=[self._label],
            manager=manager.instance_name,
            region=self._region,
            vpc=network.vpc_id,
            profile=identity.worker_profile,
            group=network.worker_group_name,
            log_group=watch.journal_group if watch else None,
        )
        return late.apply(lambda known: json.dumps(watch_settings(self._settings, **known), indent=2))

    def _secrets_of_config(self) -> dict[str, pulumi.Input[str]]:
        """Return the secrets less those that only the way to the manager needs: they don't belong on it."""
        settings, way = self._settings, {"bastion", "host"}
        of_the_way = {*secret_names(settings.manager.model_dump_json(include=way))}
        if of_the_way:
            of_the_way -= {*secret_names(settings.model_dump_json(exclude={"manager": way}))}
        return {name: secret for name, secret in self._args.secrets.items() if name not in of_the_way}

    def _config_toml(self, created: CreatedResources) -> str:
        return show_incomplete(render(self._settings, created), self)

    def _created_resources(
        self, network: Network, identity: Identity, cache: Cache | None
    ) -> pulumi.Output[CreatedResources]:
        late = pulumi.Output.all(
            deployment=self._deployment,
            region=self._region,
            bucket_region=self._region,
            vpc_id=or_marker(network.vpc_id),
            subnets=pulumi.Output.all(**{zone: or_marker(id_) for zone, id_ in network.subnet_ids.items()}),
            security_group=or_marker(network.worker_group_name),
            instance_profile=or_marker(identity.worker_profile),
            bucket=or_marker(cache.bucket_name) if cache else None,
            cache_role=or_marker(identity.cache_role_arn) if identity.cache_role_arn else None,
            images=pulumi.Output.all(**{key: or_marker(id_) for key, id_ in self._images.items()}),
        )
        return late.apply(lambda known: CreatedResources(**known))
