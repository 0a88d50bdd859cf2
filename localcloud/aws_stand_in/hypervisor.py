"""Stand-in for pulumi-aws: what it needs from whoever runs the machines behind emulated EC2 instances."""

from typing import Protocol


class Hypervisor(Protocol):
    """Starts and ends the throw-away machine behind an emulated EC2 instance."""

    def boot(self, instance_id: str, user_data: str, authorized_key: str) -> str:
        """Start the machine and return its public address, on loopback.

        `user_data` is in clear text; `authorized_key` is one line of OpenSSH's `authorized_keys`.
        """
        ...

    def terminate(self, instance_id: str) -> None:
        """End the machine; one that is gone already is no error."""
        ...

    def address(self, instance_id: str) -> str | None:
        """The public address of a machine that runs; None when there is none."""
        ...
