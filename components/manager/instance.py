"""The manager: the one instance that always runs, and how to reach it."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command
import pulumi_tls as tls

from config_render import Bastion, ExistingHost, ManagerSettings, architecture, partition, published_image, secret_names

from .. import aws
from ..images import image

_DIAL_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class ManagerArgs:
    """What a caller decides about a `Manager`."""

    settings: ManagerSettings
    region: str
    subnet_id: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    instance_profile: pulumi.Input[str] | None
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """What the settings' `<secret:NAME>` stand for, by their names."""

    tags: Mapping[str, str] = field(default_factory=dict)


class Manager(pulumi.ComponentResource):
    """An EC2 instance whose SSH host key is known before it boots, so that nobody can stand in for it.

    Or, where the settings name one, an existing host.
    """

    address: pulumi.Output[str]
    instance_id: pulumi.Output[str] | None = None
    """None for an existing host."""

    identity: pulumi.Output[str]
    """What distinguishes this host from any other, whatever its address: the instance's id, or the SSH host key."""

    instance_name: str
    """The instance's tag Name."""

    connection: command.remote.ConnectionArgs

    def __init__(self, name: str, args: ManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Manager", name, None, opts)
        self.instance_name, self._args = name, args
        if args.settings.host is None:
            self._make()
        else:
            self._take(args.settings.host)
        self.register_outputs({"address": self.address, "instance_id": self.instance_id})

    def _take(self, host: ExistingHost) -> None:
        self.address = pulumi.Output.from_input(host.address)
        self.identity = pulumi.Output.from_input(host.host_key)
        self.connection = self._connection(self._secret(host.private_key), host.host_key)

    def _make(self) -> None:
        name, args, child = self.instance_name, self._args, pulumi.ResourceOptions(parent=self)
        login = tls.PrivateKey(f"{name}-login", algorithm="ED25519", opts=child)
        host = tls.PrivateKey(f"{name}-host", algorithm="ED25519", opts=child)
        key_pair = aws.KeyPair(f"{name}-login", public_key=login.public_key_openssh, tags=dict(args.tags), opts=child)
        user_data = pulumi.Output.all(host.private_key_openssh, host.public_key_openssh).apply(
            lambda keys: cloud_config(*keys)
        )
        instance = self._instance(key_pair.key_name, pulumi.Output.secret(user_data))
        self.instance_id = self.identity = instance.id
        self.address = self._address(instance)
        self.connection = self._connection(login.private_key_openssh, host.public_key_openssh.apply(str.strip))

    def _instance(self, key_name: pulumi.Output[str], user_data: pulumi.Output[str]) -> aws.Instance:
        args, settings = self._args, self._args.settings
        built_for = architecture(settings.instance_type)
        lookup = settings.image or published_image(settings.os, built_for, partition(args.region))
        # User data matters at the first boot alone; and a newer image must not replace a running manager.
        ignored = ["userData"] if settings.replace_on_new_image else ["ami", "userData"]
        # Renaming it, or another subnet, replaces the manager.
        return aws.Instance(
            # One of the other architecture is another resource: a replacement would keep the image, which is ignored.
            f"{self.instance_name}-instance" + ("" if built_for == "x86_64" else f"-{built_for}"),
            ami=settings.ami or image(lookup, self),
            instance_type=settings.instance_type,
            subnet_id=args.subnet_id,
            vpc_security_group_ids=[args.security_group_id],
            associate_public_ip_address=settings.public_address,
            iam_instance_profile=args.instance_profile,
            key_name=key_name,
            user_data=user_data,
            monitoring=settings.monitoring or None,
            disable_api_stop=settings.stop_protection or None,
            disable_api_termination=settings.stop_protection or None,
            metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
            maintenance_options={"auto_recovery": "default"},
            root_block_device={"volume_size": settings.root_size, "volume_type": "gp3", "encrypted": True},
            volume_tags={**args.tags, "Name": self.instance_name},
            tags={**args.tags, "Name": self.instance_name},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignored),
        )

    def _address(self, instance: aws.Instance) -> pulumi.Output[str]:
        if not self._args.settings.elastic_ip:
            return instance.public_ip if self._args.settings.public_address else instance.private_ip
        child = pulumi.ResourceOptions(parent=self)
        fixed = aws.Eip(f"{self.instance_name}-address", domain="vpc", tags=dict(self._args.tags), opts=child)
        # The next instance gets the address only after the last one was drained: nobody else leads there.
        held = aws.EipAssociation(
            f"{self.instance_name}-address",
            allocation_id=fixed.allocation_id,
            instance_id=instance.id,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        # The same text, but in the engine's eyes a matter of the association: what hangs on it is replaced first.
        self.identity = held.instance_id
        return held.public_ip

    def _connection(self, private_key: pulumi.Input[str], host_key: pulumi.Input[str]) -> command.remote.ConnectionArgs:
        settings = self._args.settings
        return command.remote.ConnectionArgs(
            host=self.address,
            port=settings.ssh_port,
            user=settings.login,
            private_key=private_key,
            host_key=host_key,
            dial_error_limit=settings.connect_attempts,
            per_dial_timeout=_DIAL_SECONDS,
            proxy=None if settings.bastion is None else self._proxy(settings.bastion),
        )

    def _proxy(self, bastion: Bastion) -> command.remote.ProxyConnectionArgs:
        return command.remote.ProxyConnectionArgs(
            host=bastion.host,
            port=bastion.port,
            user=bastion.user,
            private_key=self._secret(bastion.private_key),
            host_key=bastion.host_key,
            dial_error_limit=self._args.settings.connect_attempts,
            per_dial_timeout=_DIAL_SECONDS,
        )

    def _secret(self, placeholder: str) -> pulumi.Output[str]:
        (name,) = secret_names(placeholder)
        return pulumi.Output.secret(self._args.secrets[name])


def cloud_config(private_key: str, public_key: str) -> str:
    """The user data that gives the instance its SSH host key, as cloud-init's `ssh_keys` wants it.

    With that, cloud-init makes no keys of its own. Source: `handle` in cloudinit/config/cc_ssh.py.
    """
    return (
        "#cloud-config\n"
        "ssh_deletekeys: true\n"
        "ssh_keys:\n"
        "  ed25519_private: |\n"
        f"{textwrap.indent(private_key.strip(), '    ')}\n"
        f"  ed25519_public: {public_key.strip()}\n"
    )
