"""Where manager and workers are, and who reaches whom there."""

from .network import GivenNetwork, Network, NetworkArgs

__all__ = ["GivenNetwork", "Network", "NetworkArgs"]
