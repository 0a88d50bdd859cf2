"""What is installed on the manager, as plain data for its installation step."""

from config_render import ManagerSettings
from config_render.executors.docker_autoscaler.names import KEY_PATH
from config_render.settings.programs import PLUGINS

from ..manager_tool.contract.documents import FleetingPlugin, Installation

_RUNNER_BUILDS = {"x86_64": "linux-amd64", "aarch64": "linux-arm64"}
_MACHINE_BUILDS = {"x86_64": "Linux-x86_64", "aarch64": "Linux-aarch64"}
_RELEASES = {
    "gitlab-runner": "https://gitlab.com/gitlab-org/gitlab-runner/-/releases",
    "gitlab": "https://gitlab.com/gitlab-org/ci-cd/docker-machine/-/releases",
    "cki": "https://gitlab.com/cki-project/docker-machine/-/releases",
    "plugin": "https://gitlab.com/gitlab-org/fleeting/plugins/aws/-/releases",
}


_SERVICE = {
    # Without it the whole service ends with any process of it that the kernel kills, such as one docker-machine.
    "OOMPolicy": "continue",
    # The unit that `gitlab-runner install` writes has two minutes, in which no job would be taken.
    "RestartSec": "5",
}


def installation(settings: ManagerSettings, drain_seconds: int, autoscaler_region: str | None = None) -> Installation:
    """Return the programs' files, how to check them, and what goes with them.

    `drain_seconds` is what the removal of all machines may take after the last job, `autoscaler_region` is the region
    of the Auto Scaling groups, None where no pool has the executor docker-autoscaler.
    """
    installed = _programs(settings, drain_seconds)
    if autoscaler_region is None:
        return installed
    # The plugin 0.4.0 has no key for a region, and its SDK does not ask the instance for one.
    environment = f"FLEETING_PLUGIN_PATH={PLUGINS} AWS_REGION={autoscaler_region}"
    return {
        **installed,
        "service": {**installed["service"], "Environment": environment},
        "plugin": _plugin(settings, autoscaler_region),
    }


def _programs(settings: ManagerSettings, drain_seconds: int) -> Installation:
    runner, machine, docker = settings.gitlab_runner, settings.docker_machine, settings.docker
    runner_base = f"{runner.url}/v{runner.version}"
    machine_base = f"{machine.site}/v{machine.release}"
    return {
        "gitlab-runner": {
            "files": {k: f"{runner_base}/binaries/gitlab-runner-{v}" for k, v in _RUNNER_BUILDS.items()},
            "checksums": f"{runner_base}/release.sha256",
            "sha256": runner.sha256,
            "setting": "manager.gitlabRunner",
            "releases": _RELEASES["gitlab-runner"],
        },
        "docker-machine": {
            "files": {k: f"{machine_base}/docker-machine-{v}" for k, v in _MACHINE_BUILDS.items()},
            "checksums": f"{machine_base}/release.sha256",
            "sha256": machine.sha256,
            "setting": "manager.dockerMachine",
            "releases": _RELEASES[machine.fork],
        },
        "docker": None
        if docker is None
        else {"version": docker.version, "url": docker.url, "key_fingerprint": docker.key_fingerprint},
        "jobSeconds": settings.stop_timeout,
        "service": _SERVICE,
        "stopSeconds": settings.stop_timeout + drain_seconds,
    }


def _plugin(settings: ManagerSettings, region: str) -> FleetingPlugin:
    plugin = settings.fleeting_plugin
    base = f"{plugin.url}/v{plugin.version}"
    return {
        "reference": plugin.reference,
        "version": plugin.version,
        "folder": PLUGINS,
        "files": None
        if plugin.url is None
        else {
            "files": {k: f"{base}/fleeting-plugin-aws-{v}" for k, v in _RUNNER_BUILDS.items()},
            "checksums": f"{base}/release.sha256",
            "sha256": plugin.sha256,
            "setting": "manager.fleetingPlugin",
            "releases": _RELEASES["plugin"],
        },
        "sha256": plugin.sha256,
        "region": region,
        "key": str(KEY_PATH),
    }
