"""Settings of a stack, checked, and the config.toml that follows from them. Pure: no Pulumi, no AWS, no network."""

from .base.instance_types import architecture
from .base.outside import SECRETS
from .base.placeholders import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TOKEN, TOKEN_PLACEHOLDER, TOKENS, secret_names
from .base.problems import NAMESPACE, Problem, SettingsError, in_words_of, problem
from .base.regions import partition
from .base.runner_token import check_token
from .base.subnets import ipv6_slice, subnet_cidrs
from .base.tags import DEPLOYMENT_TAG
from .checks.cautions import cautions
from .checks.parsing import parse, problems_of
from .checks.surroundings import surrounding_problems
from .executors.docker_machine.permissions import further_subnets, worker_bounds
from .executors.facts import MARKER, Facts
from .render.document import document, render
from .settings.cache import CacheSettings
from .settings.identity import IdentitySettings
from .settings.image import ImageLookup, published_image
from .settings.manager import Alarms, Bastion, ExistingHost, Logs, ManagerSettings
from .settings.network import DEFAULT_VPC, NetworkSettings
from .settings.stack import Settings
from .settings.surroundings import ExistingNetwork, ExistingSubnet, Surroundings, placed
from .settings.watch import WatchSettings

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
    "worker_bounds",
]
