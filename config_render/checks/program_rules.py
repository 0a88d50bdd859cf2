"""Rules about the programs that are installed on the manager."""

from collections.abc import Callable, Iterator

from ..base.problems import Problem, problem
from ..settings.image import DEFAULT_SYSTEM
from .raw import RawStack, text


def _downloads_are_safe(stack: RawStack) -> Iterator[Problem]:
    manager = stack.table("manager")
    if manager.get("insecureDownloads") is True:
        return
    for key in ("gitlabRunner", "dockerMachine", "fleetingPlugin", "docker"):
        url = text(stack.table("manager", key).get("url"))
        if url and url.startswith("http:"):
            message = (
                "is not https, so that whoever is on the way can alter what runs as root; write https, or, where the "
                "network is trusted, set manager.insecureDownloads to true"
            )
            yield problem(("manager", key, "url"), message, url)


def _forks_program_is_checked(stack: RawStack) -> Iterator[Problem]:
    program = stack.table("manager", "dockerMachine")
    if program.get("fork") == "cki" and program.get("sha256") is None:
        message = "missing; the CKI project publishes no checksums, so give the one of the program that you trust"
        yield problem(("manager", "dockerMachine", "sha256"), message)


def _mirrors_plugin_is_checked(stack: RawStack) -> Iterator[Problem]:
    program = stack.table("manager", "fleetingPlugin")
    if program.get("url") is not None and program.get("sha256") is None:
        message = "missing; a mirror's file has no checksum beside it, so give that of the program that you trust"
        yield problem(("manager", "fleetingPlugin", "sha256"), message)


def _docker_has_packages(stack: RawStack) -> Iterator[Problem]:
    manager = stack.table("manager")
    if manager.get("docker") is not None and manager.get("os", DEFAULT_SYSTEM) == "amazon-linux-2023":
        message = "has no packages for amazon-linux-2023; leave it out, or choose another manager.os"
        yield problem(("manager", "docker"), message)


PROGRAM_RULES: tuple[Callable[[RawStack], Iterator[Problem]], ...] = (
    _downloads_are_safe,
    _forks_program_is_checked,
    _mirrors_plugin_is_checked,
    _docker_has_packages,
)
