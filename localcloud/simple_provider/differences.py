"""Where two versions of a resource's inputs differ, in the engine's words."""

import re
from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

from pulumi.runtime.proto import provider_pb2

from .values import Properties, is_secret

_Kind: TypeAlias = "provider_pb2.PropertyDiff.Kind.ValueType"

_WITH_REPLACEMENT: dict[_Kind, _Kind] = {
    provider_pb2.PropertyDiff.ADD: provider_pb2.PropertyDiff.ADD_REPLACE,
    provider_pb2.PropertyDiff.DELETE: provider_pb2.PropertyDiff.DELETE_REPLACE,
    provider_pb2.PropertyDiff.UPDATE: provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_MISSING = object()


def difference(old: Properties, new: Properties, replacing: Collection[str]) -> provider_pb2.DiffResponse:
    """Compare inputs. A difference in the whole of a property named in `replacing` replaces the resource."""
    found = {path: kind for key in {**old, **new} for path, kind in _walk(key, old, new, key)}
    replaces = [path for path in found if path in replacing]
    for path in replaces:
        found[path] = _WITH_REPLACEMENT[found[path]]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({re.split(r"[.\[]", path)[0] for path in found}),
        replaces=replaces,
        detailedDiff={path: provider_pb2.PropertyDiff(kind=kind) for path, kind in found.items()},
        hasDetailedDiff=True,
    )


def _walk(key: Any, old: Any, new: Any, path: str) -> Iterator[tuple[str, _Kind]]:
    before, after = _item(old, key), _item(new, key)
    if before is _MISSING:
        yield path, provider_pb2.PropertyDiff.ADD
    elif after is _MISSING:
        yield path, provider_pb2.PropertyDiff.DELETE
    elif _is_object(before) and _is_object(after):
        for inner in {**before, **after}:
            yield from _walk(inner, before, after, f"{path}.{inner}")
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _walk(index, before, after, f"{path}[{index}]")
    elif before != after:
        yield path, provider_pb2.PropertyDiff.UPDATE


def _item(container: Any, key: Any) -> Any:
    if isinstance(container, dict):
        return container.get(key, _MISSING)
    return container[key] if key < len(container) else _MISSING


def _is_object(value: object) -> bool:
    # A secret is compared as a whole, so that the engine shows none of it.
    return isinstance(value, dict) and not is_secret(value)
