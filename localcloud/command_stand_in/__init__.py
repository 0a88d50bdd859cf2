"""Stand-in for the pulumi-command provider 1.2.1: commands on remote hosts over SSH, and texts copied there.

It behaves as recordings/command_provider_rpc.json shows, and where that is silent as the provider's source does. Local
commands are refused, and so are archives; an SSH agent is used only when the connection names its socket.
"""

from .servicer import CommandProviderStandIn

__all__ = ["CommandProviderStandIn"]
