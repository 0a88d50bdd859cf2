"""The end of the runner's life on this manager."""

from __future__ import annotations

from . import watch_units
from .host import BINARIES, LIVE, StepError, run
from .tokens import delete_created_runners


def remove() -> None:
    """Stop the service, remove its machines, unregister. Machines cost money, so one that stays is a failure."""
    watch_units.remove()
    if not (BINARIES / "gitlab-runner").exists():
        return
    run("systemctl", "stop", "gitlab-runner", check=False)
    _, listed = run("docker-machine", "ls", "-q", check=False)
    for name in listed.split():
        code, output = run("docker-machine", "rm", "-y", name, check=False)
        if code != 0:
            raise StepError(f"machine {name} could not be removed:\n{output}")
        print(f"removed machine {name}")
    if LIVE.exists():
        code, output = run("gitlab-runner", "unregister", "--all-runners", check=False)
        print("unregistered" if code == 0 else f"GitLab still lists this runner manager; remove it there:\n{output}")
    delete_created_runners()
