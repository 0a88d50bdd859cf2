"""Files of settings, rewritten with other settings so that messages name the lines of the original."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from config_render.base.problems import Location


@dataclass(frozen=True)
class SettingsFile:
    """A stack file, or one that it extends, as somebody wrote it.

    Attributes:
        name: Its path, from the folder of the stack file.
        config: Its settings, with namespaces in their names.
        lines: The line of each value in it, counted from 1.
    """

    name: str
    config: Mapping[str, Any]
    lines: Mapping[Location, int]

    def with_config(self, config: Mapping[str, Any], **more: Any) -> str:
        """Return the text of a file with other settings, in which each value that this one has is on the same line."""
        return _Writer(self.lines).text({**more, "config": config})


class _Writer:
    """Writes YAML whose values are on given lines: in braces, where a line may end between any two of them.

    What has no line of its own is put at the beginning of the table around it, which messages name then.
    """

    def __init__(self, lines: Mapping[Location, int]) -> None:
        self._lines = lines
        self._parts: list[str] = []
        self._line = 1

    def text(self, value: Any) -> str:
        self._put((), value)
        return "".join([*self._parts, "\n"])

    def _put(self, at: Location, value: Any) -> None:
        if isinstance(value, dict):
            self._parts.append("{")
            for key in sorted(value, key=lambda key: self._lines.get((*at, key), 0)):
                self._go_to((*at, key))
                self._parts.append(f"{_scalar(key)}: ")
                self._put((*at, key), value[key])
                self._parts.append(", ")
            self._parts.append("}")
        elif isinstance(value, list):
            self._parts.append("[")
            for index, item in enumerate(value):
                self._go_to((*at, index))
                self._put((*at, index), item)
                self._parts.append(", ")
            self._parts.append("]")
        else:
            self._parts.append(_scalar(value))

    def _go_to(self, at: Location) -> None:
        line = max(self._lines.get(at, 0), self._line)
        self._parts.append("\n" * (line - self._line))
        self._line = line


def _scalar(value: Any) -> str:
    style = '"' if isinstance(value, str) else None
    text: str = yaml.safe_dump(value, default_style=style, allow_unicode=True, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")
