"""Asking AWS for prices, offers and quotas, within seconds and remembered for an hour. No Pulumi."""

from .endpoints import endpoints_by_service
from .preflight import look

__all__ = ["endpoints_by_service", "look"]
