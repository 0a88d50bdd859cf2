"""Where AWS's services are, as pulumi-aws's setting `endpoints` has it."""

from collections.abc import Iterable


def endpoints_by_service(given: Iterable[object] | None) -> dict[str, str]:
    """Return the URLs by the names of services; empty for AWS's own. `given` is the setting: a list of tables."""
    return {name: url for each in given or () if isinstance(each, dict) for name, url in each.items()}
