"""The manager: the one instance that always runs, and how to reach it."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command
import pulumi_tls as tls

from config_render import ManagerSettings, architecture

from . import aws
from .images import ubuntu_image

_DIAL_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class ManagerArgs:
    """What a caller decides about a `Manager`."""

    settings: ManagerSettings
    subnet_id: pulumi.Input[str]
    security_group_id: pulumi.Input[str]
    instance_profile: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class Manager(pulumi.ComponentResource):
    """An EC2 instance whose SSH host key is known before it boots, so that nobody can stand in for it."""

    address: pulumi.Output[str]
    instance_id: pulumi.Output[str]
    connection: command.remote.ConnectionArgs

    def __init__(self, name: str, args: ManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Manager", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings

        login = tls.PrivateKey(f"{name}-login", algorithm="ED25519", opts=child)
        host = tls.PrivateKey(f"{name}-host", algorithm="ED25519", opts=child)
        key_pair = aws.KeyPair(f"{name}-login", public_key=login.public_key_openssh, tags=dict(args.tags), opts=child)
        image = settings.ami or ubuntu_image(architecture(settings.instance_type), self)

        user_data: pulumi.Input[str] = pulumi.Output.all(host.private_key_openssh, host.public_key_openssh).apply(
            lambda keys: cloud_config(*keys)
        )

        # Renaming it, or another image, replaces the manager: its jobs and machines are lost.
        instance = aws.Instance(
            f"{name}-instance",
            ami=image,
            instance_type=settings.instance_type,
            subnet_id=args.subnet_id,
            vpc_security_group_ids=[args.security_group_id],
            associate_public_ip_address=True,
            iam_instance_profile=args.instance_profile,
            key_name=key_pair.key_name,
            user_data=pulumi.Output.secret(user_data),
            metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
            root_block_device={"volume_size": settings.root_size, "volume_type": "gp3", "encrypted": True},
            tags={**args.tags, "Name": name},
            # A newer image must not replace a running manager; user data matters at the first boot alone.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["ami", "userData"]),
        )

        self.address, self.instance_id = instance.public_ip, instance.id
        self.connection = command.remote.ConnectionArgs(
            host=instance.public_ip,
            port=settings.ssh_port,
            user=settings.user,
            private_key=login.private_key_openssh,
            host_key=host.public_key_openssh.apply(str.strip),
            dial_error_limit=settings.connect_attempts,
            per_dial_timeout=_DIAL_SECONDS,
        )
        self.register_outputs({"address": self.address, "instance_id": self.instance_id})


def cloud_config(private_key: str, public_key: str) -> str:
    """The user data that gives the instance its SSH host key, as cloud-init's `ssh_keys` wants it."""
    return (
        "#cloud-config\n"
        "ssh_deletekeys: true\n"
        "ssh_genkeytypes: []\n"
        "ssh_keys:\n"
        "  ed25519_private: |\n"
        f"{textwrap.indent(private_key.strip(), '    ')}\n"
        f"  ed25519_public: {public_key.strip()}\n"
    )
