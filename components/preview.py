"""Text that a preview can show although parts of it are not known yet."""

from typing import Any

import pulumi

MARKER = "(known after creation)"


def or_marker(value: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return `value`, or during a preview in which it is unknown, a marker that stands for it.

    The result always counts as known, so that a text made of it is shown whole. Outside previews nothing is unknown,
    hence the marker can cause no difference afterwards.
    """
    output = pulumi.Output.from_input(value)

    async def known_value() -> Any:
        return await output.future() if await output.is_known() else MARKER

    async def known() -> bool:
        return True

    return pulumi.Output(output.resources(), known_value(), known(), output.is_secret())
