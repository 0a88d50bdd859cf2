"""What is installed on the manager, as plain data for its installation step."""

from config_render import ManagerSettings

from ..manager_tool.contract.documents import Installation

_RUNNER_BUILDS = {"x86_64": "linux-amd64", "aarch64": "linux-arm64"}
_MACHINE_BUILDS = {"x86_64": "Linux-x86_64", "aarch64": "Linux-aarch64"}
_RELEASES = {
    "gitlab-runner": "https://gitlab.com/gitlab-org/gitlab-runner/-/releases",
    "gitlab": "https://gitlab.com/gitlab-org/ci-cd/docker-machine/-/releases",
    "cki": "https://gitlab.com/cki-project/docker-machine/-/releases",
}


def installation(settings: ManagerSettings, drain_seconds: int) -> Installation:
    """Return the programs' files, how to check them, and what goes with them.

    `drain_seconds` is what the removal of all machines may take after the last job.
    """
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
        # Without it the whole service ends with any process of it that the kernel kills, such as one docker-machine.
        "service": {"OOMPolicy": "continue"},
        "stopSeconds": settings.stop_timeout + drain_seconds,
    }
