"""An autoscaling GitLab Runner on AWS EC2, as Pulumi components."""

from .autoscaling_runner import AutoscalingRunner, AutoscalingRunnerArgs
from .cache import Cache, CacheArgs
from .identity import Identity, IdentityArgs
from .manager import Manager, ManagerArgs
from .network import Network, NetworkArgs
from .registration import Registration, RegistrationArgs
from .stack_settings import StackSettings, read_stack

__all__ = [
    "AutoscalingRunner",
    "AutoscalingRunnerArgs",
    "Cache",
    "CacheArgs",
    "Identity",
    "IdentityArgs",
    "Manager",
    "ManagerArgs",
    "Network",
    "NetworkArgs",
    "Registration",
    "RegistrationArgs",
    "StackSettings",
    "read_stack",
]
