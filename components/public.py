"""Everything that other programs may rely on."""

from config_render import (
    CacheSettings,
    ExistingResources,
    IdentitySettings,
    ManagerSettings,
    NetworkSettings,
    Problem,
    Settings,
    SettingsError,
    parse,
)

from .args import AutoscalingRunnerArgs
from .autoscaling_runner import AutoscalingRunner
from .cache import Cache, CacheArgs
from .dicts import PoolDict, SettingsDict
from .exports import stack_outputs
from .network import GivenNetwork
from .resolve.stack_settings import StackSettings, read_stack

__all__ = [
    "AutoscalingRunner",
    "AutoscalingRunnerArgs",
    "Cache",
    "CacheArgs",
    "CacheSettings",
    "ExistingResources",
    "GivenNetwork",
    "IdentitySettings",
    "ManagerSettings",
    "NetworkSettings",
    "PoolDict",
    "Problem",
    "Settings",
    "SettingsDict",
    "SettingsError",
    "StackSettings",
    "parse",
    "read_stack",
    "stack_outputs",
]
