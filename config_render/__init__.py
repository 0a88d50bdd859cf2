"""Settings of a stack, checked, and the config.toml that follows from them. Pure: no Pulumi, no AWS, no network."""

from .cache import CacheSettings
from .cautions import cautions
from .document import Facts, document, render, settings_digest
from .instance_types import architecture
from .manager import STOP_SECONDS, ManagerSettings
from .parsing import SECRETS, parse, problems_of
from .placeholders import TOKEN, TOKEN_PLACEHOLDER
from .problems import Problem, SettingsError
from .runner_token import check_token
from .settings import NetworkSettings, Settings
from .subnets import subnet_cidrs

__all__ = [
    "SECRETS",
    "STOP_SECONDS",
    "TOKEN",
    "TOKEN_PLACEHOLDER",
    "CacheSettings",
    "Facts",
    "ManagerSettings",
    "NetworkSettings",
    "Problem",
    "Settings",
    "SettingsError",
    "architecture",
    "cautions",
    "check_token",
    "document",
    "parse",
    "problems_of",
    "render",
    "settings_digest",
    "subnet_cidrs",
]
