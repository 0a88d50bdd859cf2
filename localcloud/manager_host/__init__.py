"""The manager host stand-in: throw-away machines with a real SSH server, for emulated EC2 instances."""

from .host import HostUnavailableError, ManagerHost
from .hypervisor import Hypervisor
from .user_data import UserDataError

__all__ = ["HostUnavailableError", "Hypervisor", "ManagerHost", "UserDataError"]
