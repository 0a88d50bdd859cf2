"""What happens on the manager: installation, registration, config.toml, and the clean-up at the end.

Remote commands, each re-run in place when what it is fed with changes. None uses `triggers`: those replace the
command, and a replacement runs the new one before the old one's `delete`, which would unregister the successor.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command

from config_render import TOKEN, ManagerSettings

from .downloads import downloads
from .manager_tool.config import END
from .sealing import seal
from .tool_bundle import TARGET, bundle, unpack


@dataclass(frozen=True, kw_only=True)
class RegistrationArgs:
    """What is to be on the manager."""

    connection: command.remote.ConnectionArgs
    settings: ManagerSettings

    config_toml: pulumi.Input[str]
    """With placeholders where it has secrets, so that a preview can show it."""

    token: pulumi.Input[str]
    """The runner's authentication token; made secret here."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """What config.toml's further placeholders stand for, by their names; made secret here."""

    user_data: Mapping[str, str] = field(default_factory=dict)
    """User data of machines, by the names of the pools that have some."""

    needs: Sequence[pulumi.Resource] = ()
    """What workers need: it must be there before the runner starts, and until the last worker is gone."""


class Registration(pulumi.ComponentResource):
    """The runner on an existing host that is reached by SSH."""

    config_toml: pulumi.Output[str]

    def __init__(self, name: str, args: RegistrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Registration", name, None, opts)
        sudo = "" if args.settings.login == "root" else "sudo -n "

        def step(
            what: str,
            create: str,
            stdin: pulumi.Input[str],
            after: Sequence[pulumi.Resource],
            delete: str | None = None,
        ) -> command.remote.Command:
            return command.remote.Command(
                f"{name}-{what}",
                connection=args.connection,
                create=create,
                delete=delete,
                stdin=stdin,
                add_previous_output_in_env=False,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after), retain_on_delete=args.settings.lost),
            )

        source = bundle()
        tool = step("tool", f"{sudo}sh -c {shlex.quote(unpack(source))}", source, [])
        key = step("key", f"{sudo}{TARGET} key", "", [tool])
        # Its `delete` is the end of the runner's life: it comes first of all at a destroy, when the network, the
        # identities and the bucket that the removal needs are still there.
        installed = step(
            "install",
            f"{sudo}{TARGET} install",
            json.dumps(downloads(args.settings), indent=2),
            [tool, *args.needs],
            delete=f"{sudo}{TARGET} remove",
        )
        clear = pulumi.Output.secret({TOKEN: args.token, **args.secrets})
        sealed = pulumi.Output.all(key.stdout, clear).apply(
            lambda values: json.dumps({name: seal(values[0], text) for name, text in sorted(values[1].items())})
        )
        secrets = step("secrets", f"{sudo}{TARGET} secrets", sealed, [installed])
        before = [secrets]
        if args.user_data:
            before.append(step("user-data", f"{sudo}{TARGET} user-data", json.dumps(args.user_data, indent=2), [tool]))
        self.config_toml = pulumi.Output.from_input(args.config_toml)
        # The last line tells the manager that the text arrived whole.
        whole = self.config_toml.apply(lambda text: f"{text}{END}\n")
        step("config", f"{sudo}{TARGET} config", whole, before)

        self.register_outputs({"config_toml": self.config_toml})
