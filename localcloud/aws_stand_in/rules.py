"""Stand-in for pulumi-aws: kinds of rules that the real provider checks inputs by, with its recorded texts.

A rule takes a resource's inputs and yields (property path, reason). A value that is unknown yet passes.
"""

import json
import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any

from .properties import Properties, has_unknown
from .schema import snake

Failures = Iterator[tuple[str, str]]
Rule = Callable[[Properties], Failures]


def values_at(value: Any, path: str, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (concrete path, value) of what is given and known at `path`, e.g. `rules[].status`."""
    if not path:
        if value is not None and not has_unknown(value):
            yield at, value
        return
    head, _, tail = path.partition(".")
    name = head.removesuffix("[]")
    item = value.get(name) if isinstance(value, dict) else None
    below = f"{at}.{name}" if at else name
    if name == head:
        yield from values_at(item, tail, below)
        return
    for index, element in enumerate(item if isinstance(item, list) else []):
        yield from values_at(element, tail, f"{below}[{index}]")


def each(path: str, problem: Callable[[Any, str], str | None]) -> Rule:
    """A rule for one property: `problem` gets its value and Terraform's name, and returns a reason or None."""
    name = snake(path.rsplit(".", maxsplit=1)[-1])

    def rule(inputs: Properties) -> Failures:
        for concrete, value in values_at(inputs, path):
            reason = problem(value, name)
            if reason is not None:
                yield concrete, reason

    return rule


def one_of(path: str, *allowed: object, name: str = "") -> Rule:
    listed = " ".join(json.dumps(value) for value in allowed)
    return each(
        path,
        lambda value, last: (
            None if value in allowed else f"expected {name or last} to be one of [{listed}], got {value}"
        ),
    )


def between(path: str, low: int, high: int, name: str = "") -> Rule:
    return each(
        path,
        lambda value, last: (
            None
            if low <= value <= high
            else f"expected {name or last} to be in the range ({low} - {high}), got {value}"
        ),
    )


def length(path: str, low: int, high: int, show: bool = True) -> Rule:
    """`show` is False where the value may be a secret."""

    def problem(value: Any, name: str) -> str | None:
        if low <= len(value) <= high:
            return None
        got = value if show else f"{len(value)} characters"
        return f"expected length of {name} to be in the range ({low} - {high}), got {got}"

    return each(path, problem)


def name_characters(path: str) -> Rule:
    return each(
        path,
        lambda value, name: (
            None if re.fullmatch(r"[\w+=,.@-]*", value) else rf"invalid value for {name} (must match [\w+=,.@-])"
        ),
    )


def conflicts(one: str, other: str) -> Rule:
    def rule(inputs: Properties) -> Failures:
        if inputs.get(one) is not None and inputs.get(other) is not None:
            for path, against in ((one, other), (other, one)):
                text = f'"{snake(path)}": conflicts with {snake(against)}'
                yield path, f"Conflicting configuration arguments: {text}"

    return rule


def exactly_one(*paths: str) -> Rule:
    names = ",".join(sorted(snake(path) for path in paths))

    def rule(inputs: Properties) -> Failures:
        given = [path for path in paths if inputs.get(path) is not None]
        if len(given) == 1:
            return
        said = ",".join(sorted(snake(path) for path in given))
        for path in paths:
            text = (
                f"only one of `{names}` can be specified, but `{said}` were specified."
                if given
                else f"one of `{names}` must be specified"
            )
            yield path, f'Invalid combination of arguments: "{snake(path)}": {text}'

    return rule


def exactly_one_attribute(*paths: str) -> Rule:
    """As `exactly_one`, in the words of the provider's newer resources."""
    names = ",".join(snake(path) for path in paths)

    def rule(inputs: Properties) -> Failures:
        given = [path for path in paths if inputs.get(path) is not None]
        if len(given) != 1:
            title = "Invalid Attribute Combination" if given else "Missing Attribute Configuration"
            yield paths[0], f"{title}: Exactly one of these attributes must be configured: [{names}]"

    return rule


def any_of(path: str, other: str) -> Rule:
    def rule(inputs: Properties) -> Failures:
        if inputs.get(path) is None and inputs.get(other) is None:
            names = ",".join(sorted((snake(path), snake(other))))
            yield path, f'Missing required argument: "{snake(path)}": one of `{names}` must be specified'

    return rule


def network_of(value: str) -> IPv4Network | None:
    """The network that contains the address and has the size of the CIDR `value`; None when it is no CIDR."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) and "/" in value else None


def is_address(value: str) -> bool:
    try:
        IPv4Address(value)
    except ValueError:
        return False
    return True


def json_problem(text: str) -> str | None:
    """Why `text` is no JSON, in the words of Go's parser for the case that was recorded."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        unfinished = error.pos >= len(text.rstrip()) or not text.strip("{[ \n")
        return "unexpected end of JSON input" if unfinished else f"invalid character at byte offset {error.pos}"
    return None


def no_json(value: str, name: str) -> str | None:
    problem = json_problem(value)
    return f'"{name}" contains an invalid JSON: {problem}' if problem else None


def no_policy(value: str, name: str) -> str | None:
    problem = json_problem(value)
    if not value.lstrip().startswith("{"):
        problem = "not a JSON object"
    elif problem:
        problem = f"{problem}, at byte offset {len(value)}"
    return f'"{name}" contains an invalid JSON policy: {problem}' if problem else None


def no_arn(value: str, name: str) -> str | None:
    return None if value.startswith("arn:") else f'"{name}" ({value}) is an invalid ARN: arn: invalid prefix'
