"""Stand-in for pulumi-aws: a resource's outputs, put together from AWS's answer, the inputs and the recording."""

from typing import Any

from .access import Access
from .diff import changes
from .properties import DEFAULTED, UNKNOWN, Properties, has_unknown, without_nulls
from .recording import behaviour
from .same import is_empty

_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def full(token: str, aws: Access, identity: str, live: Properties, known: Properties) -> Properties:
    """Outputs after the resource was read as `live`; `known` are its inputs or earlier outputs.

    What AWS does not report comes from `known`, and what was never given is the recorded constant.
    """
    recorded = behaviour(token)
    kept = {key: known[key] for key in recorded.inputs if known.get(key) is not None}
    outputs = {**recorded.defaults(kept), **kept, **live, "id": identity}
    if "region" in recorded.inputs:
        outputs["region"] = aws.settings.region
    if recorded.tagged:
        outputs |= _tags(aws, live.get("tags") or {}, known)
    result: Properties = without_nulls(outputs)
    return result


def previewed(token: str, aws: Access, inputs: Properties) -> Properties:
    """Outputs of a resource that is still to be created."""
    recorded = behaviour(token)
    given = {key: value for key, value in inputs.items() if key != DEFAULTED}
    unknown = (recorded.unknown_when_created - given.keys() - {"id"}) & _in_version_7(token)
    outputs = {**recorded.defaults(given), **given, **dict.fromkeys(unknown, UNKNOWN)}
    if "region" in recorded.inputs:
        outputs["region"] = aws.settings.region
    if "tags" in given and recorded.tagged:
        outputs["tagsAll"] = UNKNOWN if has_unknown(given["tags"]) else aws.tags(given)
    return outputs


def preview_of_update(
    token: str, aws: Access, olds: Properties, old_inputs: Properties, news: Properties
) -> Properties:
    """Outputs of a resource that is still to be changed in place."""
    recorded = behaviour(token)
    given = {key: value for key, value in news.items() if key != DEFAULTED}
    removed = old_inputs.keys() - given.keys() - recorded.sticky
    outputs = {**{key: value for key, value in olds.items() if key not in removed}, **given}
    if recorded.tagged:
        outputs["tagsAll"] = UNKNOWN if has_unknown(given.get("tags")) else aws.tags(given)
    for change in changes(token, old_inputs, olds, news):
        for name in recorded.unknown_until_updated.get(change.key, ()):
            outputs[name] = UNKNOWN
    if token == _TEMPLATE and outputs["latestVersion"] == UNKNOWN:
        # Recorded of one property alone with updateDefaultVersion, in the supplement of others.
        outputs["defaultVersion"] = UNKNOWN if given.get("updateDefaultVersion") else olds["defaultVersion"]
    return outputs


def refreshed_inputs(token: str, inputs: Properties, outputs: Properties) -> Properties:
    """Inputs as they would have to be to mean what AWS has now; what makes no difference stays as written."""
    result: Properties = {}
    for key, value in inputs.items():
        live = outputs.get(key)
        if key == DEFAULTED or not changes(token, {}, {key: live}, {key: value}):
            result[key] = value
        elif live is not None:
            result[key] = live if key == "tags" else _shaped(value, live)
    if not inputs.get("tags") and not is_empty(outputs.get("tags")):
        result["tags"] = outputs["tags"]
    return result


def imported_inputs(token: str, outputs: Properties) -> Properties:
    """Inputs of a resource that the stack did not know: all that can be set and is."""
    recorded = behaviour(token)
    settable = (recorded.inputs - recorded.sticky) | recorded.required
    return {key: outputs[key] for key in sorted(settable) if not is_empty(outputs.get(key))}


def _shaped(value: Any, live: Any) -> Any:
    """`live` without the properties that the program does not set, so that they are no difference."""
    if isinstance(value, dict) and isinstance(live, dict):
        return {key: _shaped(value[key], live[key]) for key in value if key in live}
    if isinstance(value, list) and isinstance(live, list) and value and isinstance(value[0], dict):
        return [_shaped(value[min(index, len(value) - 1)], item) for index, item in enumerate(live)]
    return live


def _tags(aws: Access, live: dict[str, str], known: Properties) -> Properties:
    defaults, given = aws.settings.default_tags, known.get("tags") or {}
    own = {key: value for key, value in live.items() if key in given or defaults.get(key) != value}
    return {"tags": own or (known.get("tags") and {}), "tagsAll": live}


def _in_version_7(token: str) -> frozenset[str]:
    """Outputs that pulumi-aws 7 still has: those which the recorded 5.100 had and version 6 dropped are left out."""
    return frozenset(name for case in behaviour(token).applied for name in (*case["outputs"], *case["null"])) - _GONE


_GONE = frozenset({"vpc", "cpuCoreCount", "cpuThreadsPerCore"})
"""v6's upgrade guide."""
