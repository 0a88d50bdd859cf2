"""Asking AWS for prices, offers and quotas, within seconds and remembered for an hour. No Pulumi."""

from .preflight import look

__all__ = ["look"]
