"""The company's own components; the package of the runner is called otherwise."""

from .vpc import CompanyVpc

__all__ = ["CompanyVpc"]
