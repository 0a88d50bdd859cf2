"""Stand-in for Auto Scaling: its errors."""

from moto.core.exceptions import ServiceException


class AutoScalingError(ServiceException):
    """What AWS answers with HTTP status 400."""


def invalid(text: str) -> AutoScalingError:
    """Auto Scaling's error for nearly everything."""
    return AutoScalingError("ValidationError", text)
