"""Settings of a stack, checked, and the config.toml that follows from them. Pure: no Pulumi, no AWS, no network."""

from .cache import CacheSettings
from .document import Facts, document, render
from .instance_types import architecture
from .manager import ManagerSettings
from .parsing import parse, problems_of
from .problems import Problem, SettingsError
from .runner_token import TOKEN_PLACEHOLDER, check_token
from .settings import NetworkSettings, Settings
from .subnets import subnet_cidrs

__all__ = [
    "TOKEN_PLACEHOLDER",
    "CacheSettings",
    "Facts",
    "ManagerSettings",
    "NetworkSettings",
    "Problem",
    "Settings",
    "SettingsError",
    "architecture",
    "check_token",
    "document",
    "parse",
    "problems_of",
    "render",
    "subnet_cidrs",
]
