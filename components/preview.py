"""Text that a preview can show although parts of it are unknown yet."""

from typing import Any

import pulumi

from config_render import MARKER


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


def show_incomplete(text: str, resource: pulumi.Resource) -> str:
    """Return `text`, having told it to the person if parts of it are unknown yet.

    The engine shows a change of a text line by line, but a text that is new only as one long escaped line.
    """
    if MARKER in text:
        pulumi.log.info(f"config.toml, as far as it is known:\n{text}", resource)
    return text
