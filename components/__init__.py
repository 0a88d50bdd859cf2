"""An autoscaling GitLab Runner on AWS EC2, as Pulumi components."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .public import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Load what is public, `__all__` too, only now: whoever uses the renderer alone needs no Pulumi for it."""
    if name.startswith("__") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".public", __name__), name)
