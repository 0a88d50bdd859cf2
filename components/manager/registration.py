"""What happens on the manager: installation, registration, config.toml, and the clean-up at the end.

Remote commands, each re-run in place when what it is fed with changes. None of these uses `triggers`: those replace
the command, and a replacement runs the new one before the old one's `delete`, which would unregister the successor.

One more command stands for the runner's life on one host. Its `triggers` are the host itself, and there they are right:
once the successor's steps are done, the old host is drained, with the connection that the state has kept of it, and
only then can its instance go.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command

from config_render import ManagerSettings

from ..manager_tool.contract.constants import END, TARGET
from ..manager_tool.contract.documents import GitLabPlan
from ..preview import or_marker
from .installation import installation
from .step_warnings import warning_hooks
from .tool_bundle import as_root, bundle, unpack

_REMOVAL_SECONDS = 3600
"""How long the end may take after the last job: hundreds of machines, each tried again where AWS refuses."""


@dataclass(frozen=True, kw_only=True)
class RegistrationArgs:
    """What is to be on the manager."""

    connection: command.remote.ConnectionArgs
    host: pulumi.Input[str]
    """What distinguishes this host from any other: its end is the end of the runner's life on it."""

    settings: ManagerSettings

    watch: pulumi.Input[str]
    """The settings of the watch, as JSON."""

    config_toml: pulumi.Input[str]
    """With placeholders where it has secrets, so that a preview can show it."""

    gitlab: GitLabPlan
    """What the manager is told of GitLab."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """The tokens, and what config.toml's placeholders stand for, by their names; made secret here."""

    pools: Mapping[str, str] = field(default_factory=dict)
    """The names of pools by those of their sections in config.toml."""

    user_data: Mapping[str, str] = field(default_factory=dict)
    """User data of machines, by the names of the pools that have some."""

    drain_seconds: int = 0
    """What gitlab-runner may take to remove all machines once its last job has ended."""

    autoscaler_region: str | None = None
    """The region of the Auto Scaling groups; None where no pool has the executor docker-autoscaler."""

    registries: pulumi.Input[Sequence[str]] = ()
    """Registries of Amazon ECR that jobs have images in."""

    needs: Sequence[pulumi.Resource] = ()
    """What workers need: it must be there before the runner starts, and until the last worker is gone."""


class Registration(pulumi.ComponentResource):
    """The runner on an existing host that is reached by SSH."""

    config_toml: pulumi.Output[str]
    runner_ids: pulumi.Output[dict[str, int]]
    """Ids at GitLab of the pools' runners, as the manager learned them."""

    def __init__(self, name: str, args: RegistrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Registration", name, None, opts)
        self._name, self._args = name, args
        self._warnings = warning_hooks(f"{name}-warnings")
        self._sudo = "" if args.settings.login == "root" else "sudo -n "
        tool = self._step("tool", as_root(unpack(bundle()), args.settings.login), [], bundle())
        given = pulumi.Output.secret({**args.secrets})
        drift = args.settings.drift
        # Before the installation, whose downloads may need the proxy.
        plan = json.dumps(args.gitlab, indent=2)
        gitlab = self._tool_step("gitlab", f"gitlab {drift}", [self._life(tool), *args.needs], plan)
        secrets = self._tool_step("secrets", f"secrets {drift}", [gitlab], _as_json(given))
        # An upgrade may wait for jobs for hours. The provider sets no limit of its own as long as no `custom_timeouts`
        # are given, and the lines that the tool prints meanwhile keep the connection in use.
        wanted = installation(args.settings, args.drain_seconds, args.autoscaler_region)
        programs = pulumi.Output.from_input(args.registries).apply(
            lambda known: json.dumps({**wanted, **({"registries": [*known]} if known else {})}, indent=2)
        )
        before = [self._tool_step("install", "install", [secrets, *args.needs], programs)]
        if args.user_data:
            user_data = json.dumps(args.user_data, indent=2)
            before.append(self._tool_step("user-data", "user-data", [tool], user_data))
        self.config_toml = pulumi.Output.from_input(args.config_toml)
        # The last line tells the manager that the text arrived whole.
        whole = self.config_toml.apply(lambda text: f"{text}{END}\n")
        config = self._tool_step("config", f"config {drift}", before, whole)
        # Last: it knows machines by the live config.toml.
        self._tool_step("watch", "watch-settings", [config], args.watch)
        self.runner_ids = self._runner_ids(given, config)

        self.register_outputs({"config_toml": self.config_toml, "runner_ids": self.runner_ids})

    def _runner_ids(self, secrets: pulumi.Output[object], config: pulumi.Resource) -> pulumi.Output[dict[str, int]]:
        pools, gitlab = self._args.pools, self._args.gitlab
        # Asked again only when another answer may come, so that a preview of any other change knows it. The digest is
        # secret as well: whoever has it can try guesses.
        source = {key: gitlab.get(key) for key in ("url", "token")}
        digest = _as_json(secrets).apply(lambda text: hashlib.sha256(text.encode()).hexdigest())
        facts = _as_json(digest.apply(lambda known: {**source, "secrets": known, "sections": [*pools]}))
        told = self._tool_step("runners", "runner-ids", [config], facts, command.remote.Logging.NONE)
        # Ids are no secret, whatever the step was given.
        return pulumi.Output.unsecret(told.stdout).apply(
            lambda text: {pools[name]: id_ for name, id_ in json.loads(text).items() if name in pools}
        )

    def _tool_step(
        self,
        what: str,
        call: str,
        after: Sequence[pulumi.Resource],
        stdin: pulumi.Input[str] = "",
        logging: command.remote.Logging | None = None,
    ) -> command.remote.Command:
        return self._step(what, f"{self._sudo}{TARGET} {call}", after, stdin, logging)

    def _step(
        self,
        what: str,
        create: str,
        after: Sequence[pulumi.Resource],
        stdin: pulumi.Input[str],
        logging: command.remote.Logging | None = None,
    ) -> command.remote.Command:
        return command.remote.Command(
            f"{self._name}-{what}",
            connection=self._args.connection,
            create=self._here(create),
            stdin=stdin,
            logging=logging,
            add_previous_output_in_env=False,
            opts=self._options(after),
        )

    def _life(self, tool: pulumi.Resource) -> command.remote.Command:
        """The runner's life on this host, of which the host takes note, for the end of another life to leave it alone.

        It begins before all that its end undoes, so that an `up` that stopped partway can be destroyed. At a destroy
        it ends first of all, when the network, the identities and the bucket that the removal needs are still there.
        """
        settings = self._args.settings
        wanted = {"runningJobs": settings.running_jobs, "stopTimeout": settings.stop_timeout}
        options = self._options(
            [tool, *self._args.needs],
            pulumi.CustomTimeouts(delete=f"{settings.stop_timeout + _REMOVAL_SECONDS}s"),
        )
        # Of two managers on one Auto Scaling group each removes the other's machines, and with them their jobs.
        options.delete_before_replace = self._args.autoscaler_region is not None or None
        return command.remote.Command(
            f"{self._name}-life",
            connection=self._args.connection,
            create=self._here(f"{self._sudo}{TARGET} life"),
            # A change here is no other life, but a creation on the same host would be.
            update=f"{self._sudo}{TARGET} life again",
            delete=f"{self._sudo}{TARGET} remove",
            stdin=pulumi.Output.json_dumps({"host": self._args.host, **wanted}),
            triggers=[self._args.host],
            add_previous_output_in_env=False,
            opts=options,
        )

    def _here(self, call: str) -> pulumi.Input[str]:
        if again := self._args.settings.rerun:
            call = f"{call} # run {again}"
        if not self._args.settings.elastic_ip:
            return call
        # The address moves to the next instance, so that nothing else would tell that the step is to be done there.
        return pulumi.Output.format("{0} # on {1}", call, or_marker(self._args.host))

    def _options(
        self, after: Sequence[pulumi.Resource], timeouts: pulumi.CustomTimeouts | None = None
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=list(after),
            retain_on_delete=self._args.settings.lost,
            custom_timeouts=timeouts,
            hooks=self._warnings,
        )


def _as_json(content: pulumi.Output[object]) -> pulumi.Output[str]:
    # Sorted: another order would be a difference.
    return content.apply(lambda known: json.dumps(known, sort_keys=True))
