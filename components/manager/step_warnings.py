"""What a step on the manager says that people have to read, told by the program once the step is done.

The command provider shows what a command prints as a passing status: on a terminal it is gone when the step ends.
Source: `LogOutput` in provider/pkg/provider/util/util.go of pulumi-command 1.2.1.
"""

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from ..manager_tool.contract.constants import WARNING


async def _tell(done: pulumi.ResourceHookArgs) -> None:
    printed = await pulumi.Output.from_input((done.new_outputs or {}).get("stdout", "")).future()
    lines = [line.removeprefix(WARNING) for line in str(printed).split("\n") if line.startswith(WARNING)]
    if lines:
        pulumi.log.warn("\n".join([f"{done.name}: {lines[0]}", *lines[1:]]))


def warning_hooks(name: str) -> pulumi.ResourceHookBinding | None:
    """Return what has a step's warnings shown; `name` is the hook's, of which a program may have one.

    The engine calls it only in the update that runs a step: what the state has of an earlier run is not told again.
    """
    # In a preview no step is run, and the SDK's mocks, with which programs are tested, have no hooks.
    if pulumi.runtime.is_dry_run() or isinstance(get_monitor(), MockMonitor):
        return None
    tell = pulumi.ResourceHook(name, _tell)
    return pulumi.ResourceHookBinding(after_create=[tell], after_update=[tell])
