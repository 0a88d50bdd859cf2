"""Reading HCL: the variables that somebody gives to a Terraform module, as far as they are literal values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base.input_file import read_bytes
from ..base.secret_texts import replace_secrets
from .places import below

LARGEST = 1 << 16
"""In bytes. The library reads some 30 KiB a second."""
_MODULE = re.compile(r"cattle-ops/gitlab-runner/aws|terraform-aws-gitlab-runner|npalm/gitlab-runner/aws")
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", '\\"': '"', "\\\\": "\\", "$${": "${", "%%{": "%{"}
_ESCAPED = re.compile("|".join(map(re.escape, _ESCAPES)))
_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_RELEASE = re.compile(r"(?:^|[?&]ref=)\D{0,4}(\d{1,4}(?:\.\d{1,4}){0,2})", re.ASCII)
_OF_TERRAFORM = ("source", "version", "providers", "depends_on", "count", "for_each")


class NotHclError(Exception):
    """The file does not hold variables of the module; the text says why, and where."""


@dataclass(frozen=True)
class Expression:
    """A value that only Terraform knows."""

    text: str
    """Such as `module.vpc.vpc_id`."""


@dataclass(frozen=True)
class Variables:
    """What a file gives to the module."""

    values: Mapping[str, Any]
    """By the variables' names, as JSON has them; an `Expression` for each value that is no literal one."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Lines by places in lower case, such as `runner_worker.environment_variables[1]`."""
    release: tuple[int, ...] | None = None
    """The first one that the call allows, such as (6, 5); None where it names none."""


def read_variables(path: Path, module: str | None = None) -> Variables:
    """Read the variables that a file gives to the module for runners.

    Args:
        path: A file of assignments, such as `terraform.tfvars`, or of Terraform, with a call of the module.
        module: The call's name, where there are several.

    Raises:
        NotHclError: It is not HCL in UTF-8, or has no such call.
        UnreadableFileError: It can't be read, or is too large.
    """
    try:
        text = read_bytes(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotHclError(f"{path}: is not UTF-8; save it as UTF-8") from None
    tree, content = _parsed(path, text)
    if "module" not in content:
        if "resource" in content or "variable" in content:
            raise NotHclError(f"{path}: has no module; name the file that calls cattle-ops/gitlab-runner/aws")
        return Variables({key: _value(each) for key, each in content.items()}, dict(_lines_of(tree.body)))
    every = dict(_calls(content))
    calls = {name: call for name, call in every.items() if _is_of_module(call)}
    if module in every:
        calls = {module: every[module]}  # of a copy, perhaps
    if not calls:
        message = "has no module whose source is cattle-ops/gitlab-runner/aws; name the file that has"
        raise NotHclError(f"{path}: {message}, or with --module the call of a copy: {', '.join(every)}")
    if module is None and len(calls) > 1:
        raise NotHclError(f"{path}: has the modules {', '.join(calls)}; each becomes a stack: choose one with --module")
    if module is not None and module not in calls:
        raise NotHclError(f"{path}: has no such module {module}; it has {', '.join(calls)}")
    name = module or next(iter(calls))
    body = next(each.body for each in tree.body.children if _labels(each) == ["module", name])
    return Variables(
        {key: each for key, each in calls[name].items() if key not in _OF_TERRAFORM},
        dict(_lines_of(body)),
        _release_of(calls[name]),
    )


def _parsed(path: Path, text: str) -> tuple[Any, dict[str, Any]]:
    import hcl2  # noqa: PLC0415 - it takes half a second, which other commands need not wait for
    from hcl2.utils import SerializationOptions  # noqa: PLC0415
    from lark.exceptions import LarkError, UnexpectedInput  # noqa: PLC0415

    options = SerializationOptions(with_comments=False, preserve_heredocs=False)
    try:
        tree = hcl2.parses(f"{text}\n")
        return tree, hcl2.serialize(tree, serialization_options=options)
    except UnexpectedInput as error:
        last = text.rstrip().count("\n") + 1
        where = f":{min(error.line, last)}" if error.line > 0 else f":{last}"
        raise NotHclError(f"{path}{where}: is not valid HCL from there on") from None
    except RecursionError:
        raise NotHclError(f"{path}: is nested too deeply; the module's variables have five levels") from None
    except (LarkError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        reason = replace_secrets(f"{error}".partition("\n")[0][:200], lambda _: "(hidden)")
        raise NotHclError(f"{path}: is not valid HCL: {reason}") from None


def _calls(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in content.get("module", ()):
        for name, body in block.items():
            yield str(_value(name)), {key: _value(each) for key, each in body.items() if not key.startswith("__")}


def _is_of_module(call: Mapping[str, Any]) -> bool:
    source = call.get("source")
    return isinstance(source, str) and _MODULE.search(source) is not None


def _release_of(call: Mapping[str, Any]) -> tuple[int, ...] | None:
    given = [each for each in (call.get("version"), call.get("source")) if isinstance(each, str)]
    found = next(filter(None, map(_RELEASE.search, given)), None)
    return None if found is None else tuple(int(part) for part in found[1].split("."))


def _labels(element: Any) -> list[str] | None:
    """Return what a block begins with, such as `module` and its name; None for what is no block."""
    labels = getattr(element, "labels", None)
    return None if labels is None else [str(_value(each.serialize())) for each in labels]


def _lines_of(body: Any) -> Iterator[tuple[str, int]]:
    for element in body.children:
        if hasattr(element, "identifier"):
            yield from _lines_at(str(element.identifier.serialize()), element)


def _lines_at(place: str, element: Any) -> Iterator[tuple[str, int]]:
    """Yield the line of a part of the library's tree, and those of what is in it."""
    yield place.lower(), element.to_lark().meta.line
    value = getattr(element, "expression", None)
    value = getattr(value, "expression", value)
    for index, inner in enumerate(getattr(value, "elements", ())):
        key = getattr(inner, "key", None)
        at = f"{place}[{index}]" if key is None else below(place, _key(key.serialize()))
        yield from _lines_at(at, inner)


def _key(given: Any) -> str:
    key = _value(given)
    return key.text if isinstance(key, Expression) else str(key)


def _value(given: Any) -> Any:
    """Return what the library's form of a value means: texts are in quotes there, and expressions are not."""
    if isinstance(given, dict):
        return {_key(key): _value(each) for key, each in given.items() if not str(key).startswith("__")}
    if isinstance(given, list):
        return [_value(each) for each in given]
    if not isinstance(given, str):
        return given
    if len(given) > 1 and given[0] == given[-1] == '"':
        inner = given[1:-1]
        return Expression(given) if _TEMPLATE.search(inner) else _ESCAPED.sub(lambda found: _ESCAPES[found[0]], inner)
    return Expression(given.removeprefix("${").removesuffix("}")) if given.startswith("${") else given
