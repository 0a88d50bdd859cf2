"""The page of a stack: one HTML file that shows what its settings come to. It needs no network and no JavaScript."""

from .drawing import page
from .subject import Subject

__all__ = ["Subject", "page"]
