"""Settings of a stack, checked, and the config.toml that follows from them. Pure: no Pulumi, no AWS, no network."""

from .base.instance_types import architecture
from .base.other_settings import SECRETS
from .base.placeholders import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TOKEN, TOKEN_PLACEHOLDER, TOKENS, secret_names
from .base.problems import NAMESPACE, Problem, SettingsError, in_words_of, problem
from .base.regions import partition
from .base.runner_token import check_token
from .base.subnets import ipv6_slice, subnet_cidrs
from .base.tags import DEPLOYMENT_TAG
from .checks.existing import existing_problems
from .checks.parsing import parse, problems_of
from .checks.warnings import warnings_of
from .executors.created import MARKER, CreatedResources
from .executors.docker_machine.permissions import further_subnets, worker_bounds
from .render.document import document, render
from .settings.cache import CacheSettings
from .settings.existing import ExistingNetwork, ExistingResources, ExistingSubnet, with_existing_zones
from .settings.identity import IdentitySettings
from .settings.image import ImageLookup, published_image
from .settings.manager import Alarms, Bastion, ExistingHost, Logs, ManagerSettings
from .settings.network import DEFAULT_VPC, NetworkSettings
from .settings.stack import Settings
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
    "CreatedResources",
    "ExistingHost",
    "ExistingNetwork",
    "ExistingResources",
    "ExistingSubnet",
    "IdentitySettings",
    "ImageLookup",
    "Logs",
    "ManagerSettings",
    "NetworkSettings",
    "Problem",
    "Settings",
    "SettingsError",
    "WatchSettings",
    "architecture",
    "check_token",
    "document",
    "existing_problems",
    "further_subnets",
    "in_words_of",
    "ipv6_slice",
    "parse",
    "partition",
    "problem",
    "problems_of",
    "published_image",
    "render",
    "secret_names",
    "subnet_cidrs",
    "warnings_of",
    "with_existing_zones",
    "worker_bounds",
]
