"""Settings of a stack, checked, and the config.toml that follows from them. Pure: no Pulumi, no AWS, no network."""

from .document import MARKER, Facts, document, render, settings_digest
from .instance_types import architecture
from .models.cache import CacheSettings
from .models.manager import STOP_SECONDS, ManagerSettings
from .models.settings import NetworkSettings, Settings
from .models.tags import DEPLOYMENT_TAG
from .parsing import SECRETS, parse, problems_of
from .placeholders import TOKEN, TOKEN_PLACEHOLDER
from .problems import Problem, SettingsError
from .rules.cautions import cautions
from .runner_token import check_token
from .subnets import subnet_cidrs

__all__ = [
    "DEPLOYMENT_TAG",
    "MARKER",
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
