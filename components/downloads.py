"""What the manager downloads, as plain data for its installation step."""

from typing import Any

from config_render import STOP_SECONDS, ManagerSettings

_RUNNER_BUILDS = {"x86_64": "linux-amd64", "aarch64": "linux-arm64"}
_MACHINE_BUILDS = {"x86_64": "Linux-x86_64", "aarch64": "Linux-aarch64"}


def downloads(settings: ManagerSettings) -> dict[str, Any]:
    """The files for each machine architecture (as `uname -m` spells it), and how to check them."""
    runner, machine = settings.gitlab_runner, settings.docker_machine
    runner_base = f"{runner.url}/v{runner.version}"
    machine_base = f"{machine.site}/v{machine.release}"
    return {
        "gitlab-runner": {
            "files": {k: f"{runner_base}/binaries/gitlab-runner-{v}" for k, v in _RUNNER_BUILDS.items()},
            "checksums": f"{runner_base}/release.sha256",
            "sha256": runner.sha256,
            "setting": "manager.gitlabRunner.sha256",
        },
        "docker-machine": {
            "files": {k: f"{machine_base}/docker-machine-{v}" for k, v in _MACHINE_BUILDS.items()},
            "checksums": f"{machine_base}/release.sha256",
            "sha256": machine.sha256,
            "setting": "manager.dockerMachine.sha256",
        },
        "stopSeconds": STOP_SECONDS,
    }
