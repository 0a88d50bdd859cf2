"""Settings of a stack, checked, and the config.toml that follows from them. Pure: no Pulumi, no AWS, no network."""

from .document import MARKER, Facts, document, render
from .gitlab_plan import gitlab_plan
from .instance_types import architecture
from .models.cache import CacheSettings
from .models.identity import IdentitySettings
from .models.image import ImageLookup, published_image
from .models.manager import Alarms, Bastion, ExistingHost, Logs, ManagerSettings
from .models.network import DEFAULT_VPC, NetworkSettings
from .models.settings import Settings
from .models.tags import DEPLOYMENT_TAG
from .models.watch import WatchSettings
from .outside import SECRETS
from .parsing import parse, problems_of
from .placeholders import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TOKEN, TOKEN_PLACEHOLDER, TOKENS, secret_names
from .problems import NAMESPACE, Problem, SettingsError, in_words_of, problem
from .regions import partition
from .rules.cautions import cautions
from .runner_token import check_token
from .subnets import ipv6_slice, subnet_cidrs
from .surroundings import ExistingNetwork, ExistingSubnet, Surroundings, placed, surrounding_problems
from .watch import watch_settings
from .worker_bounds import further_subnets, worker_bounds

__all__ = [
    "ACCESS_KEY_ID",
    "DEFAULT_VPC",
    "DEPLOYMENT_TAG",
    "MARKER",
    "NAMESPACE",
    "SECRETS",
    "SECRET_ACCESS_KEY",
    "TOKEN",
    "TOKENS",
    "TOKEN_PLACEHOLDER",
    "Alarms",
    "Bastion",
    "CacheSettings",
    "ExistingHost",
    "ExistingNetwork",
    "ExistingSubnet",
    "Facts",
    "IdentitySettings",
    "ImageLookup",
    "Logs",
    "ManagerSettings",
    "NetworkSettings",
    "Problem",
    "Settings",
    "SettingsError",
    "Surroundings",
    "WatchSettings",
    "architecture",
    "cautions",
    "check_token",
    "document",
    "further_subnets",
    "gitlab_plan",
    "in_words_of",
    "ipv6_slice",
    "parse",
    "partition",
    "placed",
    "problem",
    "problems_of",
    "published_image",
    "render",
    "secret_names",
    "subnet_cidrs",
    "surrounding_problems",
    "watch_settings",
    "worker_bounds",
]
