"""A person's own project on the local cloud: a stack `local` in it, made from one of its stack files."""

from pathlib import Path

import yaml

from config_render.base.placeholders import TOKEN
from config_render.base.problems import NAMESPACE
from config_render.files.stack_file import read_stack_file

from . import control
from .cloud import LocalCloud, LocalCloudError, Project

STACK = "local"
_PREFIX = f"{NAMESPACE}:"
# The emulated AWS has no such parameter or secret of the person's.
_TOKEN_ELSEWHERE = ("tokenParameter", "tokenSecret")


def lead(cloud: LocalCloud, folder: Path, stack: str) -> tuple[str, ...]:
    """Make the stack `local` of a project, or its settings anew, from those of another stack.

    Returns the names of the secrets that the other stack has and this one lacks, since another key encrypts them.

    Args:
        cloud: A local cloud that runs.
        folder: Of a project whose settings are under `gitlab-runner-aws:`.
        stack: The stack whose settings are taken.

    Raises:
        LocalCloudError: There is no such project, or its Pulumi.local.yaml is a person's own.
        UnreadableFileError: The stack file can't be read.
    """
    if not (folder / "Pulumi.yaml").exists():
        raise LocalCloudError(f"{folder}: has no Pulumi.yaml; name the folder of a Pulumi project")
    target = folder / f"Pulumi.{STACK}.yaml"
    if target.exists() and not _leads_here(target):
        raise LocalCloudError(f"{target}: is not from here and would be replaced; rename it")
    file = read_stack_file(folder / f"Pulumi.{stack}.yaml")
    given = {key: value for key, value in file.settings.items() if key not in _TOKEN_ELSEWHERE}
    # Workers and their files go with the local cloud, and its hosts have no other user.
    given["manager"] = {**control.as_table(given.get("manager")), "user": "root"}
    given["cache"] = {**control.as_table(given.get("cache")), "forceDestroy": True}
    config = {"aws:region": file.region, **{f"{_PREFIX}{key}": value for key, value in given.items()}}
    project = Project(cloud, folder, STACK)
    if not target.exists():
        project.pulumi("stack", "select", "--create", STACK, "--secrets-provider", cloud.secrets_provider)
    project.configure(control.with_addresses(config, cloud))
    if not project.has(f"{_PREFIX}{TOKEN}"):
        project.set_secret(f"{_PREFIX}{TOKEN}", control.create_runner(cloud))
    secrets = (f"secrets.{name}" for name in file.secrets)
    others = (name for name in file.tokens if name != TOKEN)
    return tuple(f"{_PREFIX}{name}" for name in (*secrets, *others))


def _leads_here(target: Path) -> bool:
    config = control.as_table(control.as_table(yaml.safe_load(target.read_text())).get("config"))
    return "127.0.0.1" in str(config.get("aws:endpoints"))
