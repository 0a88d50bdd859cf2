"""Stand-in for pulumi-aws: what happens to one resource, in plain Python values; the gRPC service is around it."""

import time
from dataclasses import dataclass

from . import outputs, validation
from .access import Access
from .diff import Change, changed_tags, changes
from .errors import ProviderError, doing
from .naming import AUTO_NAMES, NameTooLongError, defaults
from .properties import Properties, has_unknown
from .recording import behaviour
from .resources import RESOURCES, Created, Resource

_BETWEEN_TRIES = 0.5
"""Seconds."""


class PartlyCreatedError(ProviderError):
    """The creation failed partway, and what was made could not be deleted again."""

    def __init__(self, text: str, identity: str) -> None:
        super().__init__(text)
        self.identity = identity


@dataclass(frozen=True)
class Found:
    """A resource as AWS has it."""

    identity: str
    outputs: Properties
    inputs: Properties


def kind_of(token: str, operation: str) -> Resource:
    """Raises ProviderError for a type that the stand-in does not carry out."""
    if token not in RESOURCES:
        raise ProviderError(f"unrecognized resource type ({operation}): {token}; the aws stand-in does not have it")
    return RESOURCES[token]


def check(
    token: str, name: str, news: Properties, olds: Properties, seed: bytes
) -> tuple[Properties, list[tuple[str, str]]]:
    """Return the inputs to add to `news`, and (property, reason) for each input that is refused."""
    resource = kind_of(token, "Check")
    refused = [*validation.failures(token, news, resource.carries_out), *resource.refusals(news)]
    try:
        return defaults(token, name, news, olds, seed), refused
    except NameTooLongError as error:
        return {}, [*refused, (AUTO_NAMES[token].property, str(error))]


def diff(aws: Access, token: str, old_inputs: Properties, olds: Properties, news: Properties) -> list[Change]:
    """Return what differs, with what each difference does."""
    kind_of(token, "Diff")
    found = changes(token, old_inputs, olds, news)
    tagged = behaviour(token).tagged and not has_unknown(news.get("tags"))
    if tagged and "tags" not in {change.key for change in found}:
        found += changed_tags(aws.settings.default_tags, olds, news)
    return found


def create(aws: Access, token: str, inputs: Properties) -> Found:
    """Raises ProviderError; nothing is left behind then, except with PartlyCreatedError."""
    resource = kind_of(token, "Create")
    given = _with_all_tags(aws, token, inputs)
    made = resource.create(aws, given)
    identity, told_once = (made.identity, made.told_once) if isinstance(made, Created) else (made, {})
    try:
        resource.finish(aws, identity, given)
        return _read(aws, resource, identity, {**inputs, **told_once})
    except ProviderError as error:
        try:
            resource.delete(aws, identity, given)
        except ProviderError as second:
            raise PartlyCreatedError(f"{error}; and then: {second}", identity) from error
        raise


def read(aws: Access, token: str, identity: str, known: Properties, inputs: Properties) -> Found | None:
    """Return the resource with the inputs that it would have to have now; None when it does not exist."""
    resource = kind_of(token, "Read")
    identity = str(known.get("id") or identity)
    with doing(f"reading {token} ({identity})", resource.service):
        live = resource.read(aws, identity, known or inputs)
    if live is None:
        return None
    shown = outputs.full(token, aws, identity, live, {**known, **inputs})
    if not known:
        return Found(identity, shown, outputs.imported_inputs(token, shown))
    return Found(identity, shown, outputs.refreshed_inputs(token, inputs, shown))


def update(aws: Access, token: str, identity: str, olds: Properties, news: Properties) -> Found:
    """Change a resource in place; raises ProviderError."""
    resource = kind_of(token, "Update")
    identity = str(olds.get("id") or identity)
    given = _with_all_tags(aws, token, news)
    identity = resource.update(aws, identity, olds, given) or identity
    recorded = behaviour(token)
    kept = {key: olds[key] for key in recorded.sticky | recorded.secret_outputs if key in olds}
    return _read(aws, resource, identity, {**kept, **news})


def delete(aws: Access, token: str, identity: str, olds: Properties, seconds: float = 0) -> None:
    """Delete, within `seconds` if the program says how long it may take; what is gone already is no error.

    Raises ProviderError.
    """
    resource = kind_of(token, "Delete")
    deadline = time.monotonic() + (resource.awaited_seconds and (seconds or resource.awaited_seconds))
    while True:
        try:
            return resource.delete(aws, str(olds.get("id") or identity), olds)
        except ProviderError as error:
            if error.gone:
                return None
            if "DependencyViolation" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_BETWEEN_TRIES)


def _read(aws: Access, resource: Resource, identity: str, known: Properties) -> Found:
    with doing(f"reading {resource.kind} ({identity})", resource.service):
        live = resource.read(aws, identity, known)
    if live is None:
        raise ProviderError(f"reading {resource.kind} ({identity}): it is gone again")
    return Found(identity, outputs.full(resource.kind, aws, identity, live, known), known)


def _with_all_tags(aws: Access, token: str, inputs: Properties) -> Properties:
    return {**inputs, "tags": aws.tags(inputs)} if behaviour(token).tagged else inputs
