"""The manager: its instance, and what happens on it."""

from .instance import Manager, ManagerArgs
from .registration import Registration, RegistrationArgs

__all__ = ["Manager", "ManagerArgs", "Registration", "RegistrationArgs"]
