"""Stand-in for pulumi-aws: what a change of inputs does, as recorded: nothing, an update in place, or a replacement."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .properties import DEFAULTED, UNKNOWN, Properties
from .recording import Behaviour, behaviour
from .same import is_empty, same

Decision = Callable[[Any, Any, Properties], bool]
"""Whether a change replaces, by the property's value before and after, and all new inputs."""

_ARM = re.compile(r"(a1|[a-z]+\d+g[a-z]*)(\.|$)")


def _other_architecture(before: str, after: str, _: Properties) -> bool:
    return (_ARM.match(before) is None) != (_ARM.match(after) is None)


def _other_kind_of_source(before: object, after: object, _: Properties) -> bool:
    return before is None or after is None


DEPENDS: Mapping[tuple[str, str], Decision] = {
    ("aws:ec2/vpc:Vpc", "instanceTenancy"): lambda before, after, news: after == "dedicated",
    ("aws:ec2/instance:Instance", "instanceType"): _other_architecture,
    ("aws:ec2/instance:Instance", "userData"): lambda before, after, news: bool(news.get("userDataReplaceOnChange")),
    ("aws:ec2/instance:Instance", "enablePrimaryIpv6"): lambda before, after, news: before is True,
    **{
        (f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule", source): _other_kind_of_source
        for way in ("Ingress", "Egress")
        for source in ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    },
}
"""The recording's `depends_on_the_change`."""


class Kind(Enum):
    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Change:
    """One property that differs; `path` is Pulumi's, e.g. `rules[0].expiration.days`."""

    path: str
    kind: Kind
    replaces: bool
    of_inputs: bool
    """False where the old value is the provider's, because the program gave none."""

    @property
    def key(self) -> str:
        """The top-level property."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def changes(token: str, old_inputs: Properties, olds: Properties, news: Properties) -> list[Change]:
    """Compare the inputs `news` with `old_inputs`, and with the outputs `olds` where the program gave no input."""
    comparison = _Comparison(token, behaviour(token), news)
    comparison.block("", "", old_inputs, olds, news)
    return comparison.found


def changed_tags(defaults: Mapping[str, str], olds: Properties, news: Properties) -> list[Change]:
    """A change of the provider's default tags is a change of every resource's `tagsAll`."""
    tags, before = news.get("tags") or {}, olds.get("tagsAll")
    if before is None or tags == UNKNOWN or before == {**defaults, **tags}:
        return []
    return [Change("tagsAll", Kind.UPDATE, replaces=False, of_inputs=False)]


@dataclass
class _Comparison:
    """Walks old and new values; `at` is the concrete path, `rule` the path as the recording writes it."""

    token: str
    recorded: Behaviour
    news: Properties
    found: list[Change] = field(default_factory=list)

    def block(self, at: str, rule: str, old: Properties, state: Any, new: Properties) -> None:
        outputs = state if isinstance(state, dict) else {}
        for key in sorted((old.keys() | new.keys()) - {DEFAULTED}):
            below = f"{rule}.{key}" if rule else key
            self.value(_join(at, key), below, key, old.get(key), outputs.get(key), new.get(key))

    def value(self, at: str, rule: str, name: str, old: Any, state: Any, new: Any) -> None:
        before = state if old is None else old
        if rule in self.recorded.ignored or same(name, before, new):
            return
        if new is None:
            if old is not None and not self._stays(rule, old):
                self._add(at, rule, Kind.DELETE, old, None, of_inputs=True)
        elif before is None:
            if not is_empty(new):
                self._add(at, rule, Kind.ADD, None, new, of_inputs=True)
        elif isinstance(before, dict) and isinstance(new, dict):
            self.block(at, rule, old or {}, state, new)
        elif isinstance(before, list) and isinstance(new, list):
            self._list(at, rule, name, old, before, new)
        else:
            self._add(at, rule, Kind.UPDATE, before, new, of_inputs=old is not None)

    def _list(self, at: str, rule: str, name: str, old: Any, before: list[Any], new: list[Any]) -> None:
        for index in range(max(len(before), len(new))):
            path, below = f"{at}[{index}]", f"{rule}[]"
            if index >= len(new):
                self._add(path, below, Kind.DELETE, before[index], None, of_inputs=old is not None)
            elif index >= len(before):
                self._add(path, below, Kind.ADD, None, new[index], of_inputs=True)
            else:
                given = None if old is None else before[index]
                self.value(path, below, name, given, before[index], new[index])

    def _stays(self, rule: str, old: Any) -> bool:
        """Whether taking the property out of the program is no difference."""
        if is_empty(old) or any(part in self.recorded.sticky for part in _and_above(rule)):
            return True
        return "." not in rule and same(rule, self.recorded.defaults({}).get(rule), old)

    def _add(self, at: str, rule: str, kind: Kind, before: Any, after: Any, *, of_inputs: bool) -> None:
        self.found.append(Change(at, kind, self._replaces(rule, before, after), of_inputs))

    def _replaces(self, rule: str, before: Any, after: Any) -> bool:
        depends = DEPENDS.get((self.token, rule))
        if depends is not None:
            return depends(before, after, self.news)
        recorded = self.recorded
        for part in _and_above(rule):
            if part in recorded.replaces | recorded.updates:
                return part in recorded.replaces and part not in recorded.updates
        whole = after if after is not None else before
        return isinstance(whole, dict) and any(f"{rule}.{key}" in recorded.replaces for key in whole)


def _and_above(rule: str) -> list[str]:
    """`a[].b` -> `a[].b`, `a[]`, `a`."""
    found = [rule]
    while "." in rule or rule.endswith("[]"):
        rule = rule.removesuffix("[]") if rule.endswith("[]") else rule.rpartition(".")[0]
        found.append(rule)
    return found


def _join(at: str, key: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", key):
        return f"{at}[{json.dumps(key)}]"
    return f"{at}.{key}" if at else key
