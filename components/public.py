"""Everything that other programs may rely on; loaded when one of it is first asked for."""

from config_render import (
    CacheSettings,
    IdentitySettings,
    ManagerSettings,
    NetworkSettings,
    Problem,
    Settings,
    SettingsError,
    Surroundings,
    parse,
)

from .autoscaling_runner import AutoscalingRunner
from .cache import Cache, CacheArgs
from .exports import stack_outputs
from .network import GivenNetwork
from .runner_args import AutoscalingRunnerArgs
from .stack_settings import StackSettings, read_stack

__all__ = [
    "AutoscalingRunner",
    "AutoscalingRunnerArgs",
    "Cache",
    "CacheArgs",
    "CacheSettings",
    "GivenNetwork",
    "IdentitySettings",
    "ManagerSettings",
    "NetworkSettings",
    "Problem",
    "Settings",
    "SettingsError",
    "StackSettings",
    "Surroundings",
    "parse",
    "read_stack",
    "stack_outputs",
]
