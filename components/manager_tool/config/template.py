"""The config.toml of the settings, as it arrived: with placeholders for its secrets."""

from __future__ import annotations

from ..contract.constants import END
from ..host import STAGED, StepError
from .config_toml import WRITE_AGAIN

TEMPLATE = STAGED / "config.toml"


def staged_template() -> str:
    """Return the config.toml of the settings that is live. Raises `StepError` where it is not there as a whole."""
    try:
        template = TEMPLATE.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        template = ""
    if not template.rstrip("\n").endswith(END):
        raise StepError(f"{TEMPLATE} is missing or damaged: have it written again with: {WRITE_AGAIN}")
    return template
